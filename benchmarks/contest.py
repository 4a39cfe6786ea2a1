"""Measures contestants in turns: CPU time (user and system, children included), best of three."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class Failed(Exception):
    """A contestant did not do its job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one contestant."""

    cpu_s: float
    """As it says itself (of its work, without the start of Python) where it does, else of the
    whole process with its children."""
    said: dict[str, Any]
    """The JSON of its last line; empty where it printed none."""
    output: str = ""
    """Everything it printed, both streams."""


def cpu_s() -> float:
    """CPU time of this process and of its children that ended."""
    own, children = (
        resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def run(command: Sequence[str | Path], *, limit_s: float = 900.0) -> Run:
    """Run a contestant to its end.

    A contestant in Python says `{"cpu_s": ...}` in its last line.

    Raises:
        Failed: it failed, or took longer than `limit_s`.
    """
    words = [str(word) for word in command]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(
            words, check=False, cwd=ROOT, capture_output=True, text=True, timeout=limit_s
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{' '.join(words[:3])} took longer than {limit_s:g} s") from error
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise Failed(f"{' '.join(words)} failed:\n{done.stderr[-2000:]}")
    spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    said = _last_line(done.stdout)
    return Run(cpu_s=float(said.get("cpu_s", spent_s)), said=said, output=done.stdout + done.stderr)


def ours(module: str, *words: str | Path) -> list[str | Path]:
    """The command of a contestant of ours: `python -m benchmarks.MODULE WORDS`."""
    return [sys.executable, "-m", f"benchmarks.{module}", *words]


def in_turns(
    contestants: dict[str, Callable[[], Run]], rounds: int, told: Callable[[str], None]
) -> dict[str, list[Run]]:
    """Let everybody run once, then everybody again, so that a busy moment hits all alike."""
    runs: dict[str, list[Run]] = {name: [] for name in contestants}
    for number in range(1, rounds + 1):
        for name, contestant in contestants.items():
            told(f"round {number} of {rounds}: {name}")
            runs[name].append(contestant())
    return runs


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _last_line(text: str) -> dict[str, Any]:
    lines = text.strip().splitlines()
    if not lines or not lines[-1].startswith("{"):
        return {}
    said: dict[str, Any] = json.loads(lines[-1])
    return said
