"""Lets a camera be read on while its pictures are looked at: a bounded queue and its thread."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from vedette.contracts.errors import SourceLost, VedetteError
from vedette.kit.clock import Clock
from vedette.kit.supervise import guarded
from vedette.pipeline.gate_plan import Order

MOST_LAG_S = 2.0
"""Older than this nothing gets before it is looked at: what waits longer is dropped."""
FRESH_S = 1.0
"""After dropping, it goes on with a keyframe that is at most so old, else with the next one."""
MOST_ORDERS = 1000
FINISH_S = 30.0
"""How long it may take to carry out what waits, after the last packet."""
END_S = 5.0
"""How long the thread may take to finish what it is doing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    order: Order
    since_s: float


class Ahead:
    """One opening's orders, carried out one after the other in a thread of its own.

    `put` never waits. An error of the work ends the thread and is raised by the next `put`.
    """

    def __init__(self, name: str, work: Callable[[Order], None], clock: Clock) -> None:
        self._work = work
        self._clock = clock
        self._name = name
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._ending = False
        self._busy: _Waiting | None = None
        self._turned_s = 0.0
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)

    @property
    def lag_s(self) -> float:
        """How long what is being looked at, or waits longest, has been there."""
        oldest = self._busy or next(iter(self._waiting), None)
        return 0.0 if oldest is None else max(0.0, self._clock.monotonic() - oldest.since_s)

    @property
    def alive_s(self) -> float:
        """Monotonic time at which the thread was last known not to hang: now, unless it works."""
        return self._clock.monotonic() if self._busy is None else self._turned_s

    def turn(self) -> None:
        """The work goes on; called by it."""
        self._turned_s = self._clock.monotonic()

    def put(self, order: Order) -> tuple[int, bool]:
        """Have an order carried out.

        Returns:
            How many packets were dropped because they waited too long; and whether the decoder
            now lacks what the next packets refer to.
        Raises:
            Whatever the work raised.
        """
        with self._changed:
            self._raise()
            now_s = self._clock.monotonic()
            self._waiting.append(_Waiting(order=order, since_s=now_s))
            late = now_s - self._waiting[0].since_s > MOST_LAG_S
            dropped = self._catch_up(now_s) if late or len(self._waiting) > MOST_ORDERS else 0
            self._changed.notify()
            return dropped, bool(dropped) and not self._waiting

    def finish(self) -> None:
        """Carry out what waits, and end.

        Raises:
            SourceLost: it takes too long.
            Whatever the work raised.
        """
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join(FINISH_S)
        self._check_ended()
        self._raise()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drop what waits, and end."""
        with self._changed:
            self._waiting.clear()
            self._ending = True
            self._changed.notify()
        self._thread.join(END_S)
        if error is None:
            self._check_ended()

    @property
    def hangs(self) -> bool:
        """It was asked to end, and does not."""
        return self._thread.is_alive() and self._ending

    def _catch_up(self, now_s: float) -> int:
        """Drop all that waits, or all before the newest keyframe from which one can go on."""
        waiting, kept = self._waiting, len(self._waiting)
        for index in range(len(waiting) - 1, -1, -1):
            if now_s - waiting[index].since_s > FRESH_S:
                break
            if waiting[index].order.packets[0].is_keyframe:
                kept = index
                break
        dropped = 0
        for _ in range(kept):
            dropped += len(waiting.popleft().order.packets)
        if waiting:
            first = waiting[0]
            waiting[0] = replace(first, order=replace(first.order, fresh=True))
        return dropped

    def _check_ended(self) -> None:
        if self._thread.is_alive():
            raise SourceLost(f"{self._name} does not end: a picture is being worked on for ever")

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _serve(self) -> None:
        with guarded(self._name) as outcome:
            try:
                while (waiting := self._next()) is not None:
                    self._work(waiting.order)
            except VedetteError as error:
                self._error = error
        self._error = self._error or outcome.error
        self._busy = None

    def _next(self) -> _Waiting | None:
        with self._changed:
            self._busy = None
            self._changed.wait_for(lambda: self._waiting or self._ending)
            if not self._waiting:
                return None
            self._busy = self._waiting.popleft()
            self._turned_s = self._clock.monotonic()
            return self._busy
