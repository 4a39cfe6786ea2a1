"""One subscriber of the in-process bus, and the facts that it has not handled yet."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from math import ceil

from vedette.bus.port import BusLimits, Overflow, SubscriptionStats
from vedette.contracts.bus import Handler
from vedette.contracts.payload import Payload

SAMPLES = 32
"""Latencies that are remembered of each subscriber."""


@dataclass(slots=True, eq=False)
class Fact:
    """One fact on its way. Never changed, but not frozen either: that would be slow to make."""

    topic: str
    payload: Payload
    since_s: float
    correlation_id: str = ""
    handled: asyncio.Future[bool] | None = None
    """Durable facts only: set to whether the handler was content."""

    def settle(self, content: bool) -> None:
        """Tell who waits for it, the first time."""
        if self.handled is not None and not self.handled.done():
            self.handled.set_result(content)


@dataclass(slots=True, eq=False)
class Queue:
    """Belongs to its bus, which holds a lock around everything that changes `waiting`."""

    name: str
    pattern: str
    handler: Handler
    own_depth: int | None
    own_overflow: Overflow | None
    number: int
    """Order of subscribing."""
    capacity: int = 0
    high_water: int = 0
    pauses: bool = False
    waiting: deque[Fact] = field(default_factory=deque)
    in_hand: Fact | None = None
    delivered: int = 0
    failed: int = 0
    dropped: int = 0
    last_lag_s: float = 0.0
    latencies_s: deque[float] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    warned: bool = False
    gone: bool = False
    """Nobody listens here any more."""
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    space: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    deadline: asyncio.TimerHandle | None = None
    """Looks after whoever has a fact in hand."""
    taken_s: float = 0.0
    """When that was taken, by the loop's clock."""
    overdue: int = 0
    """How often whoever has it was cancelled."""

    def limit(self, limits: BusLimits) -> None:
        """Take over what it does not say itself."""
        self.capacity = self.own_depth or limits.depth
        self.high_water = max(1, ceil(self.capacity * limits.watermark))
        self.pauses = (self.own_overflow or limits.overflow) is Overflow.PAUSE_PUBLISHER

    @property
    def full(self) -> bool:
        return len(self.waiting) >= self.capacity

    def drop_oldest(self) -> Fact | None:
        """Give up the oldest transient fact; None where all that waits is durable."""
        if self.waiting and self.waiting[0].handled is None:
            self.dropped += 1
            return self.waiting.popleft()
        for index, old in enumerate(self.waiting):
            if old.handled is None:
                del self.waiting[index]
                self.dropped += 1
                return old
        return None

    def rises(self) -> bool:
        """True where it has just become so full that this is to be told."""
        if self.warned or len(self.waiting) < self.high_water:
            return False
        self.warned = True
        return True

    def take(self) -> Fact | None:
        """The next fact into the hand."""
        self.in_hand = self.waiting.popleft() if self.waiting else None
        if self.warned and len(self.waiting) <= self.high_water // 2:
            self.warned = False
        self.space.set()
        return self.in_hand

    def stats(self, now_s: float) -> SubscriptionStats:
        oldest = self.in_hand or (self.waiting[0] if self.waiting else None)
        return SubscriptionStats(
            name=self.name,
            pattern=self.pattern,
            capacity=self.capacity,
            depth=len(self.waiting),
            in_flight=int(self.in_hand is not None),
            delivered=self.delivered,
            failed=self.failed,
            dropped=self.dropped,
            lag_s=now_s - oldest.since_s if oldest else self.last_lag_s,
            latencies_s=tuple(self.latencies_s),
        )
