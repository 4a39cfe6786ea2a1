"""The event bus as its owner sees it: publishing plus subscribing, delivering, running, figures.

Adapters implement `EventBus` and pass `vedette.testing.bus_contract.BusContract`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from vedette.bus.intercept import Interceptor
from vedette.contracts.bus import Bus, Handler, Responder
from vedette.contracts.payload import Payload


class Overflow(StrEnum):
    """What happens to transient facts for a subscriber whose queue is full."""

    DROP_OLDEST = "drop_oldest"
    """The oldest goes, and is counted."""
    PAUSE_PUBLISHER = "pause_publisher"
    """Whoever publishes waits: a thread in `publish`, a task in `send`."""


class Happening(StrEnum):
    """What a bus tells its watchers."""

    PUBLISHED = "published"
    """For whoever listens; what nobody listens for is not told."""
    HANDLED = "handled"
    FAILED = "failed"
    """The handler raised."""
    TIMED_OUT = "timed_out"
    """The handler, or who was asked, took too long."""
    DROPPED = "dropped"
    HIGH_WATER = "high_water"
    """A queue fills; told once until it has emptied again."""


ALARMING = frozenset({Happening.TIMED_OUT, Happening.DROPPED, Happening.HIGH_WATER})


@dataclass(frozen=True, slots=True)
class Told:
    """One happening."""

    what: Happening
    topic: str
    subscriber: str = ""
    """Empty where it is not about one."""
    seconds: float = 0.0
    """From publishing to handled."""


Watcher = Callable[[Told], None]
"""Called in whatever thread it happens; it must be quick."""

Undo = Callable[[], None]
"""Ends what the call began that returned it; twice is fine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusLimits:
    """Bounds of a bus; `EventBus.limit` changes them while it runs."""

    depth: int = 1000
    """Transient facts that may wait for one subscriber, where it says nothing itself."""
    total: int = 100_000
    """Transient facts that may wait altogether."""
    watermark: float = 0.8
    """Part of a queue that may fill before that is told."""
    overflow: Overflow = Overflow.DROP_OLDEST
    """Where a subscriber says nothing itself."""
    handler_s: float = 60.0
    """A handler that takes longer is cancelled, and has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionStats:
    """One subscriber in figures, since it subscribed."""

    name: str
    pattern: str
    capacity: int
    """Most transient facts that may wait."""
    depth: int
    """Facts that wait now."""
    in_flight: int
    """Facts in hand now."""
    delivered: int
    """Handled without an error."""
    failed: int
    """The handler raised, or took too long."""
    dropped: int
    """Transient facts given up because the subscriber was too slow, or the bus closed."""
    lag_s: float
    """From publishing to handled: of the fact in hand or waiting longest, else of the last."""
    latencies_s: tuple[float, ...]
    """From publishing to handled, of the latest facts."""


class EventBus(Bus, Protocol):
    """A bus that somebody owns. `run` in a task, `drain` and `close` at the end."""

    async def send(self, topic: str, payload: Payload) -> None:
        """As `publish`, from the loop, and able to wait there for `PAUSE_PUBLISHER`."""
        ...

    def subscribe(
        self,
        pattern: str,
        handler: Handler,
        *,
        name: str,
        depth: int | None = None,
        overflow: Overflow | None = None,
    ) -> Undo:
        """Listen until the returned function is called. In the loop of `run`, or before it.

        Args:
            pattern: an exact topic; `*` matches one or more characters, dots included.
            depth: transient facts that may wait.

        Raises:
            InvalidInput: a queue for nothing, or `DROP_OLDEST` on topics that are all durable.
        """
        ...

    async def deliver(self, topic: str, payload: Payload) -> tuple[str, ...]:
        """Hand a durable fact to every subscriber and wait until each has dealt with it.

        For the relay, which marks the outbox row done when nobody is named. Never dropped for a
        full queue: the relay that waits is the bound.

        Returns:
            Names of the subscribers that did not handle it: their handler raised or took too
            long, or the bus closed first. Empty when all did, or when nobody listens.
        """
        ...

    def respond(self, topic: str, responder: Responder) -> Undo:
        """Answer requests on this topic until the returned function is called.

        Raises:
            InvalidInput: somebody answers there already.
        """
        ...

    async def request(self, topic: str, payload: Payload, *, within_s: float) -> Payload:
        """Ask whoever answers on this topic.

        Raises:
            NoAnswer: nobody did in time.
            Exception: whatever the responder raises.
        """
        ...

    def intercept(self, pattern: str, interceptor: Interceptor) -> Undo:
        """Let this meddle with facts on these topics until the returned function is called."""
        ...

    def watch(self, watcher: Watcher) -> Undo:
        """Tell this what happens until the returned function is called."""
        ...

    def limit(self, limits: BusLimits) -> None:
        """Other bounds from now on; subscribers that gave their own keep these."""
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
