"""How long each stage of a camera takes: of all its pictures, and of the one in hand."""

from dataclasses import dataclass, field
from enum import StrEnum

from vedette.kit.clock import Clock, SystemClock
from vedette.kit.histogram import Histogram


class Timed(StrEnum):
    """The stages of one picture, in their order."""

    DECODE = "decode"
    MOTION = "motion"
    """With tamper."""
    DETECT = "detect"
    """From asking until the answer is there: with the wait for other cameras."""
    TRACK = "track"
    JUDGE = "judge"
    """Zones and rules."""
    EVENT = "event"
    """Opening, keeping and closing events, with their first pictures."""


@dataclass(frozen=True, slots=True)
class Lap:
    """One stage of one picture, in seconds of the monotonic clock."""

    stage: Timed
    began_s: float
    ended_s: float


@dataclass(slots=True, kw_only=True)
class Stopwatch:
    """Of one camera; used by the thread of its pictures, read by anyone."""

    clock: Clock = field(default_factory=SystemClock)
    stages: dict[Timed, Histogram] = field(
        default_factory=lambda: {each: Histogram() for each in Timed}
    )
    laps: list[Lap] = field(default_factory=list)
    """Of the picture in hand."""
    _since_s: float = 0.0

    def picture(self) -> None:
        """Another picture, and its first stage, begin now."""
        self.laps.clear()
        self.begin()

    def begin(self) -> None:
        """The next stage begins now."""
        self._since_s = self.clock.monotonic()

    def lap(self, stage: Timed) -> None:
        """This stage ends now, and the next one begins."""
        now_s = self.clock.monotonic()
        self.stages[stage].add(now_s - self._since_s)
        self.laps.append(Lap(stage, self._since_s, now_s))
        self._since_s = now_s
