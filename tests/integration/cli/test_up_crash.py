"""Kill -9 of the running product, again and again: what people saw is still there afterwards."""

import hashlib
import json
import random
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import av
import pytest

from tests.running import Running
from tests.scenes import film, walker
from tests.servers.webhook_receiver import WebhookReceiver

KILLS = 4
SEED = 4711
FRAGMENT_S = 0.5
"""A clip in the making is on the disk up to here before the present."""

FRAME_S = 0.1
QUEUED = "select count(*) from notification_log where status='queued'"

SETTINGS = """
detector: {{type: blob, contrast: 60, smallest: 0.004}}
workers: 0  # one process, so that everything dies at once
cameras:
  - id: yard
    source: {{type: file, path: {video}, pace: realtime, loop: true, start: now}}
    detect: {{fps: 10}}
    zones: [{{id: lawn, polygon: [[0.3, 0], [0.8, 0], [0.8, 1], [0.3, 1]]}}]
    rules:
      - {{id: visitor, type: presence, labels: [person], for_s: 0.3}}
      - {{id: trespass, type: enter, zone: lawn, labels: [person]}}
    events: {{pre_roll_s: 1, post_roll_s: 1, max_clip_s: 20}}
notify:
  quiet_s: 0
  retry_pause_s: 0.2
  channels: [{{id: hook, type: webhook, url: "{hook}/hear"}}]
api: {{port: 0}}
"""


@dataclass
class House:
    """The data folder of a product that is not running, read from outside."""

    root: Path
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Every event that the API ever told, as it was told last."""

    def read(self, query: str) -> list[tuple[Any, ...]]:
        place = f"file:{self.root / 'vedette.db'}?mode=ro"
        with closing(sqlite3.connect(place, uri=True, timeout=10)) as store:
            return list(store.execute(query))

    @property
    def parts(self) -> list[Path]:
        """Clips in the making."""
        return list((self.root / "parts").glob("*.part"))

    def look(self, product: Running) -> None:
        self.shown |= {event["id"]: event for event in product.events(limit="500")}


def killed_at_a_bad_moment(
    product: Running, house: House, chance: random.Random
) -> dict[str, datetime]:
    """While an event is open; gives such events, and up to when they were surely filmed."""
    product.until(lambda: house.parts and product.events(state="open"), "an open event")
    until = time.monotonic() + chance.uniform(0.0, 2.5)
    while time.monotonic() < until or not house.parts:
        house.look(product)
    product.kill()
    return {
        event_id: when(house.shown[event_id]["updated_at"])
        for event_id in {part.name.partition(".")[0] for part in house.parts}
        if event_id in house.shown
    }


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def check_repaired(product: Running, house: House) -> int:
    """Compare what the API tells after a restart with what it told before; returns interrupted."""
    now = {event["id"]: event for event in product.events(limit="500")}
    interrupted = 0
    for event_id, before in house.shown.items():
        assert event_id in now, f"event {event_id} was shown and is lost"
        after = now[event_id]
        assert after["state"] == "closed", after
        if before["state"] == "closed":
            assert plain(after) == plain(before)
        elif after["end_reason"] == "interrupted":
            interrupted += 1
            assert after["ended_at"] == after["updated_at"] >= before["updated_at"]
            assert {**plain(after), **changing(before)} == plain(before)
    house.shown |= now
    return interrupted


def plain(event: dict[str, Any]) -> dict[str, Any]:
    """An event without its files, which may come later."""
    return {key: value for key, value in event.items() if key != "artifacts"}


def changing(event: dict[str, Any]) -> dict[str, Any]:
    """What may change while an event is open."""
    names = ("state", "updated_at", "ended_at", "end_reason", "score", "box", "numbers")
    return {name: event[name] for name in names}


def check_clips(product: Running, house: House, filmed: dict[str, datetime]) -> None:
    """What was on the disk when it was killed is now a clip that plays to its end.

    Args:
        filmed: events, and up to when they were known to be filmed.
    """
    for event_id, until in filmed.items():
        event = product.http.get(f"/api/v1/events/{event_id}").json()
        clips = [a for a in event["artifacts"] if a["kind"] == "clip"]
        assert clips, f"the clip of event {event_id} is lost"
        with av.open(str(house.root / "artifacts" / clips[0]["storage_path"])) as clip:
            times = [frame.time for frame in clip.decode(video=0) if frame.time is not None]
        shown_until = when(clips[0]["started_at"]) + timedelta(seconds=max(times))
        assert shown_until >= until - timedelta(seconds=FRAGMENT_S + FRAME_S)


def check_files(house: House) -> None:
    """Every row has its file, every file its row or place in the garbage; nothing is half done."""
    rows = house.read("select storage_path, size_bytes, sha256 from ai_artifact")
    assert rows
    for path, size, sha256 in rows:
        content = (house.root / "artifacts" / path).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (size, sha256), path
    files = {file for file in (house.root / "artifacts").rglob("*") if file.is_file()}
    superseded = house.read("select storage_path from garbage")
    known = {house.root / "artifacts" / row[0] for row in (*rows, *superseded)}
    assert files <= known, "a file of nobody"
    assert list((house.root / "parts").iterdir()) == []


@pytest.mark.timeout(150)
def test_what_was_shown_survives_kill_after_kill(tmp_path: Path) -> None:
    video = film(
        tmp_path / "yard.mp4",
        walker((0.0, 0.1, 0.5), (3.0, 0.95, 0.5)),
        walker((2.0, 0.95, 0.6), (5.0, 0.05, 0.6)),
        duration_s=5.5,
    )
    house, chance = House(tmp_path / "data"), random.Random(SEED)  # noqa: S311
    config = tmp_path / "vedette.yaml"
    interrupted, saved = 0, 0
    filmed: dict[str, datetime] = {}
    with WebhookReceiver() as hook:
        config.write_text(SETTINGS.format(video=video, hook=hook.url))
        for life in range(KILLS + 1):
            with Running("up", "--config", config, "--data", house.root) as product:
                interrupted += check_repaired(product, house)
                check_clips(product, house, filmed)
                saved += len(filmed)
                if life < KILLS:
                    filmed = killed_at_a_bad_moment(product, house, chance)
                    continue
                product.until(lambda: product.events(state="open"), "a new event")
                product.until(lambda: house.read(QUEUED) == [(0,)], "every message sent")
                assert product.stop() == 0

    assert interrupted >= KILLS, "too few events were open when it was killed"
    assert saved >= KILLS, "too few clips were saved"
    check_files(house)
    told: dict[str, set[bytes]] = {}
    for heard in hook.heard:
        told.setdefault(json.loads(heard.body)["id"], set()).add(heard.body)
    assert [alert for alert, bodies in told.items() if len(bodies) > 1] == []
    heard_of = {json.loads(heard.body)["event"]["id"] for heard in hook.heard}
    sent = house.read("select event_id from notification_log where status='sent'")
    assert {event[0] for event in sent} <= {event_id.replace("-", "") for event_id in heard_of}
    assert set(house.shown) <= heard_of, "an event was shown that nobody was told of"
