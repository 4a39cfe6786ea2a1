"""Retention: keeps what is stored within its size and age; the oldest goes first."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from vedette.blobs.port import Blobs
from vedette.contracts.bus import Bus
from vedette.contracts.errors import NotFound, StorageFailed
from vedette.contracts.facts import StorageFact
from vedette.kit.clock import Clock
from vedette.store.artifacts import Discarded, Kept
from vedette.store.scope import SiteScope
from vedette.store.store import Store

log = logging.getLogger(__name__)

PAGE = 500
TOLD_FOR = timedelta(days=1)
"""How long a told fact stays in the outbox, so that a repeat of it is recognised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is kept."""

    max_bytes: int = 10 * 1000**3
    max_age: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Artifacts that have to go."""

    aged: tuple[UUID, ...]
    over_budget: tuple[UUID, ...]
    freed_bytes: int


def choose(
    oldest_first: Sequence[Kept], *, total_bytes: int, keep: Retention, now: datetime
) -> Choice:
    """Which of these go: all that are too old, then the oldest until the rest fits.

    Artifacts of an open event stay whatever happens; they count towards the total.

    Args:
        oldest_first: a page of artifacts.
        total_bytes: of all artifacts, these and the others.
    """
    aged: list[UUID] = []
    over: list[UUID] = []
    freed = 0
    for item in oldest_first:
        if item.event_open:
            continue
        if now - item.stored_at > keep.max_age:
            aged.append(item.id)
        elif total_bytes - freed > keep.max_bytes:
            over.append(item.id)
        else:
            break  # what follows is younger, and the rest fits
        freed += item.size_bytes
    return Choice(aged=tuple(aged), over_budget=tuple(over), freed_bytes=freed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one round did."""

    discarded: int = 0
    """Artifacts whose rows went to the garbage."""
    unlinked: int = 0
    """Files removed, superseded ones included."""
    freed_bytes: int = 0
    rows: int = 0
    """Old events, tracks, verdicts, messages and told facts."""


class Janitor:
    """One task. Every deletion is row to garbage, then unlink, then garbage row away."""

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        *,
        keep: Retention,
        bus: Bus,
        clock: Clock,
        every_s: float = 60.0,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._keep = keep
        self._bus = bus
        self._clock = clock
        self._every_s = every_s

    async def run(self) -> None:
        """Sweep again and again until cancelled; a disk that fails is tried again later."""
        while True:
            try:
                await self.sweep()
            except (StorageFailed, NotFound) as error:
                log.warning("retention could not be applied: %s", error)
            await self._clock.sleep(self._every_s)

    async def sweep(self) -> Swept:
        """Apply the retention once.

        Raises:
            StorageFailed: the store cannot be used now; nothing is half done.
            NotFound: no site is stored yet.
        """
        async with self._store.read() as unit:
            scope = await unit.every_site()
        discarded = await self._discard(scope)
        unlinked, freed = await collect_garbage(self._store, self._blobs, scope, self._bus)
        rows = await self._forget(scope)
        return Swept(discarded=discarded, unlinked=unlinked, freed_bytes=freed, rows=rows)

    async def _discard(self, scope: SiteScope) -> int:
        async with self._store.read() as unit:
            total = await unit.artifacts(scope).total_bytes()
        count, after = 0, None
        while True:
            async with self._store.write() as unit:
                artifacts = unit.artifacts(scope)
                page = await artifacts.oldest(limit=PAGE, after=after)
                choice = choose(page, total_bytes=total, keep=self._keep, now=unit.now)
                count += await artifacts.discard(choice.aged, "age", now=unit.now)
                count += await artifacts.discard(choice.over_budget, "budget", now=unit.now)
            total -= choice.freed_bytes
            if len(page) < PAGE or _finished(page, choice):
                return count
            after = page[-1]

    async def _forget(self, scope: SiteScope) -> int:
        count, found = 0, PAGE
        while found >= PAGE:  # in short transactions, so that events need not wait
            async with self._store.write() as unit:
                old = unit.now - self._keep.max_age
                found = max(
                    numbers := [
                        await unit.events(scope).forget(stored_before=old, limit=PAGE),
                        await unit.tracks(scope).forget(stored_before=old, limit=PAGE),
                        await unit.verdicts(scope).forget(stored_before=old.date(), limit=PAGE),
                        await unit.notifications(scope).forget(created_before=old, limit=PAGE),
                        await unit.outbox(scope).forget(
                            done_before=unit.now - TOLD_FOR, limit=PAGE
                        ),
                    ]
                )
            count += sum(numbers)
        return count


def _finished(page: Sequence[Kept], choice: Choice) -> bool:
    """True when `choose` stopped before the end of the page."""
    gone = {*choice.aged, *choice.over_budget}
    return any(not item.event_open and item.id not in gone for item in page)


async def collect_garbage(
    store: Store, blobs: Blobs, scope: SiteScope, bus: Bus | None = None
) -> tuple[int, int]:
    """Unlink what is in the garbage, then forget it; a file that resists stays for later.

    Returns:
        Number of files unlinked, and their bytes.
    """
    count, freed, after = 0, 0, 0
    while True:
        async with store.read() as unit:
            page = await unit.garbage(scope).find(limit=PAGE, after=after)
        if not page:
            return count, freed
        after = page[-1].id
        gone = [item for item in page if await asyncio.to_thread(_unlink, blobs, item)]
        async with store.write() as unit:
            await unit.garbage(scope).drop([item.id for item in gone])
        count += len(gone)
        freed += sum(item.size_bytes for item in gone)
        if bus is not None:
            _announce(bus, gone)


def _unlink(blobs: Blobs, item: Discarded) -> bool:
    try:
        blobs.delete(item.storage_path)
    except StorageFailed as error:
        log.warning("%s stays in the garbage: %s", item.storage_path, error)
        return False
    return True


def _announce(bus: Bus, gone: Sequence[Discarded]) -> None:
    topic = "storage.artifact.deleted"
    if not bus.wanted(topic):
        return
    for item in gone:
        fact = StorageFact(
            artifact_id=item.artifact_id,
            event_id=item.event_id,
            storage_path=item.storage_path,
            size_bytes=item.size_bytes,
            reason=item.reason,
        )
        bus.publish(topic, fact)
