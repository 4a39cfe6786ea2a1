"""Maps a stream's own clock (PTS, DTS) to UTC and to one unbroken timeline. Pure.

Live: the first packet is taken to be now, later ones follow the stream's clock; when that clock
and the wall clock disagree by more than 500 ms for more than a second, the stream's clock is
put right. Forward at once; backward by letting time pass more slowly until it fits, so that it
never goes back. Files: an agreed start, and only the file's clock. See docs/adr/0005.
"""

from collections import deque
from dataclasses import dataclass
from fractions import Fraction

from vedette.sources.stats import SourceStats

US = 1_000_000

DRIFT_US = 500_000
"""More disagreement than this with the wall clock is drift, not jitter."""
DRIFT_FOR_US = 1_000_000
"""Drift must last this long: a burst after a stall is gone sooner."""
OPENING_US = 3_000_000
"""So long after opening, a packet that comes before its time puts the anchor back: the first ones
had waited (for the format to be found out), and none comes before it was made."""
EARLY_US = 20_000
SLEW = 4
"""While time is ahead, one part in this many is taken back."""
BACK_S = 1.0
"""A step back of more than this is a jump; a smaller one is disorder."""
LIVE_GAP_S = 10.0
"""A step forward of this much more than really passed is a jump."""
FILE_GAP_S = 3600.0
"""A step forward of more than this within a file is a jump (time-lapses have long steps)."""
REORDER_S = 10.0
"""A picture is shown at most this long after it is decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Where one packet stands: in ticks without breaks, and in UTC."""

    pts: int
    dts: int
    at_us: int


def ticks_to_us(ticks: int, time_base: Fraction) -> int:
    """Microseconds of a number of ticks, rounded down; exact integers, no floats."""
    return ticks * time_base.numerator * US // time_base.denominator


def us_to_ticks(micros: int, time_base: Fraction) -> int:
    """Ticks of a number of microseconds, rounded down."""
    return micros * time_base.denominator // (time_base.numerator * US)


class Continuity:
    """Makes one timeline of what a demuxer says: DTS only grow, no PTS is missing or twice."""

    def __init__(self, time_base: Fraction, frame_rate: float, stats: SourceStats) -> None:
        rate = frame_rate if 0.0 < frame_rate <= 1000.0 else 25.0
        self.nominal = max(1, round(1 / (rate * time_base)))
        """Ticks of one frame, where nothing better is known."""
        self._time_base = time_base
        self._stats = stats
        self._shift = 0
        self._last: int | None = None
        self._known = False
        self._restarted = False
        self._recent: deque[int] = deque(maxlen=32)
        self.end = 0
        """Where the last picture ends, in ticks."""
        self.jumped = False
        """The latest packet came after a break."""

    def place(
        self, pts: int | None, dts: int | None, duration: int, most_gap_s: float
    ) -> tuple[int, int]:
        """PTS and DTS on the unbroken timeline, in ticks.

        Args:
            pts, dts: as the demuxer says, None where it does not know.
            duration: ticks, 0 where unknown.
            most_gap_s: a step forward of more than this is a break.
        """
        self.jumped = False
        raw = dts if dts is not None else pts
        if raw is None:
            self._stats.missing_pts += 1
            placed = self._next()
        else:
            placed = self._continue(raw, most_gap_s)
            self._known = True
        shown = placed if pts is None or raw is None else pts + self._shift
        if not placed <= shown <= placed + self._ticks(REORDER_S):
            shown = placed
        while shown in self._recent:
            shown += 1
        self._recent.append(shown)
        self._last = placed
        self.end = max(self.end, shown + (duration if duration > 0 else self.nominal))
        return shown, placed

    @property
    def shift(self) -> int:
        """Ticks that are added to what the demuxer says at present."""
        return self._shift

    def restart(self, first: int, at: int | None = None) -> None:
        """Another beginning: its `first` tick is now `at`, or follows the end (never before)."""
        self._shift = max(self.end, at or 0) - first
        self._restarted = True
        self._recent.clear()

    def _next(self) -> int:
        return 0 if self._last is None else self._last + self.nominal

    def _continue(self, raw: int, most_gap_s: float) -> int:
        if self._last is None:
            return raw
        if not self._known:  # the first packets had no time at all
            self._shift = self._next() - raw
            return self._next()
        step = raw + self._shift - self._last
        if self._restarted:  # as far from the one before as it may be
            self._restarted = False
            return self._last + max(1, step)
        if step > self._ticks(most_gap_s) or step < -self._ticks(BACK_S):
            self._stats.jumps += 1
            self.jumped = True
            self._shift = self._next() - raw
            return self._next()
        return self._last + max(1, step)

    def _ticks(self, seconds: float) -> int:
        return us_to_ticks(round(seconds * US), self._time_base)


