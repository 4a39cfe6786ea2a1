"""Retention: keeps what is stored within its size and age; expired goes first, then the oldest."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vedette.blobs.port import Blobs
from vedette.contracts.bus import Bus
from vedette.contracts.errors import NotFound, StorageFailed
from vedette.contracts.facts import StorageFact
from vedette.kit.clock import Clock
from vedette.services.make_room import Shelf, make_room
from vedette.services.oldest import OldestFirst, discard, total_bytes
from vedette.services.repair_recordings import unlink_garbage
from vedette.services.retention import Retention, choose
from vedette.store.artifacts import Discarded
from vedette.store.scope import SiteScope
from vedette.store.store import Store

log = logging.getLogger(__name__)

PAGE = 500
FOR_EVER = timedelta(days=365_000)
TOLD_FOR = timedelta(days=1)
"""How long a told fact stays in the outbox, so that a repeat of it is recognised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one round did."""

    discarded: int = 0
    """Artifacts and segments whose rows went to the garbage."""
    unlinked: int = 0
    """Files removed, superseded ones included."""
    freed_bytes: int = 0
    rows: int = 0
    """Old events, tracks, verdicts, messages, gaps, jobs, rows of health and told facts."""


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
        shelf: Shelf | None = None,
    ) -> None:
        """Take what it needs.

        Args:
            shelf: the recordings; None where there are none.
        """
        self._store = store
        self._blobs = blobs
        self._keep = keep
        self._bus = bus
        self._clock = clock
        self._every_s = every_s
        self._shelf = shelf
        self.chore: Callable[[datetime], None] = lambda now: None
        """What else is to be tidied up each time; it may block."""
        self._urgent = False
        self._woken = asyncio.Event()

    def take(self, keep: Retention, shelf: Shelf | None, *, every_s: float) -> None:
        """Other limits, from the next round on."""
        self._keep, self._shelf, self._every_s = keep, shelf, every_s

    def wake(self) -> None:
        """The disk is full: sweep now. Call it in the loop."""
        self._urgent = True
        self._woken.set()

    async def run(self) -> None:
        """Sweep again and again until cancelled; a disk that fails is tried again later."""
        while True:
            try:
                await self.sweep()
            except (StorageFailed, NotFound) as error:
                log.warning("retention could not be applied: %s", error)
            await self._pause()

    async def _pause(self) -> None:
        """Wait for the next round, or for `wake`."""
        async with asyncio.TaskGroup() as tasks:
            timer = tasks.create_task(self._clock.sleep(self._every_s))
            woken = tasks.create_task(self._woken.wait())
            await asyncio.wait((timer, woken), return_when=asyncio.FIRST_COMPLETED)
            timer.cancel()
            woken.cancel()
        self._woken.clear()

    async def sweep(self) -> Swept:
        """Apply the retention once.

        Raises:
            StorageFailed: the store cannot be used now; nothing is half done.
            NotFound: no site is stored yet.
        """
        async with self._store.read() as unit:
            scope = await unit.every_site()
        urgent, self._urgent = self._urgent, False
        discarded = await self._discard(scope)
        unlinked, freed = await collect_garbage(self._store, self._blobs, scope, self._bus)
        if self._shelf is not None:
            for camera_id, keep in self._shelf.limits.items():
                discarded += await self._discard(scope, keep, camera_id)
            gone = await unlink_garbage(self._store, self._shelf.blobs, scope)
            more, room = await make_room(self._store, scope, self._shelf, urgent=urgent)
            unlinked, freed = unlinked + gone[0] + more, freed + gone[1] + room
            discarded += more
        await asyncio.to_thread(self.chore, self._clock.now())
        rows = await self._forget(scope)
        return Swept(discarded=discarded, unlinked=unlinked, freed_bytes=freed, rows=rows)

    async def _discard(
        self, scope: SiteScope, keep: Retention | None = None, camera_id: str | None = None
    ) -> int:
        """Move to the garbage what is beyond a limit: of all, or of one camera's recordings."""
        keep = keep or self._keep
        async with self._store.read() as unit:
            total = await total_bytes(unit, scope, camera_id)
        count, oldest = 0, OldestFirst(page=PAGE, camera_id=camera_id)
        while True:
            async with self._store.write() as unit:
                page = await oldest.take(unit, scope)
                choice = choose(page, total_bytes=total, keep=keep, now=unit.now)
                count += await discard(unit, scope, choice.expired, "expired")
                count += await discard(unit, scope, choice.aged, "age")
                count += await discard(unit, scope, choice.over_budget, "budget")
            total -= choice.freed_bytes
            if choice.stopped or not page:
                break
        if keep.max_bytes is not None and total > keep.max_bytes:
            log.warning(
                "%.3f GB are kept, more than the limit of %.3f GB: they belong to open events, or "
                "to rules with `keep: true`; raise retention.max_gb, or nothing else stays",
                total / 1000**3,
                keep.max_bytes / 1000**3,
            )
        return count

    async def _forget(self, scope: SiteScope) -> int:
        count, found = 0, PAGE
        while found >= PAGE:  # in short transactions, so that events need not wait
            async with self._store.write() as unit:
                old = unit.now - (self._keep.max_age or FOR_EVER)
                found = max(
                    numbers := [
                        await unit.events(scope).forget(stored_before=old, limit=PAGE),
                        await unit.tracks(scope).forget(stored_before=old, limit=PAGE),
                        await unit.verdicts(scope).forget(stored_before=old.date(), limit=PAGE),
                        await unit.notifications(scope).forget(created_before=old, limit=PAGE),
                        await unit.alerts(scope).forget(before=old, limit=PAGE),
                        await unit.mutes(scope).forget(before=old),
                        await unit.gaps(scope).forget(stored_before=old, limit=PAGE),
                        await unit.jobs(scope).forget(finished_before=old, limit=PAGE),
                        await unit.feedback(scope).forget(before=old, limit=PAGE),
                        await unit.inbox(scope).forget(arrived_before=old, limit=PAGE),
                        await unit.system_health().forget(before=old, limit=PAGE),
                        await unit.outbox(scope).forget(
                            done_before=unit.now - TOLD_FOR, limit=PAGE
                        ),
                    ]
                )
            count += sum(numbers)
        return count


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
