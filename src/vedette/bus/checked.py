"""The boundary of the bus: what is published keeps to the catalogue, and old and new topics meet.

Wraps any adapter, so that none has to know of contracts.
"""

import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from pydantic import ValidationError

from vedette.bus.intercept import Interceptor
from vedette.bus.port import (
    BusLimits,
    EventBus,
    Overflow,
    SubscriptionStats,
    Undo,
    Watcher,
)
from vedette.contracts.bus import Handler, Responder
from vedette.contracts.contract_notice import ContractKind, ContractNotice
from vedette.contracts.payload import Payload
from vedette.contracts.topics import CONTRACT, Topic, find_topic, matches
from vedette.contracts.versions import SUCCESSIONS, Succession, Translate
from vedette.kit.clock import Clock

log = logging.getLogger(__name__)

TOPICS_REMEMBERED = 10_000
MOST_ERRORS = 20


class _Bridge(NamedTuple):
    """From a topic to one that says the same in another version."""

    topic: str
    translate: Translate


class _Line(NamedTuple):
    """What is known of a topic."""

    topic: Topic | None
    bridges: tuple[_Bridge, ...]


class CheckedBus:
    """Implements `EventBus`. What breaks a contract is refused and told on `status.contract`."""

    def __init__(
        self, inner: EventBus, clock: Clock, successions: Sequence[Succession] = SUCCESSIONS
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._successions = tuple(successions)
        self._line = lru_cache(TOPICS_REMEMBERED)(self._look_up)
        self._warned: set[tuple[str, str]] = set()

    def wanted(self, topic: str) -> bool:
        if self._inner.wanted(topic):
            return True
        return any(self._inner.wanted(bridge.topic) for bridge in self._line(topic).bridges)

    def publish(self, topic: str, payload: Payload) -> None:
        if not self.wanted(topic) and not self.wanted(CONTRACT):
            return
        if (checked := self._checked(topic, payload)) is not None:
            self._inner.publish(topic, checked)
            for bridge in self._bridges(topic):
                self._inner.publish(bridge.topic, bridge.translate(checked))

    async def send(self, topic: str, payload: Payload) -> None:
        if (checked := self._checked(topic, payload)) is not None:
            await self._inner.send(topic, checked)
            for bridge in self._bridges(topic):
                await self._inner.send(bridge.topic, bridge.translate(checked))

    async def deliver(self, topic: str, payload: Payload) -> tuple[str, ...]:
        """See `EventBus.deliver`; what breaks a contract is nobody's to handle, now or later."""
        checked = self._checked(topic, payload)
        if checked is None:
            return ()
        failed = await self._inner.deliver(topic, checked)
        for bridge in self._bridges(topic):
            failed += await self._inner.deliver(bridge.topic, bridge.translate(checked))
        return failed

    def subscribe(
        self,
        pattern: str,
        handler: Handler,
        *,
        name: str,
        depth: int | None = None,
        overflow: Overflow | None = None,
    ) -> Undo:
        undo = self._inner.subscribe(pattern, handler, name=name, depth=depth, overflow=overflow)
        for old, new in ((each.old, each.new) for each in self._successions):
            if "*" not in pattern and matches(pattern, old):
                self._warn(old, new, name)
        return undo

    def respond(self, topic: str, responder: Responder) -> Undo:
        return self._inner.respond(topic, responder)

    async def request(self, topic: str, payload: Payload, *, within_s: float) -> Payload:
        return await self._inner.request(topic, payload, within_s=within_s)

    def intercept(self, pattern: str, interceptor: Interceptor) -> Undo:
        return self._inner.intercept(pattern, interceptor)

    def watch(self, watcher: Watcher) -> Undo:
        return self._inner.watch(watcher)

    def limit(self, limits: BusLimits) -> None:
        self._inner.limit(limits)

    async def run(self) -> None:
        await self._inner.run()

    async def drain(self) -> None:
        await self._inner.drain()

    def close(self) -> None:
        self._inner.close()

    def stats(self) -> tuple[SubscriptionStats, ...]:
        return self._inner.stats()

    def patterns(self) -> tuple[str, ...]:
        """What must be published so that every subscriber hears what it wants; for publishers in
        other processes."""
        found = [each.pattern for each in self._inner.stats()]
        for each in self._successions:
            for one, other in ((each.old, each.new), (each.new, each.old)):
                if self._inner.wanted(one):
                    found.append(other)
        return tuple(dict.fromkeys(found))

    def _look_up(self, topic: str) -> _Line:
        bridges = [_Bridge(s.new, s.to_new) for s in self._successions if s.old == topic]
        bridges += [_Bridge(s.old, s.to_old) for s in self._successions if s.new == topic]
        return _Line(find_topic(topic), tuple(bridges))

    def _bridges(self, topic: str) -> tuple[_Bridge, ...]:
        """Those that somebody waits at the end of."""
        bridges = self._line(topic).bridges
        return tuple(bridge for bridge in bridges if self._inner.wanted(bridge.topic))

    def _checked(self, topic: str, payload: Payload) -> Payload | None:
        """The payload as the catalogue wants it; None, told of, where that is impossible."""
        line = self._line(topic).topic
        if line is None:
            self._refuse(topic, f"{topic} is no topic of the catalogue")
            return None
        if type(payload) is line.payload:
            return payload
        wanted = line.payload.__name__
        plain = payload.model_dump() if isinstance(payload, Payload) else payload
        try:
            return line.payload.model_validate(plain)
        except ValidationError as error:
            found = [
                f"{'.'.join(map(str, each['loc'])) or type(payload).__name__}: {each['msg']}"
                for each in error.errors()[:MOST_ERRORS]
            ]
            self._refuse(topic, f"what was published on {topic} is no {wanted}", found)
        return None

    def _refuse(self, topic: str, reason: str, errors: Sequence[str] = ()) -> None:
        log.error("%s; it was not published%s", reason, "".join(f"; {each}" for each in errors))
        self._tell(
            ContractNotice(
                at=self._clock.now(),
                kind=ContractKind.REJECTED,
                topic=topic,
                reason=reason,
                errors=tuple(errors),
            )
        )

    def _warn(self, old: str, new: str, who: str) -> None:
        if (old, who) in self._warned:
            return
        self._warned.add((old, who))
        reason = f"{who} listens on {old}, which has a successor: use {new}"
        log.warning("%s", reason)
        self._tell(
            ContractNotice(
                at=self._clock.now(),
                kind=ContractKind.DEPRECATED,
                topic=old,
                successor=new,
                who=who,
                reason=reason,
            )
        )

    def _tell(self, notice: ContractNotice) -> None:
        self._inner.publish(CONTRACT, notice)
