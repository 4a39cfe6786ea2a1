"""Runs the `vedette` command as a person does, in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
CLIP = EXAMPLES / "pedestrians.mp4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    """The tests' own environment, with a terminal wide enough for a table."""
    return {**os.environ, "COLUMNS": "200", **more}


def vedette(
    *arguments: str | Path,
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
    within_s: float = 240.0,
) -> Ran:
    """Run a command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "vedette", *map(str, arguments)],
        cwd=folder,
        env=environment(**(env or {})),
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr)
