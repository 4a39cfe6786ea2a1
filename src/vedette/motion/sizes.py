"""Did something move? Watches the sizes of packets, where they tell busy pictures from idle ones.

An encoder with a free bit rate (VBR) spends bits where the picture changes; one with a fixed rate
(CBR) spends the same on noise. Which of the two a camera is, it shows itself: sizes in quiet and in
busy times are kept apart. The limit is set above nearly all quiet sizes (a constant false alarm
rate, Finn and Johnson 1968), and what the limit is worth is the part of busy sizes beyond it.
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
TELL = 0.5
"""Where so much of what is busy is beyond the limit, a busy moment is noticed within a second."""
USELESS = 0.05
"""Where no more is, nobody listens."""


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

    power: float | None = None
    """Part of the busy averages that is beyond the limit, 0..1; None while unknown."""

    @property
    def armed(self) -> bool:
        """Sizes may open the gate: nothing speaks against it."""
        return self._known(self._quiet) and (self.power is None or self.power > USELESS)

    @property
    def tell(self) -> bool:
        """Sizes were seen to tell busy from idle."""
        return self.power is not None and self.power >= TELL

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

    def label(self, until_us: int, *, busy: bool | None) -> None:
        """Say what the picture showed up to this time, since it was last said; None: unclear.

        What is loud and was nothing (the light began to change) teaches only by `false_alarm`:
        two such packets among the quiet ones would raise the limit for minutes.
        """
        pending = self._pending
        while pending and pending[0][0] <= until_us:
            _, level = pending.popleft()
            if busy is None or (not busy and level >= self._limit):
                continue
            self._weight *= _GROWTH
            self._alarms *= _EASING
            (self._busy if busy else self._quiet)[level] += self._weight
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
        below = np.cumsum(self._quiet) / max(1e-9, self._quiet.sum())
        limit = int(np.searchsorted(below, QUIET_SHARE)) + 1
        limit += math.ceil((MARGIN + self._alarms) * _PER_OCTAVE)
        self.power = None
        if self._known(self._busy) and self._known(self._quiet):
            self.power = float(self._busy[limit:].sum() / self._busy.sum())
        self._limit = limit if self.armed else math.inf
