"""Places sound on the timeline of the video that it comes with. Pure.

Sound and video of one stream share a clock as a rule: the same shift makes both unbroken. Cameras
whose sound runs on a clock of its own (or has none) get it anchored to the picture that is there.
"""

from fractions import Fraction
from typing import Protocol

from vedette.sources.stats import SourceStats
from vedette.sources.timemap import Continuity, Stamp

APART_S = 5
"""Sound that claims to be further from the picture than this does not know what time it is."""


class VideoTime(Protocol):
    """`LiveTime` or `FileTime`."""

    now: int

    @property
    def order(self) -> Continuity: ...

    def utc(self, ticks: int) -> int: ...


class SoundTime:
    """Times of one stream of sound."""

    def __init__(
        self, video: VideoTime, *, time_base: Fraction, video_base: Fraction, stats: SourceStats
    ) -> None:
        self._video = video
        self._per_tick = video_base / time_base
        """Ticks of sound in one of video."""
        self._most = int(APART_S / time_base)
        self._stats = stats
        self._own: int | None = None
        """What is added to the sound's own clock, where that is not the video's."""
        self._last: int | None = None
        self._end = 0

    def stamp(self, pts: int | None, duration: int) -> Stamp | None:
        """Place one packet, in ticks of sound; None where it overlaps what was there already."""
        now = int(self._video.now * self._per_tick)
        placed = self._end if pts is None else self._place(pts, now)
        if abs(placed - now) > self._most:  # went on without times for too long
            placed = now
        if self._last is not None and placed <= self._last:
            self._stats.audio_dropped += 1
            return None
        self._last, self._end = placed, placed + max(1, duration)
        return Stamp(pts=placed, dts=placed, at_us=self._video.utc(int(placed / self._per_tick)))

    def _place(self, pts: int, now: int) -> int:
        placed = pts + int(self._video.order.shift * self._per_tick)
        if abs(placed - now) <= self._most:
            return placed
        if self._own is None or abs(pts + self._own - now) > self._most:
            self._own = now - pts
        return pts + self._own
