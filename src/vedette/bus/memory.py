"""The event bus inside one process: a queue and a task per subscriber, so no one waits for another.

`publish` is for transient facts and never waits: where a queue is full, its oldest transient fact
is dropped and counted. `deliver` is for durable facts: it waits for the handlers and says who
failed, so that the outbox row is kept and the fact is told again (at least once).
"""

import asyncio
import logging
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

from vedette.bus.port import SubscriptionStats
from vedette.contracts.bus import Handler
from vedette.contracts.payload import Payload
from vedette.contracts.topics import pattern_of
from vedette.kit.clock import Clock

log = logging.getLogger(__name__)

TOPICS_REMEMBERED = 10_000
"""Most topics whose subscribers are kept in memory; far above cameras times kinds of facts."""


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """One fact in one queue."""

    topic: str
    payload: Payload
    since_s: float
    handled: asyncio.Future[bool] | None = None
    """Durable facts only: set to whether the handler was content."""


@dataclass(slots=True, eq=False)
class Subscription:
    """One subscriber and the facts that it has not handled yet."""

    name: str
    pattern: str
    handler: Handler
    capacity: int
    waiting: deque[Waiting] = field(default_factory=deque)
    in_hand: Waiting | None = None
    delivered: int = 0
    failed: int = 0
    dropped: int = 0
    last_lag_s: float = 0.0
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    def make_room(self) -> None:
        """Drop the oldest transient fact where the queue is full."""
        if len(self.waiting) < self.capacity:
            return
        for index, old in enumerate(self.waiting):
            if old.handled is None:
                del self.waiting[index]
                self.dropped += 1
                return

    def stats(self, now_s: float) -> SubscriptionStats:
        oldest = self.in_hand or (self.waiting[0] if self.waiting else None)
        return SubscriptionStats(
            name=self.name,
            pattern=self.pattern,
            capacity=self.capacity,
            depth=len(self.waiting),
            delivered=self.delivered,
            failed=self.failed,
            dropped=self.dropped,
            lag_s=now_s - oldest.since_s if oldest else self.last_lag_s,
        )


class _Routes:
    """Subscriptions by topic. Read without a lock; a new subscription makes a new one."""

    def __init__(self, subscriptions: tuple[Subscription, ...] = ()) -> None:
        self.subscriptions = subscriptions
        self._patterns = [(pattern_of(each.pattern), each) for each in subscriptions]
        self._known: dict[str, tuple[Subscription, ...]] = {}

    def to(self, topic: str) -> tuple[Subscription, ...]:
        found = self._known.get(topic)
        if found is None:
            found = tuple(each for pattern, each in self._patterns if pattern.fullmatch(topic))
            if len(self._known) >= TOPICS_REMEMBERED:
                self._known = {}
            self._known[topic] = found
        return found


class MemoryBus:
    """Implements `EventBus`. Publishing is safe from any thread; the rest belongs to one loop."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._routes = _Routes()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._closed = False

    def wanted(self, topic: str) -> bool:
        return bool(self._routes.to(topic))

    def publish(self, topic: str, payload: Payload) -> None:
        if found := self._routes.to(topic):
            fact = Waiting(topic, payload, self._clock.monotonic())
            for subscription in found:
                self._offer(subscription, fact)

    async def deliver(self, topic: str, payload: Payload) -> tuple[str, ...]:
        loop, since_s = asyncio.get_running_loop(), self._clock.monotonic()
        handed: list[tuple[str, asyncio.Future[bool]]] = []
        for subscription in self._routes.to(topic):
            handled: asyncio.Future[bool] = loop.create_future()
            handed.append((subscription.name, handled))
            self._offer(subscription, Waiting(topic, payload, since_s, handled))
        return tuple([name for name, handled in handed if not await handled])

    def subscribe(self, pattern: str, handler: Handler, *, name: str, depth: int = 1000) -> None:
        """See `contracts.bus.Bus`. Before `run`, or in its loop.

        Raises:
            ValueError: `depth` is not 1 or more.
        """
        if depth < 1:
            raise ValueError(f"subscriber {name!r}: a queue of {depth} facts cannot hold any")
        new = Subscription(name=name, pattern=pattern, handler=handler, capacity=depth)
        with self._lock:
            self._routes = _Routes((*self._routes.subscriptions, new))
        if self._tasks is not None:
            self._tasks.create_task(self._serve(new), name=f"bus {name}")

    async def run(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as self._tasks:
                for each in self._routes.subscriptions:
                    self._tasks.create_task(self._serve(each), name=f"bus {each.name}")
        finally:
            self._tasks = None
            self.close()

    async def drain(self) -> None:
        while busy := [each for each in self._routes.subscriptions if each.waiting or each.in_hand]:
            for each in busy:
                if self._tasks is None:
                    await self._serve_waiting(each)
                else:
                    each.idle.clear()
                    each.awake.set()
                    await each.idle.wait()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            left = [(each, list(each.waiting)) for each in self._routes.subscriptions]
            for each in self._routes.subscriptions:
                each.waiting.clear()
        for subscription, facts in left:
            for fact in facts:
                self._give_up(subscription, fact)
            subscription.awake.set()

    def stats(self) -> tuple[SubscriptionStats, ...]:
        now_s = self._clock.monotonic()
        with self._lock:
            return tuple(each.stats(now_s) for each in self._routes.subscriptions)

    def _offer(self, subscription: Subscription, fact: Waiting) -> None:
        with self._lock:
            closed, first = self._closed, not subscription.waiting
            if not closed:
                if fact.handled is None:
                    subscription.make_room()
                subscription.waiting.append(fact)
        if closed:
            self._give_up(subscription, fact)
        elif first and self._loop is not None:
            with suppress(RuntimeError):  # the loop ended between the check and the call
                self._loop.call_soon_threadsafe(subscription.awake.set)

    @staticmethod
    def _give_up(subscription: Subscription, fact: Waiting) -> None:
        if fact.handled is None:
            subscription.dropped += 1
        elif not fact.handled.done():
            fact.handled.set_result(False)

    async def _serve(self, subscription: Subscription) -> None:
        try:
            while not self._closed:
                await self._serve_waiting(subscription)
                subscription.awake.clear()
                subscription.idle.set()
                if not subscription.waiting and not self._closed:
                    await subscription.awake.wait()
        finally:
            subscription.idle.set()  # whoever drains looks again

    async def _serve_waiting(self, subscription: Subscription) -> None:
        while (fact := self._take(subscription)) is not None:
            try:
                content = await self._handle(subscription, fact)
                if fact.handled is not None and not fact.handled.done():
                    fact.handled.set_result(content)
            finally:
                subscription.last_lag_s = self._clock.monotonic() - fact.since_s
                subscription.in_hand = None
                if fact.handled is not None and not fact.handled.done():
                    fact.handled.set_result(False)
            await self._clock.sleep(0)  # let the others have the loop

    def _take(self, subscription: Subscription) -> Waiting | None:
        with self._lock:
            subscription.in_hand = subscription.waiting.popleft() if subscription.waiting else None
        return subscription.in_hand

    @staticmethod
    async def _handle(subscription: Subscription, fact: Waiting) -> bool:
        try:
            await subscription.handler(fact.topic, fact.payload)
        except Exception:  # one failing subscriber must not stop the others
            log.exception("%s failed to handle %s", subscription.name, fact.topic)
            subscription.failed += 1
            return False
        subscription.delivered += 1
        return True
