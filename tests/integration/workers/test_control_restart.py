"""The control process is killed while its workers have unacknowledged events: nothing is lost."""

import json
import os
import signal
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import av
import pytest

from tests.integration.workers.conftest import Configure
from tests.running import Running
from tests.servers.webhook_receiver import WebhookReceiver

CLIPS = "select event_id, storage_path from ai_artifact where type='clip'"
TELL = """
notify:
  quiet_s: 0
  retry_pause_s: 0.2
  channels: [{{id: hook, type: webhook, url: "{hook}/hear"}}]
"""


def rows(data: Path, query: str) -> list[tuple[Any, ...]]:
    place = f"file:{data / 'vedette.db'}?mode=ro"
    with closing(sqlite3.connect(place, uri=True, timeout=10)) as store:
        return list(store.execute(query))


def told(hook: WebhookReceiver) -> list[str]:
    """The event of each message, as the store writes it."""
    events = (json.loads(each.body)["event"]["id"] for each in hook.heard)
    return [event_id.replace("-", "") for event_id in events]


def spooled(data: Path) -> int:
    """Bytes that workers said, and that nobody stored yet."""
    return sum(log.stat().st_size for log in (data / "spool").glob("*/log"))


def left_behind(data: Path) -> list[str]:
    """Whatever of a worker is still there after everything was taken."""
    folders = (data / "spool", data / "parts")
    return [str(path) for folder in folders if folder.is_dir() for path in folder.iterdir()]


def gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.timeout(200)
def test_what_workers_said_is_stored_by_the_next_control_process(
    tmp_path: Path, configure: Configure
) -> None:
    data = tmp_path / "data"
    with WebhookReceiver() as hook:
        config = configure("yard", "door")
        config.write_text(config.read_text() + TELL.format(hook=hook.url))
        with Running("up", "--config", config, "--data", data) as product:
            product.until(lambda: product.events(state="closed"), "a first event")
            pids = [w["pid"] for w in product.http.get("/api/v1/status").json()["workers"]]
            known = {event[0] for event in rows(data, "select id from ai_event")}
            os.kill(product.pid, signal.SIGSTOP)  # it takes nothing, and then it is gone
            before = spooled(data)
            until = time.monotonic() + 40
            while spooled(data) < before + 3000 or time.monotonic() < until - 35:
                assert time.monotonic() < until, "the workers said nothing"
                time.sleep(0.1)
            product.kill()
            product_end = time.monotonic()
            while not gone(pids):
                assert time.monotonic() < product_end + 20, "orphaned workers live on"
                time.sleep(0.1)
            assert spooled(data) > 0
            assert {event[0] for event in rows(data, "select id from ai_event")} == known

        with Running("up", "--config", config, "--data", data) as product:
            stored = rows(data, "select id, state, ended_at from ai_event")
            fresh = {row[0] for row in stored} - known
            assert fresh, "what was said to nobody is lost"
            assert len({row[0] for row in stored}) == len(stored)
            said = {row[0] for row in stored}
            product.until(lambda: said <= set(told(hook)), "everybody told")
            clips = dict(rows(data, CLIPS))
            assert fresh <= set(clips), "an event without its clip"
            for event_id in fresh:
                with av.open(str(data / "artifacts" / clips[event_id])) as clip:
                    assert sum(1 for _ in clip.decode(video=0)) > 5
            assert product.stop() == 0

    assert left_behind(data) == []
    assert all(told(hook).count(event_id) == 1 for event_id in fresh), "somebody was told twice"
    assert rows(data, "select count(*) from ai_event where state='open'") == [(0,)]


@pytest.mark.timeout(120)
def test_events_of_a_killed_worker_are_closed_and_their_clips_mended(
    tmp_path: Path, configure: Configure
) -> None:
    data = tmp_path / "data"
    with Running("up", "--config", configure("yard"), "--data", data) as product:
        is_open = product.until(lambda: product.events(state="open"), "an open event")[0]
        time.sleep(1.0)
        (worker,) = product.http.get("/api/v1/status").json()["workers"]
        os.kill(worker["pid"], signal.SIGKILL)

        def mended() -> dict[str, Any] | None:
            event: dict[str, Any] = product.http.get(f"/api/v1/events/{is_open['id']}").json()
            kinds = {artifact["kind"] for artifact in event["artifacts"]}
            return event if event["state"] == "closed" and "clip" in kinds else None

        event = product.until(mended, "the event of the dead worker, closed", within_s=30)
        assert event["end_reason"] in {"interrupted", "left", "lost"}
        (path,) = [a["storage_path"] for a in event["artifacts"] if a["kind"] == "clip"]
        with av.open(str(data / "artifacts" / path)) as clip:
            assert sum(1 for _ in clip.decode(video=0)) >= 5
        product.until(lambda: product.events(state="open"), "a new event", within_s=30)
        assert product.stop() == 0
    assert left_behind(data) == []


def secrets_in(pid: int) -> bytes:
    place = Path(f"/proc/{pid}")
    return (place / "environ").read_bytes() + (place / "cmdline").read_bytes()


def remembers(pid: int, word: str) -> bool:
    """Is this anywhere in what a process has in memory?"""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if not rights.startswith("rw") or "[v" in line:
                continue
            begin, end = (int(each, 16) for each in span.split("-"))
            memory.seek(begin)
            with suppress(OSError):  # what is only reserved cannot be read
                if word.encode() in memory.read(end - begin):
                    return True
    return False


@pytest.mark.timeout(120)
def test_a_worker_knows_only_its_own_cameras_secrets(
    tmp_path: Path, configure: Configure, street: Path
) -> None:
    config = configure(
        "yard",
        more="""
  - id: door
    source: "rtsp://me:${secret:DOOR}@127.0.0.1:9/door"
""",
        workers=2,
    )
    config.write_text(
        config.read_text()
        + """
notify: {channels: [{id: hook, type: webhook, url: "http://127.0.0.1:9", secret: {secret: HOOK}}]}
"""
    )
    secrets = {"DOOR": "open-sesame-4711", "HOOK": "what-the-webhook-is-signed-with"}
    with Running("up", "--config", config, "--data", tmp_path / "data", env=secrets) as product:
        product.until(lambda: len(workers(product)) == 2, "both workers")
        for worker in workers(product):
            told = secrets_in(worker["pid"])
            assert not any(value.encode() in told for value in secrets.values())
            opened = os.listdir(f"/proc/{worker['pid']}/fd")
            files = {os.readlink(f"/proc/{worker['pid']}/fd/{name}") for name in opened}
            assert not any("vedette.db" in name for name in files), "a worker has the store open"
            assert not remembers(worker["pid"], secrets["HOOK"])
            has_door = "door" in worker["cameras"]
            assert remembers(worker["pid"], secrets["DOOR"]) is has_door, worker["cameras"]
        assert product.stop() == 0


def workers(product: Running) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = product.http.get("/api/v1/status").json()["workers"]
    return [worker for worker in found if worker["state"] == "running"]
