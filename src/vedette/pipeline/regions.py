"""Where to look closer: windows of the frame around what is small and moves.

A detector sees the whole frame at its own small size, in which somebody far away is a few pixels.
So parts of the frame go to it as well, each as large as what it takes: the same cost as a whole
frame, and two to four times the resolution (slicing aided inference, Akyon et al., ICIP 2022, but
only where something is). Where all that moves is small, the windows are enough.
"""

from dataclasses import dataclass, field

import numpy as np

from vedette.contracts.frame import Frame
from vedette.contracts.sight import F32, NO_BOXES, Bools, Detections, Motion, Tracks

SMALL = 0.11
"""Height of an object, as a part of the frame's, below which it is looked at closer."""
MOST = 4
"""Windows of one look."""
ENOUGH = 2
"""So many windows are enough without the whole frame, if all that moves is in them."""
INPUT = 640
"""About as many pixels across does a detector take: a window of so many is seen as it is."""
NARROWEST, WIDEST = 0.25, 0.5
"""Of a window, as a part of the frame."""
SAVED = 4.0
"""Looks that may be saved up: each look earns one closer look."""
MARGIN = 0.08
"""Part of a window along its inner edges in which whole objects cannot be told from cut ones."""
VAIN_S, VAIN_MOST_S = 1.0, 16.0
"""A place where nothing was found is looked at again after so long, twice as long each time."""
_CELLS = 12
"""Places are told apart on a grid of so many in each direction."""

