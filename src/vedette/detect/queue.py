"""Frames that wait for the detector: a short line per camera, served in turn, within bounds.

Nothing here waits or locks; `vedette.detect.server` does that.
"""

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass

from vedette.contracts.frame import Frame
from vedette.contracts.sight import Detections

Answer = Future[Detections]

RECENT_S = 10.0
"""Waits that ended longer ago say nothing about now."""
REMEMBERED = 512
GROW_AFTER = 64
"""Good batches of full size before a larger one is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One frame in the queue."""

    frame: Frame
    answer: Answer
    since_s: float
    """When it came, by the server's clock."""


class FairQueue:
    """Round robin among cameras, so that none can starve the others, however often it asks."""

    def __init__(self, *, capacity: int, per_camera: int) -> None:
        self._capacity = capacity
        self._per_camera = per_camera
        self._lines: dict[str, deque[Asked]] = {}
        """By camera; the first one is served next."""
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def has_room(self, camera_id: str) -> bool:
        """True where one more frame of this camera may wait."""
        return self._size < self._capacity and (
            len(self._lines.get(camera_id, ())) < self._per_camera
        )

    def add(self, asked: Asked) -> None:
        """Put it at the end of its camera's line."""
        self._lines.setdefault(asked.frame.camera_id, deque()).append(asked)
        self._size += 1

    def take(self, most: int) -> list[Asked]:
        """Up to `most` frames: one of each camera, then the second ones, in turn."""
        taken: list[Asked] = []
        while self._lines and len(taken) < most:
            camera_id = next(iter(self._lines))
            line = self._lines.pop(camera_id)
            taken.append(line.popleft())
            if line:
                self._lines[camera_id] = line  # to the end
        self._size -= len(taken)
        return taken

    def oldest_s(self) -> float | None:
        """When the frame came that waits longest; None where nothing waits."""
        return min((line[0].since_s for line in self._lines.values()), default=None)


class BatchSize:
    """How many frames go in one call: half as many when memory ran out, slowly more again.

    Additive increase, multiplicative decrease (Chiu and Jain 1989), as TCP does it.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.now = most
        self._good = 0

    def too_large(self, tried: int) -> None:
        """A batch of `tried` frames did not fit."""
        self.now = max(1, min(self.now, tried // 2))
        self._good = 0

    def fitted(self, size: int) -> None:
        """A batch of `size` frames went well."""
        if self.now >= self.most or size < self.now:
            return
        self._good += 1
        if self._good >= GROW_AFTER:
            self.now += 1
            self._good = 0


class Waits:
    """How long frames waited in the queue, lately."""

    def __init__(self) -> None:
        self._ended: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)
        """(when, how long), in seconds."""

    def add(self, now_s: float, waited_s: float) -> None:
        self._ended.append((now_s, waited_s))

    def percentiles(self, now_s: float, *parts: float) -> list[float]:
        """The waits of the last seconds below which these parts (0..1) of all lie; 0.0 for none."""
        recent = sorted(waited for when, waited in self._ended if now_s - when <= RECENT_S)
        if not recent:
            return [0.0 for _ in parts]
        return [recent[min(len(recent) - 1, int(part * len(recent)))] for part in parts]
