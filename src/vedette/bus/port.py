"""The event bus as its owner sees it: the users' side plus starting, stopping and counting."""

from dataclasses import dataclass
from typing import Protocol

from vedette.contracts.bus import Bus
from vedette.contracts.payload import Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionStats:
    """One subscriber in figures, since it subscribed."""

    name: str
    pattern: str
    capacity: int
    """Most transient facts that may wait."""
    depth: int
    """Facts that wait now."""
    delivered: int
    """Handled without an error."""
    failed: int
    """The handler raised."""
    dropped: int
    """Transient facts given up because the subscriber was too slow, or the bus closed."""
    lag_s: float
    """From publishing to handled: of the fact in hand or waiting longest, else of the last."""


class EventBus(Bus, Protocol):
    """A bus that somebody owns. `run` in a task, `drain` and `close` at the end."""

    async def deliver(self, topic: str, payload: Payload) -> tuple[str, ...]:
        """Hand a durable fact to every subscriber and wait until each has dealt with it.

        For the relay, which marks the outbox row done when nobody is named. Never dropped for a
        full queue: the relay that waits is the bound.

        Returns:
            Names of the subscribers that did not handle it: their handler raised, or the bus
            closed first. Empty when all did, or when nobody listens.
        """
        ...

    async def run(self) -> None:
        """Serve the subscribers until `close`, or until cancelled."""
        ...

    async def drain(self) -> None:
        """Return when all that was published is handled, by the loop of `run` or by this call."""
        ...

    def close(self) -> None:
        """Take nothing more, finish the facts in hand, end `run`. Call it from the loop."""
        ...

    def stats(self) -> tuple[SubscriptionStats, ...]:
        """Figures per subscriber, in order of subscribing."""
        ...
