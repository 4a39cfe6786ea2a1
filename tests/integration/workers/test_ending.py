"""The end of the product: quick with many cameras, also where nothing can be stored; no loss."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import pytest

from tests.integration.workers.conftest import Configure
from tests.integration.workers.ward import Ward, slowness
from tests.running import Running
from vedette.link.spool import left_in
from vedette.services.worker_life import WorkerLimits
from vedette.testing.fakes import until

CAMERAS = 12
END_S = 6.0
"""With so many cameras that all have an event, on a machine that is not busy."""


def rows(data: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{data / 'vedette.db'}?mode=ro", uri=True)) as store:
        return list(store.execute(query))


@pytest.mark.timeout(240)
def test_many_cameras_end_within_seconds_and_nothing_of_their_events_is_lost(
    tmp_path: Path, configure: Configure
) -> None:
    data = tmp_path / "data"
    names = [f"camera-{number}" for number in range(CAMERAS)]
    with Running("up", "--config", configure(*names), "--data", data) as product:
        seen: set[str] = set()

        def all_had_one() -> bool:
            seen.update(event["camera_id"] for event in product.events(state="open"))
            return seen == set(names)

        product.until(all_had_one, "an event of every camera", within_s=120)
        product.until(lambda: len(product.events(state="open")) >= CAMERAS / 3, "many at once")
        slow, began = slowness(), time.monotonic()
        assert product.stop(within_s=60) == 0
        took_s = time.monotonic() - began

    assert took_s < END_S * max(slow, slowness()), f"it ended after {took_s:.1f} s"
    assert rows(data, "select count(*) from ai_event where state<>'closed'") == [(0,)]
    events = {row[0] for row in rows(data, "select id from ai_event")}
    kinds: dict[str, set[str]] = {event: set() for event in events}
    for event, kind in rows(data, "select event_id, type from ai_artifact"):
        kinds[event].add(kind)
    lacking = {event: found for event, found in kinds.items() if "clip" not in found}
    assert not lacking, "an event without its clip"
    assert all({"gif", "preview"} & found for found in kinds.values()), "one without animation"
    for (path,) in rows(data, "select storage_path from ai_artifact where type='clip'"):
        with av.open(str(data / "artifacts" / path)) as clip:
            assert next(clip.decode(video=0), None) is not None
    folders = (data / "spool", data / "parts")
    assert [path for folder in folders if folder.is_dir() for path in folder.iterdir()] == []
    complaints = [line for line in product.complaints if " WARN " in line or " ERROR " in line]
    assert complaints == []


@pytest.mark.timeout(100)
async def test_a_store_that_takes_nothing_keeps_nobody_from_ending_and_nothing_is_lost(
    tmp_path: Path, street: Path
) -> None:
    camera = {
        "source": {"type": "file", "path": str(street), "pace": "realtime", "loop": True},
        "rules": [{"id": "visitor", "type": "presence", "labels": ["person"], "for_s": 0.2}],
    }
    limits = WorkerLimits(spare=False, leave_s=3.0)
    template = {"stop_within_s": 1.0}
    ward = Ward(tmp_path, {"yard": camera}, [["yard"]], limits, template)
    async with ward.open():
        await ward.delivers("yard")
        ward.storing.clear()
        spool = ward.life("yard").line.folders.spool
        await until(lambda: len(list(left_in(spool))) >= 3, within_s=60)
        slow, began = slowness(), time.monotonic()
        kept = len(ward.kept)
    took_s = time.monotonic() - began

    assert took_s < limits.leave_s + 2.0 * max(slow, slowness())
    assert len(ward.kept) == kept
    assert len(list(left_in(spool))) >= 3, "what it said is not there any more"
