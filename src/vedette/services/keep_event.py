"""Stores one change of an event: files first, then one transaction with rows and outbox."""

import asyncio
import hashlib
import itertools
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

from vedette.blobs.paths import FileName
from vedette.blobs.port import Blobs, StoredFile
from vedette.contracts.artifact import Artifact, ArtifactKind
from vedette.contracts.errors import InvalidInput, StorageFailed, VedetteError
from vedette.contracts.event import Event, Severity
from vedette.contracts.sink import EventChange, NewArtifact
from vedette.kit.clock import from_us
from vedette.kit.ids import artifact_id
from vedette.services.settle import media_topics, settle, with_failures
from vedette.store.outbox import NewFact
from vedette.store.scope import SiteScope
from vedette.store.store import Store
from vedette.store.unit import Unit

log = logging.getLogger(__name__)

OPENED = "event.opened"

FILES = 16
"""So many are written at a time: they wait for the disk, which syncs many as fast as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A change whose files are on the disk; its rows are not stored yet."""

    event: Event
    artifacts: tuple[Artifact, ...]
    failures: tuple[str, ...]
    """Sentences: which file could not be kept, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is stored of some events, or about to be."""

    artifacts: Mapping[UUID, list[Artifact]]
    taken: Mapping[tuple[UUID, ArtifactKind], Set[int]]
    """Revisions of files that are about to be unlinked."""


class EventKeeper:
    """Two steps, so that a database that is busy does not make files be written twice."""

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self._store = store
        self._blobs = blobs
        self._threads = ThreadPoolExecutor(FILES, thread_name_prefix="files")

    async def write_files(self, change: EventChange) -> Written:
        """Bring the files of a change to their place, each complete and on the disk.

        A file that is known already (by kind, revision and content) is not written again, and
        one that is behind a better revision is left out. A file that cannot be written becomes
        a note in the event's numbers; the event itself is never lost for it.

        Raises:
            StorageFailed: the database cannot be read now.
        """
        return (await self.write_all([change]))[0]

    async def write_all(self, changes: Sequence[EventChange]) -> list[Written]:
        """The same of several changes, those of different events at the same time.

        Raises:
            StorageFailed: the database cannot be read now; no file is lost.
        """
        known = await self._known([change.event for change in changes if change.artifacts])
        numbers: dict[UUID, list[int]] = defaultdict(list)
        for number, change in enumerate(changes):
            numbers[change.event.id].append(number)
        written: dict[int, Written] = {}

        async def of_one_event(mine: Sequence[int]) -> None:
            for number in mine:
                written[number] = await self._write(changes[number], known)

        await asyncio.gather(*map(of_one_event, numbers.values()))
        return [written[number] for number in range(len(changes))]

    async def _known(self, events: Sequence[Event]) -> _Known:
        if not events:
            return _Known(artifacts={}, taken={})
        scope, ids = SiteScope(event.site_id for event in events), {event.id for event in events}
        async with self._store.read() as unit:
            artifacts = await unit.artifacts(scope).of_events(ids)
            gone = await unit.garbage(scope).of_events(ids)
        taken: dict[tuple[UUID, ArtifactKind], set[int]] = defaultdict(set)
        for file in gone:
            taken[file.event_id, file.kind].add(file.revision)
        return _Known(artifacts={i: list(each) for i, each in artifacts.items()}, taken=taken)

    async def _write(self, change: EventChange, known: _Known) -> Written:
        """Notes in `known` what it wrote."""
        loop, event = asyncio.get_running_loop(), change.event
        artifacts: list[Artifact] = []
        failures: list[str] = []
        for new in change.artifacts:
            same_kind = [a for a in known.artifacts[event.id] if a.kind is new.kind]
            taken = known.taken.get((event.id, new.kind), set())
            taken = taken | {a.revision for a in same_kind if a.part != new.part}
            mine = [a for a in same_kind if a.part == new.part]
            try:
                kept = await loop.run_in_executor(
                    self._threads, self._place, event, new, mine, taken
                )
            except VedetteError as error:
                log.error("event %s: its %s is lost: %s", event.id, new.kind.value, error)
                failures.append(f"{new.kind.value}: {error}")
                continue
            if kept is not None:
                artifacts.append(kept)
                known.artifacts[event.id].append(kept)
        return Written(
            event=with_failures(event, tuple(failures)),
            artifacts=tuple(artifacts),
            failures=tuple(failures),
        )

    async def store_rows(self, written: Written) -> None:
        """Commit event, artifacts and outbox together; when this returns, none can be lost.

        Raises:
            InvalidInput: its site or camera is not known; trying again is useless.
            StorageFailed: the database cannot be written now.
        """
        async with self._store.write() as unit:
            await self.add_rows(unit, written)

    async def add_rows(self, unit: Unit, *written: Written) -> None:
        """The same of several changes, in their order, within the caller's transaction.

        However many they are, the number of statements is the same.
        """
        if not written:
            return
        scope = SiteScope(each.event.site_id for each in written)
        ids = {each.event.id for each in written}
        events = await unit.events(scope).find_all(ids, lock=True)
        changed: dict[UUID, Event] = {}
        new: list[Artifact] = []
        facts: list[NewFact] = []
        for each in written:
            event, topics = settle(events.get(each.event.id), each.event)
            if event != events.get(event.id):
                events[event.id] = changed[event.id] = event
            facts += [_fact(topic, event) for topic in topics]
            for artifact in each.artifacts:
                new.append(artifact.living(event.lifecycle, unit.now))
                facts += [NewFact(t, new[-1], event.site_id) for t in media_topics(new[-1])]
        await unit.events(scope).save(*changed.values(), now=unit.now)
        await self._add_artifacts(unit, scope, new)
        await unit.outbox(scope).add_all(facts, now=unit.now)

    async def _add_artifacts(self, unit: Unit, scope: SiteScope, new: Sequence[Artifact]) -> None:
        """Rows of new files; those that they are better than become garbage."""
        if not new:
            return
        artifacts = unit.artifacts(scope)
        before = await artifacts.of_events({artifact.event_id for artifact in new})
        best: dict[tuple[UUID, ArtifactKind, int], int] = defaultdict(int)
        for each in new:
            best[_place_of(each)] = max(best[_place_of(each)], each.revision)
        known = itertools.chain(new, *before.values())
        behind = {each.id for each in known if each.revision < best[_place_of(each)]}
        await artifacts.add(*new, now=unit.now)
        await artifacts.discard(behind, "superseded", now=unit.now)

    async def undo_files(self, written: Written) -> None:
        """Remove the files of a change that will never have rows."""
        for artifact in written.artifacts:
            try:
                await asyncio.to_thread(self._blobs.delete, artifact.storage_path)
            except StorageFailed as error:
                log.error("%s stays without a row until the next start: %s", artifact.id, error)

    def _place(
        self, event: Event, new: NewArtifact, known: Sequence[Artifact], taken: Set[int]
    ) -> Artifact | None:
        """Write one file, unless it is known or behind. Blocks.

        Args:
            known: what is stored of its kind and part.
            taken: revisions that are not free.
        """
        latest = max((a.revision for a in known), default=0)
        revision = max(new.revision, latest + 1)  # never overwrite
        told_again = new.revision == latest and _fingerprint(new) in {a.sha256 for a in known}
        if new.revision < latest or told_again:
            _drop(new)
            return None
        while revision in taken:
            revision += 1
        name = FileName(
            site_id=event.site_id,
            camera_id=event.camera_id,
            day=event.started_at.date(),
            event_id=event.id,
            kind=new.kind,
            revision=revision,
            extension=new.extension,
        )
        return _artifact(event, new, name, self._move(name.path(), new))

    def _move(self, path: str, new: NewArtifact) -> StoredFile:
        if new.file is not None:
            return self._blobs.take(path, new.file)
        return self._blobs.put(path, _bytes_of(new))


