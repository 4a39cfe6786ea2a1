"""`vedette status` beside a running product, and where none runs."""

import json
from pathlib import Path

from tests.command import vedette
from tests.running import Running

SETTINGS = """
cameras:
  - {{id: yard, name: The yard, source: {{type: simulator, pace: realtime}}}}
  - {{id: away, source: "{missing}"}}
detector: {{type: blob}}
api: {{port: 0}}
"""


def test_a_running_product_is_shown_and_one_that_ended_is_not(tmp_path: Path) -> None:
    settings, data = tmp_path / "vedette.yaml", tmp_path / "data"
    settings.write_text(SETTINGS.format(missing=tmp_path / "nothing.mp4"))
    with Running("up", "--config", settings, "--data", data) as product:
        product.until(
            lambda: product.http.get("/api/v1/status").json()["cameras"][0]["fps_analysed"] > 1.0,
            "frames of the yard",
        )
        product.until(lambda: product.http.get("/health").status_code == 503, "the other's refusal")

        table = vedette("status", "--data", data)
        answer = vedette("status", "--data", data, "--json")
        metrics = product.http.get("/metrics").text

    assert table.code == 1  # one camera can never be used
    assert "yard" in table.out
    assert "nothing.mp4" in " ".join(table.out.split())
    cameras = {camera["camera_id"]: camera for camera in json.loads(answer.out)["cameras"]}
    assert cameras["yard"]["name"] == "The yard"
    assert cameras["yard"]["state"] == "online"
    assert cameras["yard"]["bitrate_bps"] > 1000
    assert cameras["away"]["state"] == "failed"
    assert 'vedette_camera_fps_analysed{camera="yard"}' in metrics
    families = [line for line in metrics.splitlines() if line.startswith("# TYPE ")]
    assert len(families) > 50
    assert len(families) == len(set(families)), "a scraper refuses what is described twice"

    after = vedette("status", "--data", data)

    assert after.code == 8
    assert "no Vedette" in after.err


def test_an_address_where_something_else_answers_is_said() -> None:
    wrong = vedette("status", "--url", "not an address")

    assert wrong.code == 8
    assert "no Vedette answers at not an address" in " ".join(wrong.err.split())
