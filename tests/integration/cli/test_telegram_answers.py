"""A running product that people talk to over Telegram."""

from io import BytesIO
from pathlib import Path
from typing import Any

import av
import pytest

from tests.running import Running
from tests.servers.bot_api import TOKEN, BotApi, Sent

SETTINGS = """
detector: {{type: blob}}
workers: 0
cameras:
  - id: yard
    source: {{type: simulator, pace: realtime}}
    rules:
      - id: calm
        type: when
        labels: []
        when: {{nobody: {{height: {{above: 0.99}}}}}}
notify:
  channels:
    - id: family
      type: telegram
      token: "{token}"
      chat_ids: [42]
      base_url: {url}
      answers: true
api: {{port: 0}}
"""


@pytest.mark.timeout(180)
def test_an_alert_is_acknowledged_and_a_camera_switched_off_from_a_chat(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    with BotApi() as server:
        file.write_text(SETTINGS.format(url=server.url, token=TOKEN))
        with Running("up", "--config", file, "--data", tmp_path / "data") as product:

            def alert() -> dict[str, Any]:
                found: list[dict[str, Any]] = product.http.get("/api/v1/alerts").json()
                return found[0] if found else {}

            def looks() -> bool:
                settings = product.http.get("/api/v1/config").json()["settings"]
                return bool(settings["cameras"][0]["detect"]["enabled"])

            told = product.until(lambda: server.sent, "the alert")[0]
            server.presses(told.buttons[0])
            product.until(lambda: alert()["state"] == "acknowledged", "the acknowledgement")
            server.presses(told.buttons[1])
            product.until(lambda: product.http.get("/api/v1/mutes").json(), "the mute")
            server.writes("/snapshot")
            product.until(
                lambda: any(each.photo and not each.buttons for each in server.sent), "it"
            )
            server.writes("/status")
            product.until(lambda: any("yard: online" in each.text for each in server.sent), "it")
            server.writes("/off yard", chat="666")
            server.writes("/off yard")
            product.until(lambda: not looks(), "that it looks no more")
            server.writes("/on yard")
            product.until(looks, "that it looks again")
            by = alert()["acknowledged_by"]
            assert product.stop() == 0

    assert by == "Ada (Telegram)"
    assert server.replies[0].startswith("Acknowledged: ")
    assert server.replies[1].endswith(" UTC: rule calm at yard")


FILMS = """
detector: {{type: blob}}
workers: 0
cameras:
  - id: yard
    source: {{type: simulator, pace: realtime}}
    rules: [{{id: anybody, type: presence, labels: []}}]
    events: {{pre_roll_s: 1, post_roll_s: 1, max_clip_s: 5}}
notify:
  quiet_s: 0
  channels:
    - id: clips
      type: telegram
      token: "{token}"
      chat_ids: [42]
      base_url: "{url}"
      follow_up: clip
    - id: moves
      type: telegram
      token: "{token}"
      chat_ids: [43]
      base_url: "{url}"
      follow_up: animation
api: {{port: 0}}
"""


@pytest.mark.timeout(180)
def test_the_film_of_an_event_follows_its_picture(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    with BotApi(chats=("42", "43")) as server:
        file.write_text(FILMS.format(url=server.url, token=TOKEN))
        with Running("up", "--config", file, "--data", tmp_path / "data") as product:

            def videos(method: str) -> list[Sent]:
                return [each for each in server.sent if each.method == method]

            clip = product.until(lambda: videos("sendVideo"), "a clip")[0]
            moves = product.until(lambda: videos("sendAnimation"), "an animation")[0]
            first = server.sent[clip.replies_to - 1]
            assert product.stop() == 0

    with av.open(BytesIO(clip.video), "r") as video:
        shown = len(list(video.decode(video=0)))
    assert (clip.chat_id, moves.chat_id) == ("42", "43")
    assert first.photo is not None
    assert first.text.partition("\n")[0] == clip.text.partition("\n")[0]
    assert moves.video.startswith(b"GIF89a")
    assert shown > 10
    assert float(clip.about["duration"]) >= 1
