"""A real camera that goes away: one alert, with its cause and the last picture."""

from pathlib import Path

import pytest

from tests.running import Running
from tests.scenes import film, walker
from tests.servers.rtsp import RtspServer
from tests.servers.webhook_receiver import WebhookReceiver

SETTINGS = """
detector: {{type: blob, contrast: 60, smallest: 0.004}}
workers: {workers}
cameras:
  - id: yard
    source: {{type: rtsp, url: "rtsp://127.0.0.1:{rtsp}/yard.mp4", read_timeout_s: 2}}
    detect: {{fps: 10}}
    rules:
      - {{id: gone, type: when, severity: warning, message: The camera gives no pictures,
         when: {{camera: offline, for: 3s}}}}
notify:
  quiet_s: 0
  channels: [{{id: hook, type: webhook, url: "{hook}/", include_picture: true}}]
api: {{port: 0}}
"""


@pytest.mark.timeout(180)
@pytest.mark.parametrize("workers", [0, 1])
def test_an_outage_is_told_once_with_its_cause_and_the_last_picture(
    tmp_path: Path, workers: int
) -> None:
    (tmp_path / "video").mkdir()
    film(
        tmp_path / "video" / "yard.mp4",
        walker((0.5, -0.1, 0.5), (3.5, 1.1, 0.5)),
        duration_s=6.0,
    )
    file = tmp_path / "vedette.yaml"
    with RtspServer(tmp_path / "video") as camera, WebhookReceiver() as hook:
        file.write_text(SETTINGS.format(rtsp=camera.port, hook=hook.url, workers=workers))
        with Running("up", "--config", file, "--data", tmp_path / "data") as product:

            def analysed() -> bool:
                [seen] = product.http.get("/api/v1/status").json()["cameras"]
                return bool(seen["looked"] > 5)

            product.until(analysed, "pictures")
            camera.stop()
            product.until(lambda: product.events(rule="gone", state="open"), "the event")
            product.until(lambda: hook.messages, "the alert")
            camera.start()
            product.until(lambda: product.events(rule="gone", state="closed"), "its end")
            assert len(product.events(rule="gone")) == 1
            assert product.stop() == 0
    [message] = hook.messages.values()
    assert message["title"] == "The camera gives no pictures (yard)"
    assert " UTC: " in message["text"], "and why"
    assert message["event"]["label"] == "camera"
    assert message["picture_base64"], "the last one that there was"
