"""The event bus as its users see it: publish from anywhere, subscribe with a pattern."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from vedette.contracts.payload import Payload

Handler = Callable[[str, Payload], Awaitable[None]]
"""Called with the topic and the payload."""


class Bus(Protocol):
    """Delivers each fact to each subscriber, in order per subscriber. Safe from any thread."""

    def wanted(self, topic: str) -> bool:
        """True when somebody listens; ask before building a payload on a hot path."""
        ...

    def publish(self, topic: str, payload: Payload) -> None:
        """Hand over and return. Nobody listening is fine. Never raises for a slow listener."""
        ...

    def subscribe(self, pattern: str, handler: Handler, *, name: str, depth: int = 1000) -> None:
        """`pattern`: an exact topic; `*` matches one or more characters, dots included."""
        ...
