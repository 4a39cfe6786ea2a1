"""Wakes a task that has nothing to do: when somebody rings, or after a while at the latest."""

import asyncio

from vedette.kit.clock import Clock


class Bell:
    """Belongs to one loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """There is something to do. Call it in the loop."""
        self._rung.set()

    def hush(self) -> None:
        """What was rung for so far is about to be looked at."""
        self._rung.clear()

    async def wait(self, within_s: float) -> None:
        """Return when it has rung since `hush`, or after this long."""
        async with asyncio.TaskGroup() as tasks:
            timer = tasks.create_task(self._time(within_s))
            await self._rung.wait()
            timer.cancel()

    async def _time(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._rung.set()
