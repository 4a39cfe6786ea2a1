"""The demo, started as a newcomer would: its page, its events, its clips, and its end."""

import io
import signal
from pathlib import Path

import av

from tests.command import vedette
from tests.running import Running


def test_the_demo_shows_real_people_and_closes_in_order(tmp_path: Path) -> None:
    with Running("demo", "--port", "0", "--data", tmp_path) as demo:
        assert "real video" in demo.lines[0]
        assert demo.http.get("/health/ready").status_code == 200

        event = demo.until(lambda: demo.events(type="line_crossing", state="closed"), "a crossing")
        artifacts = demo.until(
            lambda: {
                a["kind"]: a
                for a in demo.http.get(f"/api/v1/events/{event[0]['id']}").json()["artifacts"]
                if a["kind"] == "clip"
            },
            "a clip",
        )
        clip = demo.http.get(artifacts["clip"]["url"]).content
        with av.open(io.BytesIO(clip), "r") as video:
            assert len(list(video.decode(video=0))) > 20
        page = demo.http.get("/").text
        assert event[0]["id"] in page
        picture = demo.http.get("/live/campus.jpg")
        assert picture.content[:2] == b"\xff\xd8"
        metrics = demo.http.get("/metrics").text
        assert 'vedette_camera_online{camera="campus"} 1.0' in metrics
        assert any("walking_by" in line for line in demo.lines), "not told in the terminal"

        open_before = {e["id"] for e in demo.events(state="open")}
        assert demo.stop(signal.SIGTERM) == 0

    with Running("demo", "--port", "0", "--data", tmp_path) as again:
        for event_id in open_before:
            closed = again.http.get(f"/api/v1/events/{event_id}").json()
            assert closed["state"] == "closed"
            assert closed["end_reason"] != "interrupted"
            assert "clip" in {a["kind"] for a in closed["artifacts"]}
        assert again.stop(signal.SIGINT) == 0


def test_a_time_limit_ends_it(tmp_path: Path) -> None:
    with Running("demo", "--port", "0", "--seconds", "2", "--data", tmp_path) as demo:
        assert demo.address.startswith("http://127.0.0.1:")
        assert demo.ended(within_s=40) == 0


def test_one_data_folder_serves_one_product(tmp_path: Path) -> None:
    with Running("demo", "--port", "0", "--data", tmp_path) as demo:
        second = vedette("demo", "--port", "0", "--data", tmp_path)

        assert second.code == 7
        assert "in use by another vedette" in second.err
        assert demo.stop() == 0
