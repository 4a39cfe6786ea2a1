"""Keeps the rows of recordings: takes segments and gaps from the cameras, in order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from vedette.contracts.errors import InvalidInput, StorageFailed
from vedette.contracts.sink import GapCause, NewSegment, RecordingGap
from vedette.kit.clock import Clock, from_us
from vedette.services.inbox import Inbox
from vedette.store.recordings import Gap
from vedette.store.scope import SiteScope
from vedette.store.store import Store
from vedette.store.unit import Unit

log = logging.getLogger(__name__)

DEPTH = 4096
"""Rows that may wait; when the store is away for longer, the writing thread waits, and what it
cannot take becomes gaps."""
HOLE_US = 1_000_000
"""A hole of this length between two segments needs a reason."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingCounts:
    """Since the start."""

    segments: int = 0
    bytes: int = 0
    gaps: int = 0
    """Begun."""
    failed: int = 0
    """Rows given up; the next start finds their files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """A row on its way, and who waits for it."""

    said: NewSegment | RecordingGap
    kept: asyncio.Future[None] | None = None


class RecordingKeeper:
    """Implements `contracts.sink.SegmentSink`; `run` is the one task that writes."""

    def __init__(
        self,
        store: Store,
        *,
        sites: Mapping[str, str],
        clock: Clock,
        full: Callable[[], None] = lambda: None,
    ) -> None:
        """Take what it needs.

        Args:
            sites: camera to its site.
            full: called in the loop when a disk is full; retention makes room.
        """
        self._store = store
        self._sites = dict(sites)
        self._clock = clock
        self.full = full
        """May be set later, by whoever makes room."""
        self._inbox: Inbox[_Item] = Inbox(most=DEPTH, most_weight=1)
        self._begun: set[str] = set()
        self._one_at_a_time = asyncio.Lock()
        self._give_up_at_s: float | None = None
        self.counts = RecordingCounts()

    def place(self, camera_id: str, site_id: str) -> None:
        """A camera is, or has come, to a site."""
        self._sites[camera_id] = site_id

    def segment(self, segment: NewSegment) -> None:
        """Accept a row; waits only while the queue is full. From any thread but the loop's.

        Raises:
            StorageFailed: the product is stopping.
        """
        self._inbox.put(_Item(said=segment))

    def gap(self, gap: RecordingGap) -> None:
        """The same for a gap."""
        self._inbox.put(_Item(said=gap))

    async def keep(self, said: NewSegment | RecordingGap) -> None:
        """Accept a row in the loop (of a media worker), and return when it is stored.

        Raises:
            InvalidInput: it never can be stored: its camera is not known.
            StorageFailed: it is not stored; the product is stopping.
        """
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._inbox.put_soon(_Item(said=said, kept=kept))
        await kept

    @property
    def waiting(self) -> int:
        return len(self._inbox)

    async def begin(self, recorded: frozenset[str]) -> None:
        """Before the cameras start: the time since the last recording is a gap.

        Args:
            recorded: ids of the cameras that are recorded from now on.
        Raises:
            StorageFailed: the store cannot be used.
        """
        async with self._store.write() as unit:
            scope = await unit.every_site()
            for camera_id in await unit.segments(scope).cameras():
                if camera_id in self._sites:
                    await self._begin(unit, scope, camera_id, recorded)

    async def run(self) -> None:
        """Write rows until `close`."""
        async with self._one_at_a_time:
            while (item := await self._inbox.first()) is not None:
                await self._deal(item)
                self._inbox.drop([item])

    async def close(self, *, within_s: float = 10.0) -> None:
        """Take nothing more in, store what waits, and end `run`."""
        self._give_up_at_s = self._clock.monotonic() + within_s
        self._inbox.close()
        await self.run()

    async def drain(self) -> None:
        """Return when everything accepted so far is stored."""
        await self._inbox.emptied()

    async def _begin(
        self, unit: Unit, scope: SiteScope, camera_id: str, recorded: frozenset[str]
    ) -> None:
        gaps = unit.gaps(scope)
        last = await unit.segments(scope).last(camera_id)
        if last is None or await gaps.open(camera_id) is not None:
            return
        over = await gaps.last_end(camera_id)
        wanted = camera_id in recorded
        gap = Gap(
            site_id=self._sites[camera_id],
            camera_id=camera_id,
            began_at=last.ended_at if over is None else max(over, last.ended_at),
            ended_at=None,
            cause=GapCause.STOPPED if wanted else GapCause.SWITCHED_OFF,
            detail="" if wanted else "recording is switched off",
        )
        await gaps.save(gap, now=unit.now)

    async def _deal(self, item: _Item) -> None:
        try:
            await self._store_one(item.said)
        except (InvalidInput, StorageFailed) as error:
            log.error("a row of the recording of %s is lost: %s", item.said.camera_id, error)
            self._count(failed=1)
            if item.kept is not None and not item.kept.done():
                item.kept.set_exception(error)
        else:
            if item.kept is not None and not item.kept.done():
                item.kept.set_result(None)

    async def _store_one(self, said: NewSegment | RecordingGap) -> None:
        site_id = self._sites.get(said.camera_id)
        if site_id is None:
            raise InvalidInput(f"there is no camera {said.camera_id!r} in the settings")
        if isinstance(said, NewSegment):
            await self._insist(lambda: self._store_segment(site_id, said))
            self._count(segments=1, bytes=said.size_bytes)
            return
        await self._insist(lambda: self._store_gap(site_id, said))
        self._count(gaps=said.ended_us is None)
        if said.cause is GapCause.DISK_FULL and said.ended_us is None:
            self.full()

    async def _store_segment(self, site_id: str, segment: NewSegment) -> None:
        scope = SiteScope(site_id)
        async with self._store.write() as unit:
            await self._explain(unit, scope, site_id, segment)
            await unit.segments(scope).add(segment, site_id=site_id, now=unit.now)
            lasting = await unit.gaps(scope).open(segment.camera_id)
            if lasting is not None:
                started_at, began_at = from_us(segment.started_us), lasting.began_at
                if began_at > started_at and segment.camera_id not in self._begun:
                    started_at = began_at  # a film that begins again: time went back, no gap
                if began_at <= started_at:
                    over = replace(lasting, ended_at=started_at)
                    await unit.gaps(scope).save(over, now=unit.now)
        self._begun.add(segment.camera_id)

    async def _explain(
        self, unit: Unit, scope: SiteScope, site_id: str, segment: NewSegment
    ) -> None:
        """A hole that nobody told of: the process that recorded is gone, and with it its word."""
        last = await unit.segments(scope).last(segment.camera_id)
        if last is None or segment.started_us - last.ended_us < HOLE_US:
            return
        began_at, ended_at = last.ended_at, from_us(segment.started_us)
        gaps = unit.gaps(scope)
        if await gaps.between(segment.camera_id, began_at, ended_at, limit=1):
            return
        gap = Gap(
            site_id=site_id,
            camera_id=segment.camera_id,
            began_at=began_at,
            ended_at=ended_at,
            cause=GapCause.WORKER_LOST,
            detail="the process that recorded ended",
        )
        await gaps.save(gap, now=unit.now)

    async def _store_gap(self, site_id: str, gap: RecordingGap) -> None:
        scope = SiteScope(site_id)
        row = Gap(
            site_id=site_id,
            camera_id=gap.camera_id,
            began_at=from_us(gap.began_us),
            ended_at=None if gap.ended_us is None else from_us(gap.ended_us),
            cause=gap.cause,
            detail=gap.detail,
        )
        async with self._store.write() as unit:
            gaps = unit.gaps(scope)
            lasting = await gaps.open(gap.camera_id)
            if lasting is not None and lasting.began_at != row.began_at:
                await gaps.save(
                    replace(lasting, ended_at=max(lasting.began_at, row.began_at)), now=unit.now
                )
            await gaps.save(row, now=unit.now)

    async def _insist(self, attempt: Callable[[], Awaitable[None]]) -> None:
        """Try until the store can be used, waiting longer each time; the queue is the bound.

        Raises:
            StorageFailed: the product is stopping and its time is over.
        """
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await attempt()
                return
            except StorageFailed as error:
                until_s = self._give_up_at_s
                if until_s is not None and self._clock.monotonic() >= until_s:
                    raise
                log.warning("%s; trying again in %.2f s", error, pause_s)
                await self._clock.sleep(pause_s)
                pause_s = min(LONGEST_PAUSE_S, pause_s * 2.0)

    def _count(self, **more: int) -> None:
        now = {name: getattr(self.counts, name) + number for name, number in more.items()}
        self.counts = replace(self.counts, **now)
