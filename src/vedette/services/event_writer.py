"""Takes events from the cameras' threads and stores them: store first, then tell."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from vedette.blobs.port import Blobs
from vedette.bus.tracer import Tracer
from vedette.contracts.bus import Bus
from vedette.contracts.errors import InvalidInput, StorageFailed, VedetteError
from vedette.contracts.event import EventState
from vedette.contracts.facts import StorageFact
from vedette.contracts.sink import EventChange, TrackRecord
from vedette.contracts.span import Value
from vedette.contracts.verdict import Verdict
from vedette.kit.clock import Clock
from vedette.link.messages import Story
from vedette.services.inbox import Inbox
from vedette.services.keep_event import EventKeeper, Written
from vedette.store.scope import SiteScope
from vedette.store.store import Store
from vedette.store.unit import Unit

log = logging.getLogger(__name__)

T = TypeVar("T")

TOGETHER = 32
"""Changes and tracks that are stored in one transaction, where so many wait."""
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 5.0
PATIENCE_S = 0.5
"""What fails for longer is not just busy: people are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterOptions:
    """Bounds, and what is noted with each verdict."""

    config_version: str = ""
    """Version of the settings that the cameras run with."""
    depth: int = 256
    """Changes that may wait before a camera has to."""
    most_bytes: int = 64 * 1024 * 1024
    """Their pictures and previews in memory, together."""
    most_verdicts_a_day: int = 100_000
    """Rows of the ledger per camera and day; what goes beyond is counted in `verdict_day`."""


