"""Requests over the bus: one asks, one answers, and nobody waits for ever."""

import asyncio
from collections.abc import Callable, Sequence

from vedette.bus.port import Undo
from vedette.contracts.bus import Responder
from vedette.contracts.errors import InvalidInput, NoAnswer
from vedette.contracts.payload import Payload
from vedette.kit.clock import Clock


class Questions:
    """Who answers on which topic. Belongs to one loop."""

    def __init__(self, clock: Clock, late: Callable[[str, float], None]) -> None:
        """`late(topic, seconds)` hears of each request that was given up."""
        self._clock = clock
        self._late = late
        self._responders: dict[str, Responder] = {}
        self._changed = asyncio.Event()

    def respond(self, topic: str, responder: Responder) -> Undo:
        """See `EventBus.respond`."""
        if topic in self._responders:
            raise InvalidInput(f"somebody answers requests on {topic} already")
        self._responders[topic] = responder
        self._changed.set()

        def undo() -> None:
            if self._responders.get(topic) is responder:
                del self._responders[topic]

        return undo

    async def ask(
        self, topic: str, payload: Payload, delays_s: Sequence[float], within_s: float
    ) -> Payload:
        """See `EventBus.request`.

        Args:
            delays_s: what interceptors made of the request; none where it is lost.
        """
        limit = asyncio.timeout(within_s)
        try:
            async with limit:
                if not delays_s:
                    await asyncio.Event().wait()
                if delays_s[0] > 0.0:
                    await self._clock.sleep(delays_s[0])
                return await (await self._responder(topic))(payload)
        except TimeoutError:
            if not limit.expired():
                raise
            self._late(topic, within_s)
            why = "" if topic in self._responders else "; nobody answers there"
            raise NoAnswer(f"no answer on {topic} within {within_s:g} s{why}") from None

    async def _responder(self, topic: str) -> Responder:
        """Who answers; waits for somebody."""
        while (found := self._responders.get(topic)) is None:
            self._changed.clear()
            await self._changed.wait()
        return found
