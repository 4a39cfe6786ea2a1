"""How much one camera may do: what all are asked to save, and what its own lag demands."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from vedette.contracts.frame import Frame
from vedette.contracts.sight import Detections
from vedette.kit.clock import Clock
from vedette.kit.pressure import PressureBoard, Settling

Detect = Callable[[Frame], Future[Detections]]

WAIT_LIMITS_S = (0.3, 0.8, 2.0)
"""Where the detector's answers take this long on average, all cameras save: level 1, 2, 3."""
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
        self.board.tick(now_s)
        asked = self.board.now
        shared = max(0, asked.level - 1) if busy else asked.level
        own = self._lag.at(lag_s, now_s)
        self.now = max(shared, own)
        self.reason = "" if not self.now else asked.reason if shared >= own else TOO_SLOW
        return self.now


def timed(detect: Detect, board: PressureBoard, clock: Clock) -> Detect:
    """The same detector; how long its answers take becomes pressure."""
    gauge = board.gauge("detector", WAIT_LIMITS_S)

    def ask(frame: Frame) -> Future[Detections]:
        began_s = clock.monotonic()
        answer = detect(frame)

        def came(_: Future[Detections]) -> None:
            now_s = clock.monotonic()
            gauge.waited(now_s - began_s, now_s)

        answer.add_done_callback(came)
        return answer

    return ask