DEFAULTS = WriterOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One thing to be kept, and who waits for that."""

    said: EventChange | Story
    since_s: float
    """When it was accepted."""
    kept: asyncio.Future[None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterCounts:
    """Since the start."""

    accepted: int = 0
    """Changes and tracks taken from the cameras."""
    stored: int = 0
    failed: int = 0
    """Given up: they name an unknown camera, or the product stopped while the disk failed."""
    retried: int = 0
    """Attempts that failed because the database was busy, full or unreadable."""
    media_failed: int = 0
    """Files that could not be kept; their events were."""
    verdicts_dropped: int = 0


class EventWriter:
    """Implements `contracts.sink.EventSink`; `run` is the one task that writes."""

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        *,
        sites: Mapping[str, str],
        bus: Bus,
        clock: Clock,
        stored: Callable[[], None],
        options: WriterOptions = DEFAULTS,
    ) -> None:
        """Take what it needs.

        Args:
            sites: camera to its site.
            stored: called in the loop after each commit; wakes the relay.
        """
        self._rows = store
        self._keeper = EventKeeper(store, blobs)
        self._sites = dict(sites)
        self._bus = bus
        self._clock = clock
        self._tracer = Tracer(bus, clock)
        self._stored = stored
        self._options = options
        self._inbox: Inbox[_Item] = Inbox(most=options.depth, most_weight=options.most_bytes)
        self._counts = WriterCounts()
        self._one_at_a_time = asyncio.Lock()
        self._give_up_at_s: float | None = None
        self._gave_up = False
        self.problem = ""
        """Why nothing can be stored at present; empty while all is well."""

    def submit(self, change: EventChange) -> None:
        """Accept a change; the camera waits only while the queue is full.

        Raises:
            StorageFailed: the product is stopping.
        """
        self._inbox.put(self._item(change), _weight(change))

    def record(self, track: TrackRecord, verdicts: Sequence[Verdict]) -> None:
        """Accept a finished track with its ledger; see `submit`."""
        story = Story(track=track, verdicts=tuple(verdicts))
        self._inbox.put(self._item(story), _weight(story))

    async def keep(self, said: EventChange | Story) -> None:
        """Accept something from the loop, and return when it is stored.

        Raises:
            InvalidInput: it never can be stored: its site or camera is not known.
            StorageFailed: it is not stored; the product is stopping.
        """
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._inbox.put_soon(self._item(said, kept), _weight(said))
        await kept

    def _item(self, said: EventChange | Story, kept: asyncio.Future[None] | None = None) -> _Item:
        return _Item(said=said, since_s=self._clock.monotonic(), kept=kept)

    def place(self, camera_id: str, site_id: str) -> None:
        """From now on this camera belongs to this site."""
        self._sites[camera_id] = site_id

    @property
    def counts(self) -> WriterCounts:
        return replace(self._counts, accepted=self._inbox.accepted)

    @property
    def waiting(self) -> int:
        """Changes and tracks that are accepted, but not stored yet."""
        return len(self._inbox)

    async def run(self) -> None:
        """Write what is accepted until `close`: in order, but events that open overtake the
        others, since people wait for the alert; and these have every second turn at least."""
        async with self._one_at_a_time:
            hurry = True
            while items := await self._inbox.some(TOGETHER, urgent=_opens if hurry else None):
                hurry = not all(map(_opens, items))
                over = True
                try:
                    await self._keep(items)
                except asyncio.CancelledError:
                    over = False  # `close` takes them up again
                    raise
                finally:
                    if over:
                        self._inbox.drop(items)

    async def drain(self) -> None:
        """Return when all that was accepted so far is stored (or given up). Needs `run`."""
        await self._inbox.emptied()

    async def close(self, *, within_s: float = 10.0) -> None:
        """Accept nothing more, store what is waiting, and end `run`.

        Args:
            within_s: how long to go on trying where the database cannot be written.
        """
        self._give_up_at_s = self._clock.monotonic() + within_s
        self._inbox.close()
        await self.run()  # waits for the one that runs, or does its work

    async def _keep(self, items: Sequence[_Item]) -> None:
        """Files first, all at once; then all rows in one transaction, or else each in its own."""
        made = await self._make([item.said for item in items])
        if isinstance(made, VedetteError):
            for item in items:
                self._settle(item, made)
            return
        together = len(made) > 1 and await self._store(made) is None
        for item, each in zip(items, made, strict=True):
            error = None if together else await self._store([each])
            if isinstance(each, Written):
                if error is None:
                    self._announce(each)
                elif isinstance(error, InvalidInput):
                    await self._keeper.undo_files(each)
            self._settle(item, error)

    async def _make(
        self, said: Sequence[EventChange | Story]
    ) -> list[Written | Story] | VedetteError:
        """Bring the files of changes to their place; the error where that is impossible."""
        changes = [each for each in said if isinstance(each, EventChange)]
        try:
            written = await self._insist(lambda: self._keeper.write_all(changes))
        except VedetteError as error:
            return error
        self._count(media_failed=sum(len(each.failures) for each in written))
        next_one = iter(written)
        return [next(next_one) if isinstance(each, EventChange) else each for each in said]

    async def _store(self, made: Sequence[Written | Story]) -> VedetteError | None:
        """Commit all of these together, or none and say why."""
        try:
            await self._insist(lambda: self._commit(made))
        except VedetteError as error:
            return error
        return None

    async def _commit(self, made: Sequence[Written | Story]) -> None:
        stories = [each for each in made if isinstance(each, Story)]
        async with self._rows.write() as unit:
            await self._keeper.add_rows(unit, *(w for w in made if isinstance(w, Written)))
            dropped = await self._add_tracks(unit, stories)
        self._count(verdicts_dropped=dropped)

    async def _add_tracks(self, unit: Unit, stories: Sequence[Story]) -> int:
        """Returns the number of verdicts that were left out."""
        if not stories:
            return 0
        placed = [(self._site_of(each.track.camera_id), each) for each in stories]
        scope = SiteScope(site_id for site_id, _ in placed)
        tracks = [(site_id, each.track) for site_id, each in placed]
        fresh = await unit.tracks(scope).add(tracks, now=unit.now)
        told = {each.track.whole_id: (site_id, each) for site_id, each in placed}
        return await unit.verdicts(scope).add(
            [(s, each.track.id, each.verdicts) for i, (s, each) in told.items() if i in fresh],
            config_version=self._options.config_version,
            today=unit.now.date(),
            most_per_day=self._options.most_verdicts_a_day,
        )

    def _site_of(self, camera_id: str) -> str:
        site_id = self._sites.get(camera_id)
        if site_id is None:
            raise InvalidInput(f"there is no camera {camera_id!r} in the settings")
        return site_id

    def _settle(self, item: _Item, error: VedetteError | None) -> None:
        """Count one thing, and tell who waits for it."""
        said, waits = item.said, item.kept is not None and not item.kept.done()
        self._trace(item, error)
        if error is None:
            self._count(stored=1)
            self._stored()
            if item.kept is not None and waits:
                item.kept.set_result(None)
            return
        self._count(failed=1)
        if item.kept is None:
            name = said.event.id if isinstance(said, EventChange) else said.track.id
            log.error("%s is lost: %s", name, error)
        elif waits:
            item.kept.set_exception(error)

    def _trace(self, item: _Item, error: VedetteError | None) -> None:
        """How long it took from its acceptance."""
        if isinstance(item.said, EventChange):
            event = item.said.event
            about: dict[str, Value] = {
                "event": str(event.id),
                "state": event.state.value,
                "files": " ".join(each.kind.value for each in item.said.artifacts),
            }
            took_s = self._clock.monotonic() - item.since_s
            told = "" if error is None else str(error)
            self._tracer.tell("store", event.correlation_id, took_s, error=told, attributes=about)

    async def _insist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Try until the store can be used, waiting longer each time; the queue is the bound.

        Raises:
            StorageFailed: the product is stopping and its time is over.
        """
        pause_s = FIRST_PAUSE_S
        while True:
            if self._gave_up:
                raise StorageFailed("the product stopped while the store could not be written")
            try:
                done = await attempt()
            except StorageFailed as error:
                if pause_s >= PATIENCE_S:
                    self.problem = str(error)
                left_s = self._left_s()
                self._gave_up = left_s <= 0.0
                if self._gave_up:
                    raise
                pause_s = min(pause_s, left_s)
                log.warning("%s; trying again in %.2f s", error, pause_s)
                self._count(retried=1)
                await self._clock.sleep(pause_s)
                pause_s = min(LONGEST_PAUSE_S, pause_s * 2.0)
            else:
                self.problem = ""
                return done

    def _left_s(self) -> float:
        if self._give_up_at_s is None:
            return LONGEST_PAUSE_S
        return self._give_up_at_s - self._clock.monotonic()

    def _announce(self, written: Written) -> None:
        topic = "storage.artifact.stored"
        if written.artifacts and self._bus.wanted(topic):
            for artifact in written.artifacts:
                fact = StorageFact(
                    artifact_id=artifact.id,
                    event_id=artifact.event_id,
                    storage_path=artifact.storage_path,
                    size_bytes=artifact.size_bytes,
                )
                self._bus.publish(topic, fact)

    def _count(self, **more: int) -> None:
        now = {name: getattr(self._counts, name) + number for name, number in more.items()}
        self._counts = replace(self._counts, **now)


def _opens(item: _Item) -> bool:
    """True for the first word on an event: nothing that waits was said of it before."""
    if not isinstance(item.said, EventChange):
        return False
    event = item.said.event
    return event.state is EventState.OPEN and event.updated_at == event.opened_at


def _weight(said: EventChange | Story) -> int:
    """Bytes in memory that matter."""
    if isinstance(said, EventChange):
        return sum(len(each.data) for each in said.artifacts if each.data)
    return len(said.track.path)
