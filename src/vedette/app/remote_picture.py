"""The live picture of a camera in a worker: asked for when somebody looks, and never otherwise."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future

from vedette.kit.clock import Clock
from vedette.link.wire import Frame

Ask = Callable[[int], Awaitable[Frame | None]]
"""Asks for a picture that is newer than this time; None where no answer comes."""

FRESH_S = 0.25
"""A picture that came within this is not asked for again."""
ANSWER_S = 3.0


class RemotePicture:
    """Implements `api.context.Picture`. `at_us` is asked in the loop, `jpeg` in a thread."""

    def __init__(self, ask: Ask, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
        self._ask = ask
        self._loop = loop
        self._clock = clock
        self._at_us = 0
        self._jpeg: bytes | None = None
        self._came_s = float("-inf")
        self._asking: Future[None] | None = None

    @property
    def at_us(self) -> int:
        """Time of the picture that is known; asking lets a newer one be fetched."""
        self._begin()
        return self._at_us

    def jpeg(self) -> bytes | None:
        """The latest picture; waits for the worker where the known one is old."""
        if self._clock.monotonic() - self._came_s > FRESH_S:
            asking = self._begin()
            try:
                asking.result(ANSWER_S)
            except TimeoutError:
                return self._jpeg
        return self._jpeg

    def _begin(self) -> Future[None]:
        asking = self._asking
        if asking is None or asking.done():
            asking = asyncio.run_coroutine_threadsafe(self._fetch(), self._loop)
            self._asking = asking
        return asking

    async def _fetch(self) -> None:
        answer = await self._ask(self._at_us)
        if answer is None:
            return
        self._came_s = self._clock.monotonic()
        at_us = answer.head.get("at_us")
        if answer.body and isinstance(at_us, int):
            self._at_us, self._jpeg = at_us, answer.body
