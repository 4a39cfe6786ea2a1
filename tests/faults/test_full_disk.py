"""The disk is full while clips are written: cameras go on, people are told, and once there is room
everything that happened is stored and told. No process may write a file longer than 3 kB, which
libraries and the database meet as they meet a full disk."""

import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.faults.house import House, family, house

CAMERAS = ("yard", "door", "gate")
MOST_BYTES = 3000


@contextmanager
def full_disk(pid: int) -> Iterator[None]:
    """For a process and all that descend from it."""
    kept = {each: resource.prlimit(each, resource.RLIMIT_FSIZE) for each in family(pid)}
    for each, (_, most) in kept.items():
        resource.prlimit(each, resource.RLIMIT_FSIZE, (MOST_BYTES, most))
    yield
    for each, limits in kept.items():
        resource.prlimit(each, resource.RLIMIT_FSIZE, limits)


def check_of(home: House) -> dict[str, Any]:
    """The part of `/health` that speaks of storing."""
    found: dict[str, Any] = home.product.http.get("/health").json()
    return next(each for each in found["checks"] if each["name"] == "event-writer")


def lost(home: House, happened: dict[str, int]) -> list[str]:
    """Cameras that noticed more than is stored."""
    stored = Counter(event["camera_id"] for event in home.product.events(limit="500"))
    return [name for name, count in happened.items() if stored[name] < count]


@pytest.mark.timeout(400)
def test_a_full_disk_stops_no_camera_and_loses_no_event(tmp_path: Path) -> None:
    with house(tmp_path, CAMERAS) as home:
        before = home.watch(6, alerts=1)

        with full_disk(home.product.pid):
            home.product.until(lambda: not check_of(home)["ok"], "word of the full disk")
            said = check_of(home)["detail"]
            seen = {name: camera.events for name, camera in home.cameras().items()}
            meanwhile = home.watch(10)
            ill, told = home.cameras(), len(home.ears.told)

        healed = datetime.now(UTC).isoformat()
        home.product.until(lambda: check_of(home)["ok"], "a disk with room again")
        home.product.until(lambda: len(home.ears.told) > told + 3, "alerts that waited")
        happened = {name: camera.events for name, camera in home.cameras().items()}
        home.product.until(lambda: not lost(home, happened), "all events", within_s=120)
        after = home.watch(8, alerts=1)
        events = home.product.events(limit="500")

    assert said.startswith("events wait to be stored: ")
    share = min(1.0, meanwhile.room / before.room)
    for name in CAMERAS:
        assert meanwhile.fps(name) > 0.8 * before.fps(name) * share, name
        assert ill[name].events > seen[name], f"{name} noticed nobody"
        assert "could not be" in "".join(ill[name].problems), ill[name].problems
    newest = [event for event in events if event["opened_at"] > healed]
    assert any(a["kind"] == "clip" for e in newest for a in e["artifacts"]), "no clips any more"
    after.demand_no_more_threads(before)
    assert after.files <= before.files + 16, "files of clips in the making are a few more or less"
    assert after.rss_mb - before.rss_mb < 60.0
