"""The best picture of an event from the camera's main stream, where a smaller one is looked at.

The main stream is only kept, not decoded. Its picture of a moment is decoded out of the packet
ring when the event is over, or earlier, before the ring forgets that moment; never in the camera's
thread. The clocks of two streams are known to a few tenths of a second only, so the picture that is
taken is the one that shows the object as the small one does (docs/adr/0026).
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import numpy.typing as npt

from vedette.contracts.frame import Frame
from vedette.contracts.payload import FractionBox
from vedette.contracts.sink import NewArtifact
from vedette.media.best import Candidate

Cost = Callable[[Frame], float]
Fetch = Callable[[int, Cost], Frame | None]
"""The main stream's frame around a moment (UTC, µs) that costs least; None where there is none."""
Draw = Callable[[Candidate], list[NewArtifact]]

ALIKE = 0.6
"""Correlation from which on two pictures are of the same thing: other moments have less."""
FLAT = 3.0
"""Standard deviation of luma up to which there is nothing to compare."""
_MOST_PX = 96
"""Pictures are compared at no more than this many pixels across."""

F64 = npt.NDArray[np.float64]


@dataclass(slots=True, kw_only=True)
class LargerPictures:
    """Of one event. `due` is the camera's thread's; `make` is for any other."""

    fetch: Fetch
    hold_us: int
    """A picture that has been the best for so long is fetched: the ring will soon forget it."""
    _asked: Candidate | None = None
    _of: Candidate | None = None
    """Whose pictures are made."""
    _made: list[NewArtifact] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def due(self, best: Candidate | None, now_us: int) -> bool:
        """True where this candidate is to be made now; it then is not due again."""
        if best is None or best is self._asked or now_us - best.frame.at_us < self.hold_us:
            return False
        self._asked = best
        return True

    def make(self, best: Candidate, draw: Draw) -> list[NewArtifact]:
        """The pictures of this candidate from the main stream, unless they are made already; none
        where it has none. Slow."""
        with self._lock:
            if self._of is not best:
                larger = larger_of(best, self.fetch)
                self._made = [] if larger is None else draw(larger)
                self._of = best
            return self._made


def larger_of(best: Candidate, fetch: Fetch) -> Candidate | None:
    """The candidate with the main stream's picture; None where that shows something else, or is no
    larger."""
    compare = Compare(best.frame, best.box)
    found = fetch(best.frame.at_us, compare.cost)
    if found is None or found.width <= best.frame.width or not compare.alike(found):
        return None
    return replace(best, frame=found)


class Compare:
    """Compares the surroundings of an object in pictures of different sizes."""

    def __init__(self, frame: Frame, box: FractionBox) -> None:
        """Take how the object is to look."""
        left, top, right, bottom = box
        wide, high = (right - left) / 2, (bottom - top) / 2
        self._area = (left - wide, top - high, right + wide, bottom + high)
        part = _part(frame, self._area)
        scale = min(1.0, _MOST_PX / max(1, *part.shape))
        self._size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
        self._wanted = self._look(frame)

    def cost(self, frame: Frame) -> float:
        """Mean difference of luma, brightness aside."""
        return float(np.abs(self._look(frame) - self._wanted).mean())

    def alike(self, frame: Frame) -> bool:
        """True where it shows the same thing in the same place."""
        one, other = self._wanted, self._look(frame)
        spread = float(one.std() * other.std())
        if spread < FLAT * FLAT:
            return bool(max(one.std(), other.std()) < 2 * FLAT)
        return float((one * other).mean()) / spread >= ALIKE

    def _look(self, frame: Frame) -> F64:
        part = cv2.resize(_part(frame, self._area), self._size, None, 0, 0, cv2.INTER_AREA)
        luma: F64 = np.asarray(part, dtype=np.float64)
        return np.asarray(luma - luma.mean(), dtype=np.float64)


def _part(frame: Frame, area: tuple[float, float, float, float]) -> npt.NDArray[np.uint8]:
    """Luma of an area, as far as it lies in the frame; at least a pixel."""
    left = min(frame.width - 1, max(0, int(area[0] * frame.width)))
    top = min(frame.height - 1, max(0, int(area[1] * frame.height)))
    right = max(left + 1, round(min(1.0, area[2]) * frame.width))
    bottom = max(top + 1, round(min(1.0, area[3]) * frame.height))
    return frame.y[top:bottom, left:right]
