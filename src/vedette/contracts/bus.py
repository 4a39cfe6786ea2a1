"""The event bus as those see it who tell: publish from anywhere, nobody has to listen."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from vedette.contracts.payload import Payload

Handler = Callable[[str, Payload], Awaitable[None]]
"""Called with the topic and the payload. Idempotent: a durable fact may be told again."""

Responder = Callable[[Payload], Awaitable[Payload]]
"""Answers a request."""


class Bus(Protocol):
    """Delivers each fact to each subscriber, in order per subscriber. Safe from any thread."""

    def wanted(self, topic: str) -> bool:
        """True when somebody listens; ask before building a payload on a hot path."""
        ...

    def publish(self, topic: str, payload: Payload) -> None:
        """Hand over and return. Nobody listening is fine; a listener that raises is its own
        problem. Waits only where a listener asked for that (`Overflow.PAUSE_PUBLISHER`)."""
        ...
