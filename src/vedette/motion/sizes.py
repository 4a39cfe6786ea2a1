"""Did something move? Watches the sizes of packets, where they tell busy pictures from idle ones.

An encoder with a free bit rate (VBR) spends bits where the picture changes; one with a fixed rate
(CBR) spends the same on noise. Which of the two a camera is, it shows itself: sizes in quiet and in
busy times are kept apart, and what they are worth is the area under their ROC curve (Hanley and
McNeil 1982, "The meaning and use of the area under a receiver operating characteristic curve").
"""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

TOGETHER = 4
"""Packets whose sizes are averaged: encoders alternate between large and small ones."""
_PER_OCTAVE = 8
_BINS = 24 * _PER_OCTAVE
ENOUGH = 75
"""So many averages of a kind, and their distribution is known."""
_GROWTH = 2.0 ** (1.0 / 6000.0)
"""The weight of what was seen halves after so many packets (four minutes at 25 a second)."""
QUIET_SHARE = 0.999
"""Part of the averages of quiet times that lies below the threshold, apart from the margin."""
MARGIN = 0.35
"""Octaves above that: 27 % more."""
ALARM_STEP = 0.35
"""Each false alarm raises the margin by so many octaves."""
MOST_MARGIN = 3.0
_EASING = 0.9999
"""What false alarms added is forgotten, by each packet that is labelled (to half in 5 minutes)."""
WORTH = 0.95
"""From this area under the curve on, sizes are worth watching."""


def _no_levels() -> F64:
    return np.zeros(_BINS, dtype=np.float64)


@dataclass(slots=True, kw_only=True)
class PacketSizes:
    """The sizes of one camera's packets between keyframes."""

    _latest: deque[int] = field(default_factory=lambda: deque(maxlen=TOGETHER))
    _sum: int = 0
    _pending: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=2000))
    """Time and bin of averages that nobody has said anything of."""
    _quiet: F64 = field(default_factory=_no_levels)
    _busy: F64 = field(default_factory=_no_levels)
    _weight: float = 1.0
    _alarms: float = 0.0
    """Octaves added by false alarms."""
    _limit: float = math.inf
    """Bin from which on an average is loud."""
    _stale: int = 0
    """Averages that were labelled since the limit was computed."""

    separation: float | None = None
    """Chance that a busy packet is larger than a quiet one, 0..1; None while unknown."""

    def _separate(self) -> float | None:
        if not (self._known(self._quiet) and self._known(self._busy)):
            return None
        below = np.cumsum(self._quiet) - 0.5 * self._quiet
        return float(self._busy @ below / (self._busy.sum() * self._quiet.sum()))

    @property
    def armed(self) -> bool:
        """Sizes may open the gate: nothing speaks against it."""
        worth = self.separation is None or self.separation >= WORTH
        return worth and self._known(self._quiet)

    @property
    def tell(self) -> bool:
        """Sizes were seen to tell busy from idle."""
        worth = self.separation is not None and self.separation >= WORTH
        return worth and self._alarms < MOST_MARGIN / 2

    def begin(self) -> None:
        """Another opening of the camera; what is known of it stays."""
        self._latest.clear()
        self._pending.clear()
        self._sum = 0

    def add(self, size: int, at_us: int, *, key: bool = False) -> bool:
        """One more packet; True where it is louder than quiet ones are."""
        if key:
            return False
        latest = self._latest
        if len(latest) == TOGETHER:
            self._sum -= latest[0]
        latest.append(size)
        self._sum += size
        if len(latest) < TOGETHER:
            return False
        level = min(_BINS - 1, int(math.log2(max(1, self._sum)) * _PER_OCTAVE))
        self._pending.append((at_us, level))
        return level >= self._limit

    def label(self, until_us: int, *, busy: bool) -> None:
        """Say what the picture showed up to this time, since it was last said."""
        kind = self._busy if busy else self._quiet
        pending = self._pending
        while pending and pending[0][0] <= until_us:
            self._weight *= _GROWTH
            self._alarms *= _EASING
            kind[pending.popleft()[1]] += self._weight
            self._stale += 1
        if self._stale >= ENOUGH // 3:
            self._stale = 0
            self._settle()

    def false_alarm(self) -> None:
        """What was loud was nothing: be harder of hearing."""
        self._alarms = min(MOST_MARGIN, self._alarms + ALARM_STEP)
        self._settle()

    def _known(self, kind: F64) -> bool:
        return float(kind.sum()) >= ENOUGH * self._weight * 0.5

    def _settle(self) -> None:
        """Compute the limit anew."""
        if self._weight > 1e9:
            self._quiet /= self._weight
            self._busy /= self._weight
            self._weight = 1.0
        self.separation = self._separate()
        self._limit = math.inf
        if self.armed:
            below = np.cumsum(self._quiet) / self._quiet.sum()
            top = int(np.searchsorted(below, QUIET_SHARE)) + 1
            self._limit = top + (MARGIN + self._alarms) * _PER_OCTAVE
