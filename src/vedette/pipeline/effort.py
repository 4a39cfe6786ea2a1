"""How much one camera may do: what all are asked to save, and what its own lag demands."""

from dataclasses import dataclass, field

from vedette.kit.pressure import PressureBoard, Settling

LAG_LIMITS_S = (0.5, 1.0, 1.5)
"""A camera whose pictures are looked at this late saves by itself: level 1, 2, 3."""
THINNING = (1, 2, 4, 1)
"""Of so many moments to be analysed one is, at each level (at the last, keyframes are few)."""

TOO_SLOW = "pictures come faster than they can be looked at"


@dataclass(slots=True, kw_only=True)
class Effort:
    """The level of pressure that one camera works at."""

    board: PressureBoard = field(default_factory=PressureBoard)
    now: int = 0
    reason: str = ""
    _lag: Settling = field(default_factory=lambda: Settling(LAG_LIMITS_S))

    @property
    def thinning(self) -> int:
        return THINNING[self.now]

    def level(self, lag_s: float, now_s: float, *, busy: bool) -> int:
        """The level from now on.

        Args:
            lag_s: how old a moment is when it is looked at.
            now_s: monotonic.
            busy: an event is open; then others save first, unless this camera is itself too slow.
        """
        asked = self.board.now
        shared = max(0, asked.level - 1) if busy else asked.level
        own = self._lag.at(lag_s, now_s)
        self.now = max(shared, own)
        self.reason = "" if not self.now else asked.reason if shared >= own else TOO_SLOW
        return self.now
