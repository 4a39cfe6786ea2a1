"""The black box of a worker: which cameras were at work when it died, readable after any death.

A file mapped into memory, a line per camera: what its thread does, whether a packet is being
decoded, whether it waits for the detector (a byte each), and its id. The kernel keeps what a killed
process wrote.
"""

import mmap
import os
import threading
from enum import IntEnum
from pathlib import Path

from vedette.contracts.errors import StorageFailed
from vedette.kit.ids import is_slug

BOX = "box"
LINE = 68
_STATES = 3
MOST = 1024
"""Cameras at a time; further ones are not noted."""


class Doing(IntEnum):
    """What the thread of a camera does."""

    NOTHING = 0
    OPENING = 1
    WAITING = 2
    """For the next packet."""
    WORKING = 3
    """On a packet: keeping it, decoding, looking, deciding."""


class Side(IntEnum):
    """What goes on beside the camera's own thread."""

    DECODING = 1
    DETECTING = 2


class BlackBox:
    """Written by the threads of the cameras; a write is one byte."""

    def __init__(self, folder: Path) -> None:
        """Begin a new one.

        Raises:
            StorageFailed: the folder cannot be written.
        """
        try:
            handle = os.open(folder / BOX, os.O_RDWR | os.O_CREAT, 0o600)
            os.ftruncate(handle, 0)
            os.ftruncate(handle, LINE * MOST)
            self._map = mmap.mmap(handle, LINE * MOST)
            os.close(handle)
        except OSError as error:
            raise StorageFailed(f"{folder / BOX} cannot be written: {error.strerror}") from error
        self._lock = threading.Lock()
        self._lines: dict[str, int] = {}

    def enter(self, camera_id: str) -> None:
        """A camera begins."""
        with self._lock:
            free = next((n for n in range(MOST) if n not in self._lines.values()), None)
            if free is not None:
                self._lines[camera_id] = free
                text = bytes(_STATES) + camera_id.encode().ljust(LINE - _STATES, b"\0")
                self._map[free * LINE : (free + 1) * LINE] = text

    def leave(self, camera_id: str) -> None:
        """A camera is gone."""
        with self._lock:
            line = self._lines.pop(camera_id, None)
            if line is not None:
                self._map[line * LINE : (line + 1) * LINE] = b"\0" * LINE

    def note(self, camera_id: str, doing: Doing) -> None:
        line = self._lines.get(camera_id)
        if line is not None:
            self._map[line * LINE] = doing

    def note_side(self, camera_id: str, side: Side, busy: bool) -> None:
        line = self._lines.get(camera_id)
        if line is not None:
            self._map[line * LINE + side] = busy


def at_work(folder: Path) -> tuple[str, ...]:
    """Cameras that were opening their source or at work on a picture when the process died."""
    try:
        raw = (folder / BOX).read_bytes()[: LINE * MOST]
    except OSError:
        return ()
    found: list[str] = []
    for start in range(0, len(raw), LINE):
        doing, decoding, detecting = raw[start : start + _STATES]
        name = raw[start + _STATES : start + LINE].rstrip(b"\0").decode("ascii", "replace")
        busy = doing in (Doing.OPENING, Doing.WORKING) or decoding or detecting
        if busy and is_slug(name):
            found.append(name)
    return tuple(found)
