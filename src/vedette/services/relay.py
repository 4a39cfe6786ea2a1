"""Tells what is stored: takes facts from the outbox to the bus, each at least once."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from vedette.bus.port import EventBus
from vedette.bus.tracer import Tracer
from vedette.contracts.errors import NotFound, StorageFailed
from vedette.contracts.payload import Payload
from vedette.contracts.topics import find_topic
from vedette.contracts.versions import read
from vedette.kit.bell import Bell
from vedette.kit.clock import Clock
from vedette.store.outbox import Letter
from vedette.store.store import Store

log = logging.getLogger(__name__)

BATCH = 32
"""So many are taken at a time: what is urgent waits for the rest of one batch at most."""
LEASE_S = 60.0
"""A fact that is not told by then (a crash) is leased again."""

LOOK_EVERY_S = 5.0
"""How long a fact may wait that nobody woke us for: one postponed, or of a dead process."""

LONGEST_PAUSE_S = 300.0
MOST_ATTEMPTS = 30
"""After about two hours of a subscriber that fails, its fact is given up, and logged."""


class Relay:
    """One task that empties the outbox. Subscribers must tolerate hearing a fact twice."""

    def __init__(self, store: Store, bus: EventBus, *, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._tracer = Tracer(bus, clock)
        self._bell = Bell(clock)
        self._stopping = False
        self.told = 0
        """Facts handed to all their subscribers."""
        self.given_up = 0
        """Facts that cannot be read, or whose subscribers failed too often."""

    def wake(self) -> None:
        """There is something new. Call it in the loop."""
        self._bell.ring()

    def close(self) -> None:
        """Tell what is stored now, then end `run`. Call it in the loop."""
        self._stopping = True
        self._bell.ring()

    async def run(self) -> None:
        """Tell what is stored, as soon as it is, until `close`."""
        while True:
            self._bell.hush()
            stopping = self._stopping
            try:
                told = await self.tell()
            except (StorageFailed, NotFound) as error:
                log.warning("the outbox cannot be read: %s", error)
                told = 0
            if told == 0:
                if stopping:
                    return
                await self._bell.wait(LOOK_EVERY_S)

    async def tell(self) -> int:
        """Lease one batch and tell it, in order; returns how many were leased.

        Raises:
            StorageFailed: the store cannot be used now; leased facts come back by themselves.
        """
        async with self._store.write() as unit:
            scope = await unit.every_site()
            outbox = unit.outbox(scope)
            letters = await outbox.lease(BATCH, now=unit.now, lease_s=LEASE_S)
        if letters:
            outcome = [(letter, await self._tell_one(letter)) for letter in letters]
            async with self._store.write() as unit:
                outbox = unit.outbox(scope)
                await outbox.done([x.id for x, pause_s in outcome if not pause_s], now=unit.now)
                for letter, pause_s in outcome:
                    if pause_s:
                        until = unit.now + timedelta(seconds=pause_s)
                        await outbox.postpone([letter.id], until=until)
        return len(letters)

    async def _tell_one(self, letter: Letter) -> float:
        """Hand one fact to its subscribers; returns seconds to wait before the next try, or 0."""
        payload = read_letter(letter.topic, letter.body)
        if payload is None:
            self.given_up += 1
            return 0.0
        about = getattr(payload, "correlation_id", None)
        with self._tracer.span("tell", about, topic=letter.topic, attempt=letter.attempts) as told:
            failed = await self._bus.deliver(letter.topic, payload)
            told.error = f"{', '.join(failed)} did not take it" if failed else ""
        if not failed:
            self.told += 1
            return 0.0
        if letter.attempts >= MOST_ATTEMPTS:
            log.error("%s failed on %s too often; it is given up", failed, letter.topic)
            self.given_up += 1
            return 0.0
        return min(LONGEST_PAUSE_S, 2.0**letter.attempts)


def read_letter(topic: str, body: Mapping[str, Any]) -> Payload | None:
    """The payload of a stored fact; None, and a line in the log, where it makes no sense here."""
    known = find_topic(topic)
    if known is None:
        log.error("the outbox holds a fact on %s, a topic that this version does not know", topic)
        return None
    try:
        return read(known.payload, body)
    except ValidationError as error:
        log.error("the outbox holds a fact on %s that cannot be read: %s", topic, error)
        return None
