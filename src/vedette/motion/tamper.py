"""Is the camera itself covered, defocused or turned away? Compares with the view that it learnt.

Only what lasts is told, and only what no change of light, weather or traffic does: the present
picture is projected on the learnt one (whose noise is averaged away), in fine and in coarse detail
and block by block, so that it does not matter how bright, how noisy or how hazy it is.

- covered: nearly everywhere the fine detail of the view is gone, and nothing else came instead;
- defocused: the coarse view is still there, and its fine detail is not (fog and dusk take both);
- shifted: the view is there, but elsewhere (phase correlation, Kuglin and Hines 1975); or for a
  long time there is another view altogether.
"""

import math
from dataclasses import dataclass, field
from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt

from vedette.contracts.frame import Frame
from vedette.contracts.sight import F32

COLUMNS, ROWS = 192, 108
BLOCK = 12
"""Points of a block, in both directions."""
WIDE = 65
"""Points over which the brightness of a place is averaged."""
LOOK_S = 2.0
"""It looks this often at most."""
LEARN_LOOKS = 15
"""Looks before it judges; until then the view is their mean."""
FOLLOW_S = 300.0
"""Time in which the learnt view follows the present one."""
ACCEPT_S = 3600.0
"""After so long, what was tampering is how things are."""
FEWEST_LOOKS = 3
STRUCTURE = 1.5
"""A block has something to see where the fine detail is at least so many levels."""
ENOUGH_BLOCKS = 0.15
"""Part of the blocks that must have, or nothing is judged (night, a white wall)."""
GONE = 0.3
"""Fine detail of a block is gone when less than this part of the learnt is left."""
NEARLY_ALL = 0.9
FADED = 0.5
"""Detail that had gone to this before the rest went: night fell, nobody covered anything."""
LOST = 0.12
"""Correlation with the learnt view below which it is not seen any more."""
SAME = 0.6
"""From this correlation on, the coarse view is the same."""
AWAY = 0.6
"""Fine detail that is left where it was, relative to the coarse; with less it is not there."""
BLURRED = 0.35
"""With less than this of it, and nothing of it elsewhere, the picture is defocused."""
WEAK = 0.5
"""Strength of a typical block's detail, wherever it is, below which it is not elsewhere."""
FOUND = 0.5
"""Correlation with the moved view from which on it was found again."""
LEAST_SHIFT = 0.02
"""Of the picture's width."""
ELSEWHERE = 6.0
"""Another view must last this many times as long as a known shift: lorries stop in front."""

Bools = npt.NDArray[np.bool_]


class Tampering(StrEnum):
    NONE = ""
    COVERED = "covered"
    DEFOCUSED = "defocused"
    SHIFTED = "shifted"


@dataclass(frozen=True, slots=True, kw_only=True)
class TamperFinding:
    """What is told of a camera at one moment."""

    kind: Tampering
    since_us: int
    """When it began; for NONE when it was looked at."""
    numbers: dict[str, float]
    """`detail` and `view`: parts of the learnt fine and coarse detail that are left; `gone`: part
    of the blocks without; `dx`, `dy`: the shift as part of the picture."""


@dataclass(slots=True, kw_only=True)
class _View:
    """What was learnt of pictures of one size."""

    shape: tuple[int, int]
    mean: F32
    """(rows, columns) running mean of the luma, in levels."""
    looks: int = 1
    fine: F32 = field(init=False)
    coarse: F32 = field(init=False)
    energy: F32 = field(init=False)
    """(block rows, block columns) mean square of the fine detail."""
    rich: Bools = field(init=False)
    """Blocks in which there is something to see."""

    def __post_init__(self) -> None:
        self.settle()

    def settle(self) -> None:
        """Compute what follows from the mean."""
        self.fine, self.coarse = _details(self.mean)
        self.energy = _blocks(self.fine * self.fine)
        self.rich = self.energy >= STRUCTURE**2


