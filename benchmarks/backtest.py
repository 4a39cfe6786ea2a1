"""Row 14, a rule tried on 30 days of one camera's stored tracks.

    python -m benchmarks.backtest [--quick]

The tracks are drawn at random and stored as the product stores them: somebody is in view for one
twentieth of the time, 20 s each, five samples a second. What is timed is all that a backtest does:
reading and unpacking them, zones, the rule that is tried and the one in force, the diff. No peer
has such a thing.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.bench import Bench, alone
from benchmarks.cell import Cell, Question, compared
from vedette.app.backtest import backtest
from vedette.app.folder import DataFolder
from vedette.contracts.sink import TrackRecord
from vedette.kit.clock import SystemClock, to_us
from vedette.store.places import Camera, Site
from vedette.store.scope import SiteScope
from vedette.store.store import Store
from vedette.track.path import Path as TrackPath
from vedette.track.path import encode

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
VISIT_S, SHARE, FPS = 20, 1 / 20, 5
HOME = SiteScope("default")
SETTINGS = """
cameras:
  - id: yard
    source: "simulator:"
    zones: [{id: lawn, polygon: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}]
    rules: [{id: visitor, type: loiter, zone: lawn, dwell_s: 5}]
"""
TRIED = "rules: [{id: visitor, labels: [person], when: {inside: lawn, for: 8s}}]"


def measure(bench: Bench) -> list[Cell]:
    """Store once, try in rounds."""
    days = 1 if bench.quick else 30
    with tempfile.TemporaryDirectory(prefix="vedette-backtest-") as folder:
        here = Path(folder)
        (here / "vedette.yaml").write_text(SETTINGS)
        (here / "tried.yaml").write_text(TRIED)
        bench.say(f"storing {days} days of tracks")
        asyncio.run(_store(here / "data", days))
        speeds = []
        for number in range(bench.rounds):
            bench.say(f"trying a rule on {days} days, round {number + 1}")
            speeds.append(_speed(here, days))
    question = Question(
        row=14,
        metric="backtest",
        workload=f"{days} days of one camera, somebody in view 5 % of the time",
        unit="times real time",
        target=">= 10000 (times real time)",
    )
    return [compared(question, speeds)]


def _speed(here: Path, days: int) -> float:
    began_s = time.process_time()
    found = asyncio.run(
        backtest(
            here / "tried.yaml",
            here / "vedette.yaml",
            here / "data",
            since=BEGAN,
            until=BEGAN + timedelta(days=days + 1),
        )
    )
    spent_s = time.process_time() - began_s
    assert found.others, "the rule never counted"
    assert len(found.in_force) > len(found.others), "eight seconds are more than five"
    return days * 86400 / spent_s


async def _store(data: Path, days: int) -> None:
    folder = DataFolder(root=data)
    folder.database.parent.mkdir(parents=True, exist_ok=True)
    store = await Store.open(folder.database, SystemClock())
    async with store.write() as unit:
        await unit.sites(HOME).save([Site(id="default", name="Home", enabled=True)])
        await unit.cameras(HOME).save([Camera(id="yard", site_id="default", name="yard")])
    page: list[tuple[str, TrackRecord]] = []
    for record in _visits(days):
        page.append(("default", record))
        if len(page) == 200:
            await _keep(store, page)
            page = []
    await _keep(store, page)
    await store.close()


async def _keep(store: Store, page: list[tuple[str, TrackRecord]]) -> None:
    async with store.write() as unit:
        await unit.tracks(HOME).add(page, now=unit.now)


def _visits(days: int) -> Iterator[TrackRecord]:
    """Somebody comes every `VISIT_S / SHARE` seconds and wanders about."""
    rng = np.random.default_rng(14)
    samples = VISIT_S * FPS
    offsets = (np.arange(samples) * (1000 // FPS)).astype(np.uint32)
    for number in range(1, round(days * 86400 * SHARE / VISIT_S) + 1):
        t0_us = to_us(BEGAN + timedelta(seconds=(number - 1) * VISIT_S / SHARE))
        x, y = (
            np.clip(rng.uniform(0.2, 0.8) + rng.normal(0, 0.01, samples).cumsum(), 0.05, 0.95)
            for _ in range(2)
        )
        boxes = np.stack((x - 0.02, y - 0.05, x + 0.02, y + 0.05), axis=1) * 65535
        path = TrackPath(
            offsets_ms=offsets,
            boxes=boxes.astype(np.uint16),
            scores=(rng.uniform(0.5, 1.0, samples) * 65535).astype(np.uint16),
        )
        yield TrackRecord(
            id=f"yard/s1/{number}",
            camera_id="yard",
            label="person",
            t0_us=t0_us,
            t1_us=t0_us + VISIT_S * 1_000_000,
            median_score=0.75,
            best_score=1.0,
            samples=samples,
            path=encode(path),
            confirmed_us=t0_us + 400_000,
            given_up_us=t0_us + (VISIT_S + 2) * 1_000_000,
        )


if __name__ == "__main__":
    alone(measure, __doc__)