Place = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where to look now."""

    whole: bool
    """Look at the whole frame."""
    windows: F32
    """(k, 4) parts to look at closer, fractions of the frame."""

    @property
    def areas(self) -> F32 | None:
        """(k, 4) where objects are seen if they are there; None: everywhere."""
        return None if self.whole else _inner(self.windows)


@dataclass(slots=True, kw_only=True)
class Regions:
    """Chooses windows for one camera, within what its looks have earned."""

    enabled: bool = True
    _saved: float = SAVED
    _vain: dict[Place, tuple[float, int]] = field(default_factory=dict)
    """By place: how long it is left alone (s), and until when (us)."""
    _looked_us: dict[Place, int] = field(default_factory=dict)
    """By place: when it was looked at closer."""

    def plan(
        self, frame: Frame, motion: Motion, tracks: Tracks | None, still: Bools, *, whole: bool
    ) -> Plan:
        """Choose.

        Args:
            tracks: where everything was; None where nobody knows.
            still: (n,) which of the tracks need not be looked at.
            whole: look at the whole frame in any case; else the windows may be enough.
        """
        none = Plan(whole=True, windows=NO_BOXES)
        if not self.enabled:
            return none
        self._saved = min(SAVED, self._saved + 1.0)
        targets, tiny = self._targets(motion, tracks, still, frame.at_us)
        if not tiny.any():
            return none
        part = min(max(INPUT / frame.width, NARROWEST), WIDEST)
        windows = self._cover(targets[tiny], part, min(MOST, int(self._saved)), frame.at_us)
        if not len(windows):
            return none
        enough = not whole and len(windows) <= ENOUGH and bool(inside(targets, windows).all())
        self._saved -= len(windows) - enough
        return Plan(whole=not enough, windows=windows)

    def learn(self, motion: Motion, found: Detections, windows: F32, at_us: int) -> None:
        """Remember where something small moved and nothing was found."""
        if not len(windows):
            return
        boxes = motion.boxes[_small(motion.boxes)]
        boxes = boxes[inside(boxes, windows)]
        for box, seen in zip(boxes, _touching(boxes, found.boxes).tolist(), strict=True):
            place = _place(box)
            if seen:
                self._vain.pop(place, None)
            else:
                before_s = self._vain.get(place, (0.0, 0))[0]
                pause_s = min(max(VAIN_S, 2.0 * before_s), VAIN_MOST_S)
                self._vain[place] = (pause_s, at_us + round(pause_s * 1e6))

    def forget(self) -> None:
        """Everything is new."""
        self._vain, self._looked_us = {}, {}

    def _targets(
        self, motion: Motion, tracks: Tracks | None, still: Bools, at_us: int
    ) -> tuple[F32, Bools]:
        """(n, 4) everything that moves, and which of it is small and to be looked at closer."""
        moving, followed = motion.boxes, NO_BOXES
        if tracks is not None and len(tracks):
            followed = tracks.boxes[~still]
            moving = moving[~_touching(moving, tracks.boxes)]
        boxes = np.concatenate((followed, moving))
        tiny = _small(boxes)
        for row in range(len(followed), len(boxes)):
            pause = self._vain.get(_place(boxes[row]))
            tiny[row] &= pause is None or at_us >= pause[1]
        return boxes, tiny

    def _cover(self, boxes: F32, part: float, most: int, at_us: int) -> F32:
        """At most so many windows of one size around small boxes: who waited longest comes first,
        with as many of the others as fit in."""
        left = boxes
        windows: list[F32] = []
        while len(left) and len(windows) < most:
            waited = [at_us - self._looked_us.get(_place(box), 0) for box in left]
            low = np.clip((left[:, :2] + left[:, 2:] - part) / 2.0, 0.0, 1.0 - part)
            options = np.concatenate((low, low + part), axis=1)
            held = np.stack([inside(left, option[None]) for option in options])
            held &= held[:, [int(np.argmax(waited))]]
            best = held[int(held.sum(axis=1).argmax())]
            if not best.any():
                break  # as large as a window: not small after all
            windows.append(_around(left[best], part))
            self._looked_us.update({_place(box): at_us for box in left[best]})
            left = left[~best]
        return np.array(windows, dtype=np.float32).reshape(-1, 4)


def inside(boxes: F32, windows: F32) -> Bools:
    """(n,) boxes that lie wholly in one of the windows, not too near to its edge."""
    areas = _inner(windows)
    within = np.concatenate(
        (boxes[:, None, :2] >= areas[:, :2] - 1e-6, boxes[:, None, 2:] <= areas[:, 2:] + 1e-6),
        axis=2,
    )
    held: Bools = np.any(within.all(axis=2), axis=1)
    return held


def _inner(windows: F32) -> F32:
    """(k, 4) the windows without a margin along those edges that are not the frame's."""
    inner = windows.copy()
    margin = (inner[:, 2:] - inner[:, :2]) * MARGIN
    inner[:, :2] += np.where(inner[:, :2] > 0.0, margin, 0.0)
    inner[:, 2:] -= np.where(inner[:, 2:] < 1.0 - 1e-6, margin, 0.0)
    return inner


def _around(boxes: F32, part: float) -> F32:
    """A window with all of these in its middle, so that its edges cut as little as possible."""
    low = (boxes[:, :2].min(axis=0) + boxes[:, 2:].max(axis=0) - part) / 2.0
    low = np.clip(low, 0.0, 1.0 - part)
    return np.concatenate((low, low + part)).astype(np.float32)


def _touching(boxes: F32, others: F32) -> Bools:
    """(n,) boxes whose middle lies in one of the others, or the other way round."""
    if not len(boxes) or not len(others):
        return np.zeros(len(boxes), dtype=np.bool_)
    return np.asarray(
        _middles(boxes, others).any(axis=1) | _middles(others, boxes).any(axis=0), dtype=np.bool_
    )


def _middles(boxes: F32, others: F32) -> Bools:
    """(n, m) whether the middle of one lies in the other."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2.0
    within = (middle[:, None] >= others[None, :, :2]) & (middle[:, None] <= others[None, :, 2:])
    return np.asarray(within.all(axis=2), dtype=np.bool_)


def _small(boxes: F32) -> Bools:
    """(n,) low, and not wide either."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.asarray((sides < (2.0 * SMALL, SMALL)).all(axis=1), dtype=np.bool_)


def _place(box: F32) -> Place:
    x, y = (box[:2] + box[2:]) / 2.0
    return int(x * _CELLS), int(y * _CELLS)
