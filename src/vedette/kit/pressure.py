"""How hard-pressed we are: a level that cameras read, and that whoever measures something sets."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

TICK_S = 1.0
CALM_S = 5.0
"""A level falls by one when it was not needed for so long."""
MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """What cameras are asked to do without."""

    level: int = 0
    """0 nothing; 1 fewer analysed frames; 2 also the frames that no other needs; 3 everything but
    keyframes."""
    reason: str = ""
    """Whose limit it is, in words; empty at level 0."""


NONE = Pressure()


class PressureBoard:
    """The highest level that anyone asks for. Written and read by any thread."""

    def __init__(self) -> None:
        self._asked: dict[str, Pressure] = {}
        self._gauges: dict[str, WaitGauge] = {}
        self._lock = threading.Lock()
        self._now = NONE
        self._ticked_s = 0.0

    @property
    def now(self) -> Pressure:
        return self._now

    def gauge(self, who: str, limits_s: Sequence[float]) -> "WaitGauge":
        """The one gauge of this name, made at its first use."""
        with self._lock:
            if who not in self._gauges:
                self._gauges[who] = WaitGauge(self, who, limits_s)
            return self._gauges[who]

    def tick(self, now_s: float) -> None:
        """Time goes on, also where nobody waits; called by all cameras, does little."""
        if 0.0 <= now_s - self._ticked_s < TICK_S:
            return
        self._ticked_s = now_s
        for gauge in list(self._gauges.values()):
            gauge.tick(now_s)

    def ask(self, who: str, level: int, reason: str = "") -> None:
        """Ask all cameras to save; `level` 0 takes it back.

        Args:
            who: one voice for each thing that is measured: `detector`, `bus` ...
            reason: what is over which limit, for people.
        """
        with self._lock:
            self._asked.pop(who, None)
            if level > 0:
                self._asked[who] = Pressure(level=min(level, MOST), reason=reason or who)
            self._now = max(self._asked.values(), key=lambda asked: asked.level, default=NONE)


class Settling:
    """A level with hysteresis: rises at once, falls step by step when it was calm for a while."""

    def __init__(self, limits: Sequence[float], *, calm_s: float = CALM_S) -> None:
        """Take the values from which on level 1, 2 ... holds, ascending."""
        self._limits = tuple(limits)
        self._calm_s = calm_s
        self._since_s = 0.0
        self.level = 0

    def at(self, value: float, now_s: float) -> int:
        """The level after one more measurement; `now_s` is monotonic."""
        wanted = sum(value >= limit for limit in self._limits)
        if wanted >= self.level:
            self.level, self._since_s = wanted, now_s
        elif now_s - self._since_s >= self._calm_s:
            self.level, self._since_s = self.level - 1, now_s
        return self.level


class WaitGauge:
    """Turns the time that cameras wait for an answer into a level on the board."""

    def __init__(self, board: PressureBoard, who: str, limits_s: Sequence[float]) -> None:
        self._board = board
        self._who = who
        self._settling = Settling(limits_s)
        self._lock = threading.Lock()
        self._mean_s = 0.0
        self._last_s = 0.0

    def waited(self, seconds: float, now_s: float) -> None:
        """One answer came after so long, or will not come; called by every camera."""
        with self._lock:
            self._last_s = now_s
            self._mean_s += 0.2 * (seconds - self._mean_s)
            before = self._settling.level
            level = self._settling.at(self._mean_s, now_s)
        if level != before:
            self._board.ask(self._who, level, f"the {self._who} answers after {self._mean_s:.1f} s")

    def tick(self, now_s: float) -> None:
        """Where nobody asks any more, nobody waits."""
        if now_s - self._last_s > TICK_S:
            self.waited(0.0, now_s)
