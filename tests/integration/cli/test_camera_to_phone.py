"""From the camera to the phone: a real RTSP camera, real channels, one of them dead."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.command import CLIP
from tests.running import Running
from tests.servers.bot_api import TOKEN, BotApi
from tests.servers.mail_sink import MailSink
from tests.servers.rtsp import RtspServer, free_port
from tests.servers.webhook_receiver import WebhookReceiver

PASSWORD = "open-sesame-4711"  # noqa: S105 - of the test's own server
KEY = "a key of the webhook, long enough"

SETTINGS = """
cameras:
  - id: front_door
    name: Front door
    source: {{type: rtsp, url: "rtsp://viewer:${{secret:DOOR_PASSWORD}}@127.0.0.1:{port}/door.mp4",
             read_timeout_s: 3}}
    detect: {{fps: 5, labels: [person]}}
    rules:
      - {{id: visitor, type: presence, labels: [person], for_s: 0.4}}
    events: {{pre_roll_s: 1, post_roll_s: 1, max_clip_s: 8}}
  - id: attic
    source: "rtsp://127.0.0.1:{nobody}/attic"
notify:
  quiet_s: 0
  channels:
    - {{type: telegram, token: {{secret: BOT_TOKEN}}, chat_ids: [42], base_url: "{bot}"}}
    - {{type: webhook, url: "{hook}/hear", secret: {{secret: HOOK_KEY}}}}
    - {{type: email, host: 127.0.0.1, port: {mail}, security: none,
       sender: vedette@example.org, recipients: [you@example.org]}}
    - {{id: dead, type: webhook, url: "http://127.0.0.1:{nobody}/"}}
api: {{port: 0}}
"""


def settings_file(folder: Path, *, port: int, bot: str, hook: str, mail: int) -> Path:
    text = SETTINGS.format(port=port, nobody=free_port(), bot=bot, hook=hook, mail=mail)
    (folder / "vedette.yaml").write_text(text)
    return folder / "vedette.yaml"


@pytest.mark.timeout(180)
def test_people_are_told_with_a_picture_and_the_camera_comes_back(tmp_path: Path) -> None:
    shutil.copy(CLIP, tmp_path / "door.mp4")
    camera = RtspServer(tmp_path)
    camera.start()
    secrets = {"DOOR_PASSWORD": PASSWORD, "BOT_TOKEN": TOKEN, "HOOK_KEY": KEY}
    data = tmp_path / "data"
    with BotApi() as bot, MailSink() as mail, WebhookReceiver(secret=KEY, first=[500]) as hook:
        config = settings_file(
            tmp_path, port=camera.port, bot=bot.url, hook=hook.url, mail=mail.port
        )
        with Running("up", "--config", config, "--data", data, env=secrets) as product:
            product.until(lambda: bot.sent, "a message on the phone")
            product.until(lambda: mail.mails, "a mail")
            product.until(lambda: hook.messages, "a signed webhook after its failure")
            first = bot.sent[0]
            assert first.photo is not None
            assert first.photo[:2] == b"\xff\xd8"
            assert "Front door" in first.text

            camera.stop()
            product.until(lambda: _metric(product, "online") == 0.0, "a lost camera")
            camera.start()
            product.until(lambda: _metric(product, "online") == 1.0, "a camera that is back")
            assert _metric(product, "reconnects") >= 1.0
            told = len(bot.sent)
            product.until(lambda: len(bot.sent) > told, "a message after the loss")

            metrics = product.http.get("/metrics").text
            assert product.stop() == 0
            said = "\n".join([*product.lines, *product.complaints, metrics])
    camera.stop()

    for secret in (PASSWORD, TOKEN, KEY):
        assert secret not in said
    assert _kept_nowhere(data, PASSWORD)
    rows = _rows(data / "vedette.db")
    assert {channel for channel, status in rows if status == "sent"} == {
        "telegram",
        "webhook",
        "email",
    }
    assert all(status != "sent" for channel, status in rows if channel == "dead")


def _metric(product: Running, name: str) -> float:
    wanted = ("vedette_camera_" + name, 'camera="front_door"')
    for line in product.http.get("/metrics").text.splitlines():
        if line.startswith(wanted[0]) and wanted[1] in line:
            return float(line.rpartition(" ")[2])
    raise AssertionError(f"no metric {name}")


def _rows(database: Path) -> list[tuple[str, str]]:
    store = sqlite3.connect(database)
    try:
        return list(store.execute("select channel, status from notification_log"))
    finally:
        store.close()


def _kept_nowhere(folder: Path, secret: str) -> bool:
    return not any(
        secret.encode() in file.read_bytes() for file in folder.rglob("*") if file.is_file()
    )
