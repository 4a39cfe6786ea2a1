"""Facts that an interceptor holds back: each waits in a task of its own."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from vedette.bus.queue import Fact
from vedette.kit.clock import Clock


class Later:
    """Bounded. `hold` from any thread, the rest in the loop."""

    def __init__(self, clock: Clock, hand_out: Callable[[Fact], None]) -> None:
        self._clock = clock
        self._hand_out = hand_out
        self._lock = threading.Lock()
        self._held = 0
        self._none = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: asyncio.TaskGroup | None = None

    def begin(self, tasks: asyncio.TaskGroup) -> None:
        """From now on facts can be held back."""
        self._loop, self._tasks = asyncio.get_running_loop(), tasks

    def end(self) -> None:
        """Forget what is held."""
        self._tasks = None
        with self._lock:
            self._held = 0
        self._none.set()

    def hold(self, fact: Fact, seconds: float, *, most: int) -> bool:
        """Hand it out later; False where it has to be handed out now."""
        if self._loop is None or self._tasks is None:
            return False
        with self._lock:
            if self._held >= most:
                return False
            self._held += 1
        with suppress(RuntimeError):  # the loop ended between the check and the call
            self._loop.call_soon_threadsafe(self._start, fact, seconds)
        return True

    async def emptied(self) -> None:
        """Return when nothing is held back."""
        while self._held:
            self._none.clear()
            await self._none.wait()

    def _start(self, fact: Fact, seconds: float) -> None:
        if self._tasks is not None:
            self._tasks.create_task(self._wait(fact, seconds), name="bus later")

    async def _wait(self, fact: Fact, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._hand_out(fact)
        with self._lock:
            self._held = max(0, self._held - 1)
        self._none.set()
