"""`vedette analyze` on what never ends: an interrupt ends it, and what was found is kept."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.command import CLIP, environment
from tests.servers.rtsp import RtspServer


def test_an_interrupted_camera_gives_what_was_seen_so_far(tmp_path: Path) -> None:
    shutil.copy(CLIP, tmp_path / "door.mp4")
    with RtspServer(tmp_path) as camera:
        command = ["analyze", camera.url("door.mp4"), "--json", str(tmp_path / "events.jsonl")]
        running = subprocess.Popen(
            [sys.executable, "-m", "vedette", *command],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            running.wait(timeout=8)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)

    assert running.returncode == 0, err
    assert "frames" in out
    events = (tmp_path / "events.jsonl").read_text().splitlines()
    assert events
    assert all('"state": "closed"' in event for event in events)
