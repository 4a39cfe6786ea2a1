"""What a benchmark is given: folders, peers, how thorough to be; and its own command line."""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cell import Cell
from benchmarks.contest import ROOT
from benchmarks.report import as_text

BUILD = ROOT / "build" / "bench"
PEERS = ROOT / "benchmarks" / "peers"
PEER_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
"""Has benchmarks/peers/requirements.txt, see the Makefile."""
NORFAIR_PYTHON = ROOT / ".venv-norfair" / "bin" / "python"
"""Has benchmarks/peers/requirements-norfair.txt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Everything that a benchmark needs from outside."""

    quick: bool = False
    """Small work and one round: shows that it works, not how fast."""
    peers: bool = True
    """False: only ours is measured."""
    build: Path = BUILD
    """Rendered streams and cached detections lie here, and may be deleted."""

    @property
    def rounds(self) -> int:
        """How often everybody runs."""
        return 1 if self.quick else 3

    @property
    def ffmpeg(self) -> str | None:
        """The command, where it is installed (Debian: `apt install ffmpeg`)."""
        return shutil.which("ffmpeg") if self.peers else None

    def peer(
        self, script: str, *words: str | Path, python: Path = PEER_PYTHON
    ) -> list[str | Path] | None:
        """The command of a peer's script in benchmarks/peers; None where its needs are missing."""
        if not (self.peers and python.exists()):
            return None
        return [python, PEERS / script, *words]

    def say(self, text: str) -> None:
        """Show progress (on standard error: standard output is for the table)."""
        print(f"  {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


Measure = Callable[[Bench], list[Cell]]


def options(parser: argparse.ArgumentParser) -> None:
    """What every benchmark understands."""
    parser.add_argument("--quick", action="store_true", help="small work, one round")
    parser.add_argument("--no-peers", action="store_true", help="measure only ours")
    parser.add_argument("--build", type=Path, default=BUILD, help="folder of rendered streams")


def bench_of(chosen: argparse.Namespace) -> Bench:
    """From the command line."""
    return Bench(quick=chosen.quick, peers=not chosen.no_peers, build=chosen.build)


def alone(measure: Measure, about: str | None) -> None:
    """`python -m benchmarks.NAME`: measure, print the table; `--json FILE` keeps the cells."""
    parser = argparse.ArgumentParser(description=about)
    options(parser)
    parser.add_argument("--json", type=Path, help="write the cells here")
    chosen = parser.parse_args()
    bench = bench_of(chosen)
    bench.build.mkdir(parents=True, exist_ok=True)
    cells = measure(bench)
    if chosen.json:
        text = json.dumps([cell.plain() for cell in cells], indent=2)
        chosen.json.write_text(text + "\n", encoding="utf-8")
    else:
        print(as_text(cells))
