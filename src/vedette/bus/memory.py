"""The event bus inside one process: a queue and a task per subscriber, so no one waits for another.

`publish` is for transient facts: where a queue is full, its oldest transient fact is dropped and
counted, or the publisher waits, as the subscriber wishes. `deliver` is for durable facts: it waits
for the handlers and says who failed, so that the outbox row is kept and the fact is told again.
"""

import asyncio
import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar

from vedette.bus.intercept import Interceptor
from vedette.bus.later import Later
from vedette.bus.meddling import Meddling
from vedette.bus.patience import Patience
from vedette.bus.port import (
    BusLimits,
    Happening,
    Overflow,
    SubscriptionStats,
    Told,
    Undo,
    Watcher,
)
from vedette.bus.questions import Questions
from vedette.bus.queue import Fact, Queue
from vedette.bus.routes import Routes
from vedette.contracts.bus import Handler, Responder
from vedette.contracts.errors import InvalidInput
from vedette.contracts.payload import Payload
from vedette.contracts.topics import Delivery, topics_of
from vedette.kit.clock import Clock
from vedette.kit.correlation import about, correlation
from vedette.kit.supervise import guarded
from vedette.plugins.registry import PluginConfig

log = logging.getLogger(__name__)

DEFAULTS = BusLimits()
NO_CONFIG = PluginConfig()
TURN_S = 0.001
"""A subscriber that has many facts gives the loop to others this often."""


