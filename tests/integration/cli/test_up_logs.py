"""What a product in production writes: JSON, one story from the frame to the notification."""

import json
from pathlib import Path
from typing import Any

from tests.running import Running
from tests.scenes import film, walker
from tests.servers.web import Heard, Reply, WebServer

PASSWORD = "open-sesame-4711"  # noqa: S105  opens nothing

SETTINGS = """
detector: {{type: blob, contrast: 60, smallest: 0.004}}
workers: 1
cameras:
  - id: yard
    source: {{type: file, path: yard.mp4, pace: realtime, start: now}}
    detect: {{fps: 10}}
    rules: [{{id: visitor, type: presence, labels: [person], for_s: 0.3}}]
    events: {{pre_roll_s: 1, post_roll_s: 1}}
  - id: attic
    source: "rtsp://viewer:${{secret:ATTIC}}@127.0.0.1:9/attic"
notify:
  quiet_s: 0
  channels: [{{id: hook, type: webhook, url: "{hook}/hear?token=${{secret:ATTIC}}"}}]
api: {{port: 0}}
"""


class Hook(WebServer):
    """Keeps what it was told; the first message is refused, so that something is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[dict[str, Any]] = []

    def answer(self, request: Heard) -> Reply:
        self.told.append(json.loads(request.body))
        return Reply(status=503 if len(self.told) == 1 else 200)


def test_one_story_can_be_followed_from_the_frame_to_the_notification(tmp_path: Path) -> None:
    film(tmp_path / "yard.mp4", walker((0.5, -0.1, 0.5), (3.5, 1.1, 0.5)), duration_s=6.0)
    config = tmp_path / "vedette.yaml"
    env = {"VEDETTE_ENV": "production", "ATTIC": PASSWORD}
    with Hook() as hook:
        config.write_text(SETTINGS.format(hook=hook.url))
        words = ("--verbose", "up", "--config", config, "--data", tmp_path / "data")
        with Running(*words, env=env) as product:
            product.until(lambda: len(hook.told) >= 2, "a message that was tried twice")
            product.until(lambda: any("attic" in line for line in product.complaints), "attic")
            assert product.stop() == 0

    lines = [json.loads(line) for line in product.complaints]
    for line in lines:
        assert {"timestamp", "level", "event", "module", "component"} <= line.keys()
        assert line["level"] in {"DEBUG", "INFO", "WARN", "ERROR"}
    assert {line["component"] for line in lines} >= {"control", "w1"}
    about = hook.told[-1]["correlation_id"]
    story = [line for line in lines if line.get("correlation_id") == about]
    modules = [line["module"] for line in story]
    assert modules[0] == "vedette.pipeline.book", "in the worker that saw it"
    assert story[0]["component"] == "w1"
    assert modules.count("vedette.services.courier") == 2, "the failure and the success"
    assert any("not delivered" in line["event"] for line in story)
    assert PASSWORD not in "".join([*product.complaints, *product.lines])
