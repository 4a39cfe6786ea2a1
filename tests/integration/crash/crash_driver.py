"""Runs the scenario once for every crash point, each time in a new process; notes what is wrong.

Usage: python -m tests.integration.crash.crash_driver ROOT VIDEO kill|power SCENARIO

SCENARIO is a module beside this one: it has `Life`, `Inspection`, `restart` and `read_footage`.

The processes are forks of this one, which has imported everything and has no thread: starting
Python anew for each of some hundred points would take minutes.
"""

import asyncio
import gc
import importlib
import json
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integration.crash.crash_points import CrashPoints
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock
from vedette.testing.store_samples import with_places

EVERY = 25
"""After each n-th crash of the scenario, the repair itself is killed at each of its points."""


def in_fork(work: Callable[[], None]) -> int:
    """Run in a new process; its exit status, negative where a signal killed it."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class Driver:
    """All crash points of one kind."""

    def __init__(self, root: Path, video: Path, scenario: Any, *, power: bool) -> None:
        self.root = root
        self.scenario = scenario
        self.footage = scenario.read_footage(video)
        self.power = power
        self.findings: list[str] = []
        self.killed_at: list[str] = []
        self.repairs_killed = 0

    def run(self) -> None:
        template = self.root / "template"
        for name in ("artifacts", "parts", "recordings"):
            (template / name).mkdir(parents=True)
        asyncio.run(make_store(template))
        warm = self.root / "warm"  # so that no fork has to import anything
        shutil.copytree(template, warm)
        asyncio.run(self.scenario.Life(warm, self.footage).live())
        self.findings += asyncio.run(self.scenario.Inspection(warm, power=self.power).look())
        assert threading.active_count() == 1, "a fork would lose a thread"
        gc.freeze()  # a collection in a fork would copy every page
        at = 1
        while self._one(template, at):
            at += 1

    def _one(self, template: Path, at: int) -> bool:
        """Kill at one point, repair, inspect; False when the scenario ended before it."""
        home = self.root / f"{at}"
        shutil.copytree(template, home)
        status = in_fork(lambda: self._live(home, at))
        if status == 0:
            self._inspect(home, f"no crash at {at}")
            return False
        self.killed_at.append((home / "died-at").read_text())
        if status != -9:
            self.findings.append(f"{at}: the scenario failed by itself, status {status}")
        if at % EVERY == 0:
            point = 1
            while self._kill_repair(home, at, point):
                point += 1
        self._inspect(home, f"{at} ({self.killed_at[-1]})")
        shutil.rmtree(home)
        return True

    def _kill_repair(self, home: Path, at: int, point: int) -> bool:
        """Kill the repair at one of its points; False when it ended before it."""
        copy = self.root / f"{at}-{point}"
        shutil.copytree(home, copy)
        killed = in_fork(lambda: self._repair(copy, point)) == -9
        if killed:
            self.repairs_killed += 1
            self._inspect(copy, f"{at}, then the repair at {point}")
        shutil.rmtree(copy)
        return killed

    def _live(self, home: Path, at: int) -> None:
        CrashPoints(root=home, at=at, power=self.power).install()
        asyncio.run(self.scenario.Life(home, self.footage).live())

    def _repair(self, home: Path, at: int) -> None:
        CrashPoints(root=home, at=at, power=self.power).install()
        asyncio.run(self.scenario.restart(home))

    def _must(self, work: Callable[[], None], what: str) -> None:
        status = in_fork(work)
        if status != 0:
            self.findings.append(f"{what} failed with status {status}")

    def _inspect(self, home: Path, what: str) -> None:
        def look() -> None:
            wrong = asyncio.run(self.scenario.Inspection(home, power=self.power).look())
            (home / "wrong.json").write_text(json.dumps(wrong))

        self._must(look, f"{what}: the inspection")
        note = home / "wrong.json"
        found = json.loads(note.read_text()) if note.exists() else []
        self.findings += [f"{what}: {sentence}" for sentence in found]


async def make_store(template: Path) -> None:
    store = await Store.open(template / "vedette.db", FakeClock())
    await with_places(store)
    await store.close()


def main() -> None:
    root, video, kind = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    scenario = importlib.import_module(f"tests.integration.crash.{sys.argv[4]}")
    driver = Driver(root, video, scenario, power=kind == "power")
    driver.run()
    found = {
        "findings": driver.findings,
        "killed_at": driver.killed_at,
        "repairs_killed": driver.repairs_killed,
    }
    (root / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
