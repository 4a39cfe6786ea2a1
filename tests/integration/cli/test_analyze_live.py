"""`vedette analyze` on what never ends: an interrupt ends it, and what was found is kept."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

from tests.command import CLIP, environment
from tests.servers.rtsp import RtspServer

ENOUGH = 80
"""Frames, in which somebody walks."""


def test_an_interrupted_camera_gives_what_was_seen_so_far(tmp_path: Path) -> None:
    shutil.copy(CLIP, tmp_path / "door.mp4")
    ours, terminal = os.openpty()
    with RtspServer(tmp_path) as camera, os.fdopen(ours, "rb", buffering=0) as screen:
        command = ["analyze", camera.url("door.mp4"), "--json", str(tmp_path / "events.jsonl")]
        running = subprocess.Popen(
            [sys.executable, "-m", "vedette", *command],
            env=environment() | {"TERM": "xterm", "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=terminal,
            text=True,
        )
        os.close(terminal)
        shown = _until_frames(screen, ENOUGH)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=60)

    assert running.returncode == 0, shown
    assert "frames" in out
    events = (tmp_path / "events.jsonl").read_text().splitlines()
    assert events
    assert all('"state": "closed"' in event for event in events)


def _until_frames(screen: BinaryIO, frames: int) -> str:
    """Read what the progress bar shows until it has come that far."""
    shown = ""
    while max(map(int, re.findall(r"(\d+)/\?", shown)), default=0) < frames:
        try:
            shown += screen.read(4096).decode(errors="replace")
        except OSError as gone:  # the terminal's other end is closed: it ended by itself
            raise AssertionError(shown) from gone
    return shown