class TamperWatch:
    """Watches one camera. Pure: time is the frames' own; all that it knows is in here."""

    def __init__(self, *, after_s: float) -> None:
        self._after_us = round(after_s * 1e6)
        self._view: _View | None = None
        self._look_us: int | None = None
        self._kind = Tampering.NONE
        """What the latest looks show."""
        self._since_us = 0
        self._looks = 0
        self._told = Tampering.NONE
        self._detail = 1.0
        """Fine detail that was left when all was well."""

    def look(self, frame: Frame) -> TamperFinding | None:
        """Compare with the learnt view; what changed in what is to be told, else None."""
        at_us, last_us = frame.at_us, self._look_us
        if last_us is not None and 0 <= at_us - last_us < LOOK_S * 1e6:
            return None
        self._look_us = at_us
        size = (COLUMNS, ROWS)
        small = cv2.resize(frame.y, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        view = self._view
        if view is None or view.shape != frame.y.shape or view.looks < LEARN_LOOKS:
            return self._learn_first(frame, small)
        kind, numbers = _judge(view, small)
        faded = self._kind is Tampering.NONE and self._detail < FADED
        if kind is Tampering.NONE or (kind is Tampering.COVERED and faded):
            kind, self._detail = Tampering.NONE, numbers.get("detail", 0.0)
        if kind is not self._kind:
            self._kind, self._since_us, self._looks = kind, at_us, 0
        self._looks += 1
        if kind is Tampering.NONE:
            step_s = 0.0 if last_us is None else max(0.0, (at_us - last_us) / 1e6)
            _follow(view, small, min(0.5, step_s / FOLLOW_S))
            return self._tell(Tampering.NONE, at_us, numbers)
        return self._lasting(small, at_us, numbers)

    def forget(self) -> None:
        """The scene is not known any more; what was told is over."""
        self._view = self._look_us = None
        self._kind = self._told = Tampering.NONE

    def _learn_first(self, frame: Frame, small: F32) -> TamperFinding | None:
        view = self._view
        if view is None or view.shape != frame.y.shape:
            height, width = frame.y.shape
            self._view = _View(shape=(height, width), mean=small)
        else:
            view.looks += 1
            _follow(view, small, 1.0 / view.looks)
        self._kind, self._detail = Tampering.NONE, 1.0
        return self._tell(Tampering.NONE, frame.at_us, {})

    def _lasting(self, small: F32, at_us: int, numbers: dict[str, float]) -> TamperFinding | None:
        """Tell what has been so for long enough; accept what has been so for ever."""
        lasts_us = at_us - self._since_us
        patience = ELSEWHERE if self._kind is Tampering.SHIFTED and "dx" not in numbers else 1.0
        if lasts_us >= ACCEPT_S * 1e6 and self._view is not None:
            _follow(self._view, small, 1.0)
            self._view.looks = 1
            self._kind = Tampering.NONE
            return self._tell(Tampering.NONE, at_us, {"accepted_s": ACCEPT_S})
        if lasts_us >= patience * self._after_us and self._looks >= FEWEST_LOOKS:
            return self._tell(self._kind, self._since_us, numbers)
        return None

    def _tell(
        self, kind: Tampering, since_us: int, numbers: dict[str, float]
    ) -> TamperFinding | None:
        if kind is self._told:
            return None
        self._told = kind
        return TamperFinding(kind=kind, since_us=since_us, numbers=numbers)


def _judge(view: _View, small: F32) -> tuple[Tampering, dict[str, float]]:
    """What one picture shows, and the figures behind it."""
    if view.rich.mean() < ENOUGH_BLOCKS:
        return Tampering.NONE, {}
    fine, coarse = _details(small)
    left = np.sqrt(_blocks(fine * fine)[view.rich] / view.energy[view.rich])
    likeness, detail = _projected(fine, view.fine)
    coarse_likeness, gain = _projected(coarse, view.coarse)
    gone = float((left < GONE).mean())
    numbers = {
        "detail": round(detail, 3),
        "view": round(gain, 3),
        "likeness": round(likeness, 3),
        "gone": round(gone, 3),
    }
    if coarse_likeness >= SAME:
        return _judge_same(view, fine, float(np.median(left)), numbers)
    if likeness >= LOST:
        return Tampering.NONE, numbers
    if gone >= NEARLY_ALL:
        return Tampering.COVERED, numbers
    shift = _shift(view, fine)
    return Tampering.SHIFTED, {**numbers, **(shift or {})}


def _judge_same(
    view: _View, fine: F32, strength: float, numbers: dict[str, float]
) -> tuple[Tampering, dict[str, float]]:
    """The coarse view is where it was: is its detail gone, or a little aside?"""
    gain = max(numbers["view"], 1e-6)
    if numbers["detail"] >= AWAY * gain:
        return Tampering.NONE, numbers
    if strength < WEAK * gain:
        blurred = numbers["detail"] < BLURRED * gain
        return (Tampering.DEFOCUSED if blurred else Tampering.NONE), numbers
    shift = _shift(view, fine)
    if shift is None:
        return Tampering.NONE, numbers
    return Tampering.SHIFTED, {**numbers, **shift}


def _shift(view: _View, fine: F32) -> dict[str, float] | None:
    """By which part of the picture the view moved; None where it is not found again."""
    window = cv2.createHanningWindow((COLUMNS, ROWS), cv2.CV_32F)
    (dx, dy), _ = cv2.phaseCorrelate(view.fine * window, fine * window)
    move = np.array([[1.0, 0.0, dx], [0.0, 1.0, dy]], dtype=np.float64)
    there = np.asarray(cv2.warpAffine(view.fine, move, (COLUMNS, ROWS)), dtype=np.float32)
    found, _ = _projected(fine, there)
    if found < FOUND or np.hypot(dx, dy) < LEAST_SHIFT * COLUMNS:
        return None
    return {"dx": round(dx / COLUMNS, 3), "dy": round(dy / ROWS, 3)}


def _details(picture: F32) -> tuple[F32, F32]:
    """Fine detail (within a few points) and coarse (over tens of them), without the brightness."""
    near = cv2.GaussianBlur(picture, (0, 0), 2.0)
    wide = cv2.blur(near, (WIDE, WIDE))
    return picture - near, near - wide


def _blocks(values: F32) -> F32:
    """(block rows, block columns) means."""
    blocks: F32 = values.reshape(ROWS // BLOCK, BLOCK, COLUMNS // BLOCK, BLOCK).mean(axis=(1, 3))
    return blocks


def _projected(now: F32, learnt: F32) -> tuple[float, float]:
    """Correlation, and how much of the learnt is left (1: all of it); noise counts in neither."""
    product = float(np.vdot(now, learnt))
    power, learnt_power = float(np.vdot(now, now)), float(np.vdot(learnt, learnt))
    both = math.sqrt(power * learnt_power)
    return product / max(both, 1e-9), product / max(learnt_power, 1e-9)


def _follow(view: _View, small: F32, rate: float) -> None:
    view.mean += np.float32(rate) * (small - view.mean)
    view.settle()
