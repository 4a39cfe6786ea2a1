"""Stand-ins shipped with the package, so that authors of plug-ins test as we do."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from vedette.contracts.notice import Notice
from vedette.kit.clock import Clock
from vedette.plugins.registry import PluginConfig


async def until(condition: Callable[[], bool], *, within_s: float = 10.0) -> None:
    """Let the loop turn until the condition holds.

    Raises:
        TimeoutError: it did not, in `within_s` seconds of real time.
    """
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  any condition, not only our own events
            await asyncio.sleep(0.001)  # noqa: TID251  real sockets need real time


class FakeClock:
    """Time passes only when someone waits, and then at once; safe from any thread."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._lock = threading.Lock()
        self.waits: list[float] = []
        """Every wait in seconds, in order; waits of 0 are left out."""

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        return self._elapsed_s

    def advance(self, seconds: float) -> None:
        """Let time pass without anyone waiting."""
        with self._lock:
            self._elapsed_s += seconds

    def set_wall(self, by: timedelta) -> None:
        """Somebody puts the wall clock forward, or back; the monotonic one goes on."""
        with self._lock:
            self._start += by

    async def sleep(self, seconds: float) -> None:
        """Advance, and let the other tasks of the loop run."""
        self._pass(seconds)
        await asyncio.sleep(0)  # noqa: TID251  the one real yield

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        """Advance unless `stop` is set already."""
        if stop.is_set():
            return True
        self._pass(seconds)
        return stop.is_set()

    def _pass(self, seconds: float) -> None:
        if seconds > 0:
            with self._lock:
                self._elapsed_s += seconds
                self.waits.append(seconds)


class RecordingChannel:
    """A channel that keeps what it sent; the first errors given are raised first, one a call."""

    Config: ClassVar[type[PluginConfig]] = PluginConfig

    def __init__(
        self,
        config: PluginConfig | None = None,
        *,
        clock: Clock | None = None,
        errors: Sequence[Exception] = (),
    ) -> None:
        self.config = config or PluginConfig()
        self.clock = clock
        self.sent: list[Notice] = []
        self.calls = 0
        self.closed = False
        self._errors = list(errors)

    async def send(self, notice: Notice) -> str:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        self.sent.append(notice)
        return "a list in memory"

    async def close(self) -> None:
        self.closed = True
