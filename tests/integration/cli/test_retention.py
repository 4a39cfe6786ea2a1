"""Retention of the running product: the oldest files go, their events stay, and nothing dangles."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.running import Running
from tests.scenes import film, walker
from vedette.app.load import load_settings
from vedette.app.settings import RetentionSettings

BUDGET_BYTES = 400_000
OWNERS = "select event_id from ai_artifact order by stored_at, id"

SETTINGS = """
detector: {{type: blob, contrast: 60, smallest: 0.004}}
cameras:
  - id: yard
    source: {{type: file, path: {video}, pace: realtime, loop: true, start: now}}
    detect: {{fps: 10}}
    rules: [{{id: visitor, type: presence, labels: [person], for_s: 0.2}}]
    events: {{pre_roll_s: 0.5, post_roll_s: 0.5, max_clip_s: 10}}
api: {{port: 0}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    video = film(
        tmp_path / "yard.mp4",
        walker((0.0, -0.1, 0.16), (2.4, 0.9, 0.16)),
        walker((0.1, 1.1, 0.5), (2.5, 0.1, 0.5)),
        walker((0.0, -0.1, 0.84), (2.4, 0.9, 0.84)),
        duration_s=2.8,
    )
    file = tmp_path / "vedette.yaml"
    file.write_text(SETTINGS.format(video=video))
    return file


def read(data: Path, query: str) -> list[tuple[Any, ...]]:
    place = f"file:{data / 'vedette.db'}?mode=ro"
    with closing(sqlite3.connect(place, uri=True, timeout=10)) as store:
        return list(store.execute(query))


def owners(data: Path) -> list[str]:
    """The event of every artifact, oldest first."""
    return [event_id for (event_id,) in read(data, OWNERS)]


def total(data: Path) -> int:
    """Bytes that count: superseded pictures wait in the garbage for the next sweep."""
    found: int = read(data, "select coalesce(sum(size_bytes), 0) from ai_artifact")[0][0]
    return found


def assert_no_file_dangles(data: Path) -> None:
    """Every row has its file; every file has its row, or one in the garbage."""
    root = data / "artifacts"
    rows = {path for (path,) in read(data, "select storage_path from ai_artifact")}
    garbage = {path for (path,) in read(data, "select storage_path from garbage")}
    files = {str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()}
    assert rows <= files
    assert files <= rows | garbage


def test_ten_gigabytes_and_thirty_days_are_kept_where_nothing_is_said(config: Path) -> None:
    kept = load_settings(config).retention

    assert kept == RetentionSettings()
    assert (kept.max_gb, kept.max_days, kept.check_every_s) == (10.0, 30.0, 60.0)


@pytest.mark.timeout(120)
def test_the_oldest_files_go_while_it_runs_and_the_events_stay(
    tmp_path: Path, config: Path
) -> None:
    data = tmp_path / "data"
    with Running("up", "--config", config, "--data", data) as product:
        product.until(lambda: total(data) > 2 * BUDGET_BYTES, "enough to be too much")
        assert product.stop() == 0
    before = owners(data)
    assert_no_file_dangles(data)

    retention = {"max_gb": BUDGET_BYTES / 1e9, "check_every_s": 1.0}
    config.write_text(config.read_text() + f"retention: {retention}\n")
    with Running("up", "--config", config, "--data", data) as product:
        product.until(lambda: total(data) <= BUDGET_BYTES, "the first sweep")
        left = [event_id for event_id in owners(data) if event_id in before]
        product.until(lambda: not {*owners(data)} & {*before}, "the end of all that was old")
        product.until(lambda: total(data) <= BUDGET_BYTES, "one more sweep")
        events = {event["id"].replace("-", ""): event for event in product.events(limit="500")}
        bare = events[before[0]]
        gone = product.http.get(f"/api/v1/events/{bare['id']}/artifacts/clip")
        page = product.http.get(f"/events/{bare['id']}")
        home = product.http.get("/")
        assert product.stop() == 0

    assert left == before[len(before) - len(left) :], "not the oldest went first"
    assert {*before} <= events.keys(), "an event outlives its files"
    assert bare["artifacts"] == []
    assert gone.status_code == 404
    assert gone.json() == {"error": "NotFound", "detail": f"event {bare['id']} has no clip"}
    assert (page.status_code, home.status_code) == (200, 200)
    assert bare["id"] in page.text
    assert_no_file_dangles(data)