class FileTime:
    """Times of a recording: `start_us` and the file's own clock; loops add the duration."""

    def __init__(
        self, *, start_us: int, time_base: Fraction, frame_rate: float, stats: SourceStats
    ) -> None:
        self._start_us = start_us
        self._time_base = time_base
        self._order = Continuity(time_base, frame_rate, stats)
        self._first: int | None = None
        self._first_raw: int | None = None
        self._begins_again = False
        self._begins_us: int | None = None
        self.now = 0
        """DTS of the latest packet, in ticks."""

    @property
    def order(self) -> Continuity:
        """The unbroken timeline."""
        return self._order

    def utc(self, ticks: int) -> int:
        """UTC of a tick of the unbroken timeline."""
        return self._start_us + ticks_to_us(ticks - (self._first or 0), self._time_base)

    def stamp(self, pts: int | None, dts: int | None, duration: int, arrived_us: int) -> Stamp:
        """Place one packet; when it arrived does not matter."""
        raw = pts if pts is not None else dts
        if self._begins_again:
            first = raw if raw is not None else (self._first_raw or 0)
            self._order.restart(first, self._ticks_of(self._begins_us))
            self._begins_again = False
        shown, placed = self._order.place(pts, dts, duration, FILE_GAP_S)
        if self._first is None:
            self._first, self._first_raw = shown, raw
        self.now = placed
        return Stamp(pts=shown, dts=placed, at_us=self.utc(shown))

    def again(self, begins_us: int | None = None) -> None:
        """The next packet is the first of the file again, or of the next file.

        Args:
            begins_us: UTC of that file's begin, where it is known; time never goes back for it.
        """
        self._begins_again = True
        self._begins_us = begins_us

    @property
    def end_us(self) -> int:
        """UTC of the end of the last picture."""
        return self._start_us if self._first is None else self.utc(self._order.end)

    def _ticks_of(self, at_us: int | None) -> int | None:
        if at_us is None:
            return None
        return (self._first or 0) + us_to_ticks(at_us - self._start_us, self._time_base)


class LiveTime:
    """Times of a camera: the first packet is now, then the stream's clock, kept near ours."""

    def __init__(self, *, time_base: Fraction, frame_rate: float, stats: SourceStats) -> None:
        self._time_base = time_base
        self._stats = stats
        self._order = Continuity(time_base, frame_rate, stats)
        self._zero: int | None = None
        """DTS of the first packet, in ticks; counted from there."""
        self._anchor_us = 0
        """UTC of the zero."""
        self._ahead_us = 0
        """How far we are still ahead of the anchor, after it went back."""
        self._arrived_us = self._opened_us = 0
        self.now = 0
        """DTS of the latest packet, in ticks."""
        self._drifts_since: int | None = None
        self._drift_sign = 0

    def stamp(self, pts: int | None, dts: int | None, duration: int, arrived_us: int) -> Stamp:
        """Place one packet that arrived at `arrived_us` by the wall clock."""
        passed_s = max(0, arrived_us - self._arrived_us) / US
        shown, placed = self._order.place(pts, dts, duration, passed_s + LIVE_GAP_S)
        if self._zero is None:
            self._zero, self._opened_us = placed, arrived_us
            self._anchor_us = arrived_us - self._us(shown)
        else:
            self._ahead_us -= min(self._ahead_us, self._us_between(self.now, placed) // SLEW)
            self._watch(placed, arrived_us)
        self.now, self._arrived_us = placed, arrived_us
        return Stamp(pts=shown, dts=placed, at_us=self.utc(shown))

    @property
    def order(self) -> Continuity:
        """The unbroken timeline."""
        return self._order

    def utc(self, ticks: int) -> int:
        """UTC of a tick of the unbroken timeline, as things stand."""
        return self._anchor_us + self._us(ticks) + self._ahead_us

    def made_us(self) -> int:
        """When the latest packet was made, by the camera's own clock from the first one on."""
        return self._us(self.now)

    def _us(self, ticks: int) -> int:
        return ticks_to_us(ticks - (self._zero or 0), self._time_base)

    def _us_between(self, earlier: int, later: int) -> int:
        return self._us(later) - self._us(earlier)

    def _watch(self, placed: int, arrived_us: int) -> None:
        """Put the anchor right when drift lasts, or at once after a break."""
        drift_us = arrived_us - (self._anchor_us + self._us(placed))
        if drift_us < -EARLY_US and 0 <= arrived_us - self._opened_us < OPENING_US:
            self._shift_anchor(drift_us)
            return
        sign = (drift_us > DRIFT_US) - (drift_us < -DRIFT_US)
        if sign == 0:
            self._drifts_since, self._drift_sign = None, 0
            return
        if self._drifts_since is None or sign != self._drift_sign:
            self._drifts_since, self._drift_sign = arrived_us, sign
        lasted_us = arrived_us - self._drifts_since
        if self._order.jumped or not 0 <= lasted_us < DRIFT_FOR_US:
            self._reanchor(drift_us)

    def _reanchor(self, drift_us: int) -> None:
        self._stats.reanchors += 1
        self._shift_anchor(drift_us)

    def _shift_anchor(self, drift_us: int) -> None:
        self._anchor_us += drift_us
        self._ahead_us = max(0, self._ahead_us - drift_us)
        self._drifts_since, self._drift_sign = None, 0
