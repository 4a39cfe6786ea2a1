"""The interceptors of a bus, one after the other."""

import re
from collections.abc import Sequence

from vedette.bus.intercept import Interceptor
from vedette.bus.port import Undo
from vedette.contracts.payload import Payload
from vedette.contracts.topics import pattern_of
from vedette.kit.supervise import guarded

AT_ONCE = (0.0,)
MOST_COPIES = 1000


class Meddling:
    """Empty most of the time, and then as good as not there. Safe from any thread."""

    def __init__(self) -> None:
        self._chain: tuple[tuple[re.Pattern[str], Interceptor], ...] = ()

    def add(self, pattern: str, interceptor: Interceptor) -> Undo:
        """See `EventBus.intercept`."""
        link = (pattern_of(pattern), interceptor)
        self._chain = (*self._chain, link)

        def undo() -> None:
            self._chain = tuple(each for each in self._chain if each is not link)

        return undo

    def delays_s(self, topic: str, payload: Payload) -> Sequence[float]:
        """Seconds after which each copy of a fact goes on, ascending; empty where it is lost."""
        delays: Sequence[float] = AT_ONCE
        for pattern, interceptor in self._chain:
            if pattern.fullmatch(topic):
                with guarded(f"an interceptor of {topic}"):
                    added = [interceptor(topic, payload) for _ in delays]
                    delays = [a + b for a, more in zip(delays, added, strict=True) for b in more]
                    delays = sorted(delays)[:MOST_COPIES]
        return delays