def _fact(topic: str, event: Event) -> NewFact:
    once = f"{topic}:{event.id}" if topic == OPENED else None
    urgent = topic == OPENED and event.severity is Severity.CRITICAL
    return NewFact(topic, event, event.site_id, once, urgent)


def _place_of(artifact: Artifact) -> tuple[UUID, ArtifactKind, int]:
    return artifact.event_id, artifact.kind, artifact.part


def _bytes_of(new: NewArtifact) -> bytes:
    if new.data is None:
        raise InvalidInput(f"a {new.kind.value} came with neither bytes nor a file")
    return new.data


def _fingerprint(new: NewArtifact) -> str:
    if new.file is None:
        return hashlib.sha256(_bytes_of(new)).hexdigest()
    try:
        with new.file.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StorageFailed(f"{new.file} cannot be read: {error.strerror}") from error


def _drop(new: NewArtifact) -> None:
    """A file that is not needed must not stay in the working folder."""
    if new.file is not None:
        new.file.unlink(missing_ok=True)


def _artifact(event: Event, new: NewArtifact, name: FileName, file: StoredFile) -> Artifact:
    return Artifact(
        id=artifact_id(event.id, new.kind.value, name.revision),
        event_id=event.id,
        site_id=event.site_id,
        camera_id=event.camera_id,
        kind=new.kind,
        revision=name.revision,
        part=new.part,
        storage_path=file.path,
        media_type=new.media_type,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        width=new.width,
        height=new.height,
        started_at=from_us(new.started_us),
        duration_s=new.duration_s,
    )
