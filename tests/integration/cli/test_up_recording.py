"""Recording by the running product: rows, films, live video, restarts, kill -9."""

import io
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import pytest

from tests.running import Running
from tests.servers.camera_video import camera_video

SETTINGS = """
detector: {{type: blob}}
workers: {workers}
cameras:
  - id: yard
    source: {{type: file, path: {video}, pace: realtime, loop: true, start: now}}
    detect: {{enabled: false}}
    record: {{mode: always, segment_s: 1}}
  - id: gate
    source: {{type: file, path: {video}, pace: realtime, loop: true, start: now}}
    detect: {{enabled: false}}
api: {{port: 0}}
"""


def settings(folder: Path, workers: int) -> tuple[Path, Path]:
    """A settings file and a data folder."""
    video = camera_video(folder / "yard.mp4", fps=10, duration_s=6.0, gop_s=0.5)
    file = folder / "vedette.yaml"
    file.write_text(SETTINGS.format(video=video, workers=workers))
    return file, folder / "data"


def up(config: Path, data: Path) -> Running:
    return Running("up", "--config", config, "--data", data)


def spans(running: Running, camera: str = "yard") -> list[dict[str, Any]]:
    """The timeline of the last hour and the next minute."""
    now = datetime.now(UTC)
    query = {
        "from": (now - timedelta(hours=1)).isoformat(),
        "to": (now + timedelta(minutes=1)).isoformat(),
    }
    answer = running.http.get(f"/api/v1/cameras/{camera}/timeline", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["spans"]
    return found


def recorded_s(running: Running) -> float:
    return sum(length_s(span) for span in spans(running) if span["recorded"])


def length_s(span: dict[str, Any]) -> float:
    began, ended = (datetime.fromisoformat(span[key]) for key in ("began_at", "ended_at"))
    return (ended - began).total_seconds()


def shown(data: bytes) -> int:
    with av.open(io.BytesIO(data), "r") as container:
        return sum(1 for _ in container.decode(video=0))


def plays(chunks: Iterator[bytes]) -> bool:
    """True as soon as there is a picture."""
    data = b""
    for chunk in chunks:
        data += chunk
        if b"moof" in data and shown(data):
            return True
    return False


def again(running: Running) -> bool:
    """There is a recording, a gap, and a recording again."""
    found = [span["recorded"] for span in spans(running)]
    return len(found) >= 3 and found[0] and found[-1]


@pytest.mark.parametrize("workers", [0, 1])
def test_what_is_recorded_can_be_played_and_a_restart_is_a_gap(
    workers: int, tmp_path: Path
) -> None:
    config, data = settings(tmp_path, workers)
    with up(config, data) as running:
        running.until(lambda: recorded_s(running) >= 3.0, "three seconds of recording")
        [span] = spans(running)
        assert span["recorded"]
        assert spans(running, "gate") == [], "recording is off where nobody asked for it"
        began = datetime.fromisoformat(span["began_at"])
        query = {
            "from": (began + timedelta(seconds=0.75)).isoformat(),
            "to": (began + timedelta(seconds=2.25)).isoformat(),
        }
        film = running.http.get("/api/v1/cameras/yard/recording.mp4", params=query)
        assert (film.status_code, shown(film.content)) == (200, 15)
        with running.http.stream("GET", "/api/v1/cameras/yard/live.mp4") as live:
            assert live.status_code == 200
            assert plays(live.iter_bytes())
        metrics = running.http.get("/metrics").text
        assert "vedette_recording_segments_total" in metrics
        assert running.stop() == 0
    with up(config, data) as running:
        running.until(lambda: again(running), "a gap and a new recording")
        before, gap, after = spans(running)
        assert [gap["cause"], gap["lasts"]] == ["stopped", False]
        assert before["recorded"]
        assert after["recorded"]


def test_after_kill_9_the_recording_goes_on_and_loses_a_second_at_most(tmp_path: Path) -> None:
    config, data = settings(tmp_path, 0)
    with up(config, data) as running:
        running.until(lambda: recorded_s(running) >= 2.0, "two seconds of recording")
        killed = datetime.now(UTC)
        running.kill()
    with up(config, data) as running:
        running.until(lambda: again(running), "a gap and a new recording")
        before, *gaps, _ = spans(running)
    assert {gap["cause"] for gap in gaps} <= {"stopped", "damaged"}
    lost = killed - datetime.fromisoformat(before["ended_at"])
    assert lost < timedelta(seconds=2.5)


def test_a_worker_that_is_killed_leaves_a_gap_and_its_last_segment(tmp_path: Path) -> None:
    config, data = settings(tmp_path, 1)
    with up(config, data) as running:
        running.until(lambda: recorded_s(running) >= 2.0, "two seconds of recording")
        [worker] = running.http.get("/api/v1/status").json()["workers"]
        os.kill(worker["pid"], signal.SIGKILL)
        killed = datetime.now(UTC)
        running.until(lambda: again(running), "a gap and a new recording")
        before, *gaps, _ = spans(running)
        assert running.stop() == 0
    assert {gap["cause"] for gap in gaps} <= {"worker_lost", "damaged"}
    assert killed - datetime.fromisoformat(before["ended_at"]) < timedelta(seconds=2.5)
    assert sum(length_s(gap) for gap in gaps) < 15.0
