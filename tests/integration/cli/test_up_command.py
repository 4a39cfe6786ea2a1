"""`vedette up` with real cameras and real channels: people are told, dead ends delay nobody."""

import hashlib
import io
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import pytest

from tests.command import CLIP, vedette
from tests.running import Running
from tests.scenes import film, walker
from tests.servers.black_hole import BlackHole
from tests.servers.bot_api import TOKEN, BotApi
from tests.servers.mail_sink import MailSink
from tests.servers.rtsp import RtspServer, free_port
from tests.servers.web import Heard, Reply
from tests.servers.webhook_receiver import WebhookReceiver

PASSWORD = "open-sesame-4711"  # noqa: S105  opens nothing but this test's camera
KEY = "what-the-webhook-is-signed-with"
SECRETS = {"DOOR_PASSWORD": PASSWORD, "BOT_TOKEN": TOKEN, "HOOK_KEY": KEY}

PEOPLE = """
sites: [{{id: home, name: Home}}]
cameras:
  - id: front_door
    name: Front door
    site: home
    source: "rtsp://viewer:${{secret:DOOR_PASSWORD}}@127.0.0.1:{rtsp}/door.mp4"
    detect: {{fps: 5, labels: [person]}}
    rules: [{{id: visitor, type: presence, labels: [person], for_s: 0.4}}]
    events: {{pre_roll_s: 1, post_roll_s: 1, max_clip_s: 8}}
  - id: attic
    site: home
    source: "rtsp://127.0.0.1:{nobody}/attic"
  - id: cellar
    site: home
    source: {{type: rtsp, url: "rtsp://127.0.0.1:{mute}/cellar", open_timeout_s: 3}}
notify:
  quiet_s: 0
  attempts: 3
  patience_h: 0
  retry_pause_s: 0.2
  channels:
    - {{id: mute, type: webhook, url: "http://127.0.0.1:{mute}/", timeout_s: 5}}
    - {{id: closed, type: webhook, url: "http://127.0.0.1:{nobody}/"}}
    - {{id: phone, type: telegram, token: {{secret: BOT_TOKEN}}, chat_ids: [42], base_url: "{bot}"}}
    - {{id: hook, type: webhook, url: "{hook}/hear", secret: {{secret: HOOK_KEY}}}}
    - {{id: mail, type: email, host: 127.0.0.1, port: {mail}, security: none,
       sender: vedette@example.org, recipients: [you@example.org]}}
api: {{port: 0, base_url: "http://vedette.example"}}
"""

YARD = """
detector: {{type: blob, contrast: 60, smallest: 0.004}}
cameras:
  - id: yard
    source: {{type: rtsp, url: "rtsp://127.0.0.1:{rtsp}/yard.mp4", read_timeout_s: 3}}
    detect: {{fps: 10}}
    rules: [{{id: visitor, type: presence, labels: [person], for_s: 0.3}}]
    events: {{pre_roll_s: 1, post_roll_s: 1, max_clip_s: 20}}
api: {{port: 0}}
"""


def rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    """What another process reads in the store, without touching it."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as store:
        return list(store.execute(query))


def stored_events(database: Path) -> set[str]:
    return {found[0].replace("-", "") for found in rows(database, "select id from ai_event")}


def metric(product: Running, name: str, whose: str, kind: str = "camera") -> float:
    """A figure of one camera, or of another thing."""
    family = "bus" if kind in {"subscriber", "topic"} else kind
    start = f'vedette_{family}_{name}{{{kind}="{whose}"}} '
    lines = product.http.get("/metrics").text.splitlines()
    return float(next(line.removeprefix(start) for line in lines if line.startswith(start)))


class Witness(WebhookReceiver):
    """Looks into the store at the very moment when it is told of an event."""

    def __init__(self, database: Path) -> None:
        super().__init__(secret=KEY, first=[500, 500])
        self._database = database
        self.unknown: list[str] = []
        """Events that it was told of before they were stored."""

    def answer(self, request: Heard) -> Reply:
        event_id = json.loads(request.body)["event"]["id"].replace("-", "")
        if event_id not in stored_events(self._database):
            self.unknown.append(event_id)
        return super().answer(request)


class Phone(BotApi):
    """Looks, when a photo arrives, whether it is the annotated picture of an event."""

    def __init__(self, database: Path) -> None:
        super().__init__()
        self._database = database
        self.annotated: list[bool] = []

    def answer(self, request: Heard) -> Reply:
        before = len(self.sent)
        reply = super().answer(request)
        if len(self.sent) > before:
            digest = hashlib.sha256(self.sent[-1].photo or b"").hexdigest()
            found = rows(
                self._database, "select sha256 from ai_artifact where type='snapshot_annotated'"
            )
            self.annotated.append((digest,) in found)
        return reply


@pytest.fixture
def door(tmp_path: Path) -> Iterator[RtspServer]:
    """A camera with people in the street before it."""
    (tmp_path / "video").mkdir()
    shutil.copy(CLIP, tmp_path / "video" / "door.mp4")
    with RtspServer(tmp_path / "video") as camera:
        yield camera


@pytest.mark.timeout(180)
def test_people_are_told_whatever_else_is_dead_and_secrets_stay_secret(
    tmp_path: Path, door: RtspServer
) -> None:
    data, config = tmp_path / "data", tmp_path / "vedette.yaml"
    database = data / "vedette.db"
    with (
        BlackHole() as mute,
        Phone(database) as phone,
        MailSink() as mail,
        Witness(database) as hook,
    ):
        places = {"rtsp": door.port, "nobody": free_port(), "mute": mute.port}
        services = {"bot": phone.url, "hook": hook.url, "mail": mail.port}
        config.write_text(PEOPLE.format(**places, **services))
        arguments = ("--verbose", "up", "--config", config, "--data", data)
        with Running(*arguments, env=SECRETS) as product:
            ready = product.http.get("/health/ready")
            product.until(lambda: phone.sent, "a message on the phone")
            product.until(lambda: mail.mails, "a mail")
            first = product.until(lambda: hook.heard, "a webhook")[0]
            first_id = json.loads(first.body)["id"]
            product.until(lambda: first_id in hook.messages, "the same, signed, after its failure")
            mute_when_told = outcomes(database)["mute"]
            product.until(
                lambda: "failed" in outcomes(database)["closed"],
                "a message that failed for good",
            )
            answers = [
                product.http.get(path).text
                for path in ("/metrics", "/", "/api/v1/events", "/health", "/openapi.json")
            ]
            page = product.http.get("/").text
            assert product.stop(within_s=30) == 0
        shown = vedette("config", "show", config, env=SECRETS)

    assert ready.status_code == 200, "a camera that is away does not make the process unready"
    assert mute_when_told == {"queued"}, "the others were told while it was still tried"
    assert phone.annotated[0]
    assert hook.unknown == [], "told before it was stored"
    assert len({json.loads(heard.body)["id"] for heard in hook.heard}) < len(hook.heard), "no retry"
    assert picture_size(phone.sent[0].photo or b"") == (768, 576)
    assert "Front door" in phone.sent[0].text
    assert "http://vedette.example/l/" in phone.sent[0].text
    told = outcomes(database)
    assert {name for name, ends in told.items() if "sent" in ends} == {"phone", "hook", "mail"}
    cameras_with_events = rows(database, "select distinct camera_id from ai_event")
    assert cameras_with_events == [("front_door",)]
    assert "retrying" in page or "lost" in page, "the page must say which cameras are away"

    assert shown.code == 0, shown.err
    said = [*product.lines, *product.complaints, *answers, shown.out, shown.err]
    for name, secret in SECRETS.items():
        assert secret not in "\n".join(said), f"{name} was said"
        assert written_down(secret, data) == [], f"{name} was written down"
    assert "front_door" in shown.out
    assert_complete(data)


@pytest.mark.timeout(120)
def test_a_camera_that_was_lost_comes_back_with_new_events(tmp_path: Path) -> None:
    (tmp_path / "video").mkdir()
    film(
        tmp_path / "video" / "yard.mp4",
        walker((0.5, -0.1, 0.5), (3.5, 1.1, 0.5)),
        walker((5.0, 1.1, 0.6), (8.0, -0.1, 0.6)),
        duration_s=9.0,
    )
    data, config = tmp_path / "data", tmp_path / "vedette.yaml"
    with RtspServer(tmp_path / "video") as camera:
        config.write_text(YARD.format(rtsp=camera.port))
        with Running("up", "--config", config, "--data", data) as product:
            product.until(lambda: product.events(state="open"), "an open event")
            camera.stop()
            product.until(lambda: metric(product, "online", "yard") == 0.0, "a lost camera")
            product.until(
                lambda: {e["end_reason"] for e in product.events()} >= {"camera_lost"},
                "the end of what nobody can see any more",
            )
            ready_meanwhile = product.http.get("/health/ready")
            before = {event["id"] for event in product.events()}
            camera.start()
            product.until(lambda: metric(product, "online", "yard") == 1.0, "the camera again")
            product.until(
                lambda: {e["id"] for e in product.events()} - before, "an event after the loss"
            )
            product.until(lambda: product.events(state="open"), "an event that is open")
            reconnects = metric(product, "reconnects_total", "yard")
            opened = metric(product, "facts_total", "event.opened", "topic")
            handled = metric(product, "delivered_total", "notifier", "subscriber")
            assert product.stop() == 0

    assert ready_meanwhile.status_code == 200
    check = next(c for c in ready_meanwhile.json()["checks"] if c["name"] == "cameras")
    assert check["detail"] == "away: yard"
    assert reconnects >= 1
    assert opened >= handled >= 2
    assert_complete(data)


def outcomes(database: Path) -> dict[str, set[str]]:
    """How the messages of each channel ended, so far."""
    found: dict[str, set[str]] = {}
    for channel, status in rows(database, "select channel, status from notification_log"):
        found.setdefault(channel, set()).add(status)
    return found


def picture_size(jpeg: bytes) -> tuple[int, int]:
    with av.open(io.BytesIO(jpeg), "r", format="mjpeg") as opened:
        frame = next(opened.decode(video=0))
        return frame.width, frame.height


def written_down(secret: str, folder: Path) -> list[Path]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return [file for file in files if secret.encode() in file.read_bytes()]


def assert_complete(data: Path) -> None:
    """Every event is closed and has a clip that plays; nothing half done is left."""
    database = data / "vedette.db"
    assert rows(database, "select count(*) from ai_event where state='open'") == [(0,)]
    clips = dict(rows(database, "select event_id, storage_path from ai_artifact where type='clip'"))
    events = rows(database, "select id from ai_event")
    assert events
    assert {event[0] for event in events} == set(clips)
    for path in clips.values():
        with av.open(str(data / "artifacts" / path)) as clip:
            assert sum(1 for _ in clip.decode(video=0)) > 5
    assert list((data / "parts").iterdir()) == []
