"""Plays a recording as slowly as it was recorded."""

import threading

from vedette.kit.clock import Clock


class Pace:
    """Holds packets back until they are due, counted from the first one."""

    def __init__(self, clock: Clock, stop: threading.Event) -> None:
        self._clock = clock
        self._stop = stop
        self._first: tuple[float, int] | None = None

    def restart(self) -> None:
        """The next packet is due at once."""
        self._first = None

    def wait(self, due_us: int) -> None:
        """Return when `due_us` (time within the stream) has come, or at the stop."""
        now_s = self._clock.monotonic()
        if self._first is None:
            self._first = (now_s, due_us)
        began_s, began_us = self._first
        ahead_s = began_s + (due_us - began_us) / 1e6 - now_s
        if ahead_s > 0:
            self._clock.wait(self._stop, ahead_s)