class MemoryBus:
    """Implements `EventBus`. Publishing is safe from any thread; the rest belongs to one loop."""

    Config: ClassVar[type[PluginConfig]] = PluginConfig

    def __init__(
        self,
        config: PluginConfig = NO_CONFIG,
        *,
        clock: Clock,
        limits: BusLimits = DEFAULTS,
    ) -> None:
        del config
        self._clock = clock
        self._limits = limits
        self._routes = Routes()
        self._lock = threading.Lock()
        """Guards routes and queues."""
        self._room = threading.Condition(self._lock)
        """Who pauses waits for it."""
        self._paused = 0
        self._transient = 0
        self._numbers = 0
        self._watchers: tuple[Watcher, ...] = ()
        self._meddling = Meddling()
        self._questions = Questions(clock, self._late)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._tasks: asyncio.TaskGroup | None = None
        self._patience = Patience(lambda: self._limits.handler_s)
        self._later = Later(clock, self._hand_out)
        self._closed = False
        self._over = asyncio.Event()

    def wanted(self, topic: str) -> bool:
        return bool(self._to(topic))

    def publish(self, topic: str, payload: Payload) -> None:
        if queues := self._to(topic):
            self._publish(topic, payload, queues)

    async def send(self, topic: str, payload: Payload) -> None:
        for queue in self._to(topic):
            while queue.pauses and queue.full and not (queue.gone or self._closed):
                queue.space.clear()
                await queue.space.wait()
        self.publish(topic, payload)

    async def deliver(self, topic: str, payload: Payload) -> tuple[str, ...]:
        delays = self._meddling.delays_s(topic, payload)
        if not delays:
            return tuple(queue.name for queue in self._to(topic))
        failed: list[str] = []
        for before_s, delay_s in zip((0.0, *delays), delays, strict=False):
            if delay_s > before_s:
                await self._clock.sleep(delay_s - before_s)
            self._tell(Happening.PUBLISHED, topic)
            failed += await self._deliver(topic, payload)
        return tuple(dict.fromkeys(failed))

    def subscribe(
        self,
        pattern: str,
        handler: Handler,
        *,
        name: str,
        depth: int | None = None,
        overflow: Overflow | None = None,
    ) -> Undo:
        if depth is not None and depth < 1:
            raise InvalidInput(f"subscriber {name!r}: a queue of {depth} facts cannot hold any")
        topics = topics_of(pattern)
        durable = topics and all(topic.delivery is Delivery.DURABLE for topic in topics)
        if overflow is Overflow.DROP_OLDEST and durable:
            raise InvalidInput(
                f"subscriber {name!r}: what comes on {pattern} is durable and never dropped; "
                "leave `overflow` out"
            )
        with self._lock:
            self._numbers += 1
            queue = Queue(
                name=name,
                pattern=pattern,
                handler=handler,
                own_depth=depth,
                own_overflow=overflow,
                number=self._numbers,
            )
            queue.limit(self._limits)
            self._routes.add(queue)
        if self._tasks is not None:
            self._begin(self._tasks, queue)
        return lambda: self._end(queue)

    def respond(self, topic: str, responder: Responder) -> Undo:
        return self._questions.respond(topic, responder)

    async def request(self, topic: str, payload: Payload, *, within_s: float) -> Payload:
        delays = self._meddling.delays_s(topic, payload)
        return await self._questions.ask(topic, payload, delays, within_s)

    def intercept(self, pattern: str, interceptor: Interceptor) -> Undo:
        return self._meddling.add(pattern, interceptor)

    def watch(self, watcher: Watcher) -> Undo:
        self._watchers = (*self._watchers, watcher)

        def undo() -> None:
            self._watchers = tuple(each for each in self._watchers if each is not watcher)

        return undo

    def limit(self, limits: BusLimits) -> None:
        with self._lock:
            self._limits = limits
            for queue in self._routes.queues:
                queue.limit(limits)
                queue.space.set()
            self._room.notify_all()

    async def run(self) -> None:
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._later.begin(self._tasks)
                for queue in self._routes.queues:
                    self._begin(self._tasks, queue)
                await self._over.wait()  # subscribers come and go
        finally:
            self._tasks = None
            self.close()

    async def drain(self) -> None:
        while True:
            await self._later.emptied()
            busy = [each for each in self._routes.queues if each.waiting or each.in_hand]
            if not busy:
                return
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
            left = [(queue, list(queue.waiting)) for queue in self._routes.queues]
            for queue, _ in left:
                queue.waiting.clear()
            self._transient = 0
            self._room.notify_all()
        self._over.set()
        self._later.end()
        for queue, facts in left:
            for fact in facts:
                self._give_up(queue, fact)
            queue.awake.set()
            queue.space.set()

    def stats(self) -> tuple[SubscriptionStats, ...]:
        now_s = self._clock.monotonic()
        with self._lock:
            return tuple(each.stats(now_s) for each in self._routes.queues)

    def _to(self, topic: str) -> Sequence[Queue]:
        found = self._routes.known.get(topic)
        if found is None:
            with self._lock:
                found = self._routes.find(topic)
        return found

    def _publish(self, topic: str, payload: Payload, queues: Sequence[Queue]) -> None:
        if self._watchers:
            self._tell(Happening.PUBLISHED, topic)
        for delay_s in self._meddling.delays_s(topic, payload):
            fact = self._fact(topic, payload)
            if delay_s > 0.0 and self._later.hold(fact, delay_s, most=self._limits.total):
                continue
            for queue in queues:
                self._offer(queue, fact)

    async def _deliver(self, topic: str, payload: Payload) -> list[str]:
        loop = asyncio.get_running_loop()
        handed: list[tuple[str, asyncio.Future[bool]]] = []
        for queue in self._to(topic):
            handled: asyncio.Future[bool] = loop.create_future()
            handed.append((queue.name, handled))
            self._offer(queue, self._fact(topic, payload, handled))
        return [name for name, handled in handed if not await handled]

    def _fact(
        self, topic: str, payload: Payload, handled: asyncio.Future[bool] | None = None
    ) -> Fact:
        named = getattr(payload, "correlation_id", None) or correlation()
        return Fact(topic, payload, self._clock.monotonic(), named, handled)

    def _offer(self, queue: Queue, fact: Fact) -> None:
        dropped: tuple[Queue, Fact] | None = None
        high = False
        with self._lock:
            if fact.handled is None and queue.pauses:
                self._pause(queue)
            closed, first = self._closed, not queue.waiting
            if not (closed or queue.gone):
                if fact.handled is None:
                    dropped = self._make_room(queue)
                    self._transient += 1
                queue.waiting.append(fact)
                high = queue.rises()
        if closed:
            self._give_up(queue, fact)
        elif queue.gone:
            fact.settle(True)
        elif first:
            self._wake(queue)
        if dropped is not None:
            whose, old = dropped
            self._tell(Happening.DROPPED, old.topic, whose.name)
        if high:
            self._tell(Happening.HIGH_WATER, fact.topic, queue.name)

    def _pause(self, queue: Queue) -> None:
        """Wait, in a thread that may, until there is room. Holds the lock before and after."""
        if self._tasks is None or threading.get_ident() == self._thread:
            return  # nobody would make room meanwhile
        self._paused += 1
        self._room.wait_for(lambda: not queue.full or queue.gone or self._closed)
        self._paused -= 1

    def _make_room(self, queue: Queue) -> tuple[Queue, Fact] | None:
        """Drop what is oldest where a bound is reached; what was dropped, and of whom."""
        if queue.full:
            crowded = queue
        elif self._transient >= self._limits.total:
            crowded = max(self._routes.queues, key=lambda each: len(each.waiting))
        else:
            return None
        old = crowded.drop_oldest()
        if old is None:
            return None
        self._transient -= 1
        return crowded, old

    def _wake(self, queue: Queue) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop ended between the check and the call
                self._loop.call_soon_threadsafe(queue.awake.set)

    def _give_up(self, queue: Queue, fact: Fact) -> None:
        if fact.handled is None:
            queue.dropped += 1
        fact.settle(False)

    def _begin(self, tasks: asyncio.TaskGroup, queue: Queue) -> None:
        queue.task = tasks.create_task(self._serve(queue), name=f"bus {queue.name}")

    def _end(self, queue: Queue) -> None:
        """Nobody listens there any more; what waits is nobody's failure."""
        with self._lock:
            if queue.gone:
                return
            queue.gone = True
            self._routes.remove(queue)
            left = list(queue.waiting)
            queue.waiting.clear()
            self._transient -= sum(fact.handled is None for fact in left)
            self._room.notify_all()
        for fact in left:
            fact.settle(True)
        queue.space.set()
        queue.awake.set()
        if queue.task is not None and queue.task is not asyncio.current_task():
            queue.task.cancel()

    async def _serve(self, queue: Queue) -> None:
        try:
            while not (self._closed or queue.gone):
                await self._serve_waiting(queue)
                queue.awake.clear()
                queue.idle.set()
                if not queue.waiting and not (self._closed or queue.gone):
                    await queue.awake.wait()
        finally:
            self._patience.forget(queue)
            queue.idle.set()  # whoever drains looks again

    async def _serve_waiting(self, queue: Queue) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        turn_s = loop.time()
        while (fact := self._take(queue)) is not None:
            self._patience.begin(queue, task)
            try:
                fact.settle(await self._handle(queue, fact, task))
            finally:
                queue.last_lag_s = self._clock.monotonic() - fact.since_s
                queue.latencies_s.append(queue.last_lag_s)
                queue.in_hand = None
                fact.settle(queue.gone)
            if loop.time() - turn_s > TURN_S:
                await self._clock.sleep(0)  # let the others have the loop
                turn_s = loop.time()

    def _take(self, queue: Queue) -> Fact | None:
        with self._lock:
            fact = queue.take()
            if fact is not None and fact.handled is None:
                self._transient -= 1
            if self._paused:
                self._room.notify_all()
        return fact

    async def _handle(self, queue: Queue, fact: Fact, task: asyncio.Task[Any] | None) -> bool:
        what = Happening.HANDLED
        try:
            with about(fact.correlation_id):
                await queue.handler(fact.topic, fact.payload)
        except asyncio.CancelledError:
            if not queue.overdue:
                raise
            log.error("%s took too long over %s; it is given up", queue.name, fact.topic)
        except Exception:  # one failing subscriber must not stop the others
            what = Happening.FAILED
            log.exception("%s failed to handle %s", queue.name, fact.topic)
        if self._patience.end(queue, task):
            what = Happening.TIMED_OUT
        content = what is Happening.HANDLED
        queue.delivered += content
        queue.failed += not content
        if self._watchers:
            self._tell(what, fact.topic, queue.name, self._clock.monotonic() - fact.since_s)
        return content

    def _hand_out(self, fact: Fact) -> None:
        for queue in self._to(fact.topic):
            self._offer(queue, fact)

    def _late(self, topic: str, seconds: float) -> None:
        self._tell(Happening.TIMED_OUT, topic, "", seconds)

    def _tell(
        self, what: Happening, topic: str, subscriber: str = "", seconds: float = 0.0
    ) -> None:
        for watcher in self._watchers:
            with guarded(f"a watcher of the bus, at {what.value}"):
                watcher(Told(what, topic, subscriber, seconds))
