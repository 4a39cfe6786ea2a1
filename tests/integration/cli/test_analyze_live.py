"""`vedette analyze` on what never ends: an interrupt ends it, and what was found is kept."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.command import CLIP, environment
from tests.servers.rtsp import RtspServer

ENOUGH = 80
"""Frames, in which somebody walks."""


def test_an_interrupted_camera_gives_what_was_seen_so_far(tmp_path: Path) -> None:
    shutil.copy(CLIP, tmp_path / "door.mp4")
    ours, theirs = os.openpty()
    with RtspServer(tmp_path) as camera, Screen(ours) as screen:
        command = ["analyze", camera.url("door.mp4"), "--json", str(tmp_path / "events.jsonl")]
        running = subprocess.Popen(
            [sys.executable, "-m", "vedette", *command],
            env=environment() | {"TERM": "xterm", "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
        )
        os.close(theirs)
        try:
            screen.wait_for_frames(ENOUGH, within_s=120)
            running.send_signal(signal.SIGINT)
            out, _ = running.communicate(timeout=120)
        finally:
            running.kill()

    assert running.returncode == 0, screen.shown
    assert "frames" in out
    events = (tmp_path / "events.jsonl").read_text().splitlines()
    assert events
    assert all('"state": "closed"' in event for event in events)


class Screen:
    """What a terminal shows, read as it comes: a terminal that nobody reads holds who writes."""

    def __init__(self, handle: int) -> None:
        self.shown = ""
        self._handle = handle
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._thread.join(10)
        os.close(self._handle)

    def wait_for_frames(self, frames: int, *, within_s: float) -> None:
        """Until the progress bar has come that far."""

        def come() -> bool:
            counts = re.findall(r"(\d+)/\?", self.shown)
            return max(map(int, counts), default=0) >= frames

        with self._changed:
            assert self._changed.wait_for(come, within_s), self.shown

    def _read(self) -> None:
        with suppress(OSError):  # the other end is closed: the program ended
            while piece := os.read(self._handle, 4096):
                with self._changed:
                    self.shown += piece.decode(errors="replace")
                    self._changed.notify_all()
