"""Stores one change of an event: files first, then one transaction with rows and outbox."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence, Set
from dataclasses import dataclass

from vedette.blobs.paths import FileName
from vedette.blobs.port import Blobs, StoredFile
from vedette.contracts.artifact import Artifact
from vedette.contracts.errors import InvalidInput, StorageFailed, VedetteError
from vedette.contracts.event import Event
from vedette.contracts.sink import EventChange, NewArtifact
from vedette.kit.clock import from_us
from vedette.kit.ids import artifact_id
from vedette.services.settle import media_topics, settle, with_failures
from vedette.store.scope import SiteScope
from vedette.store.store import Store
from vedette.store.unit import Unit

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A change whose files are on the disk; its rows are not stored yet."""

    event: Event
    artifacts: tuple[Artifact, ...]
    failures: tuple[str, ...]
    """Sentences: which file could not be kept, and why."""


class EventKeeper:
    """Two steps, so that a database that is busy does not make files be written twice."""

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self._store = store
        self._blobs = blobs

    async def write_files(self, change: EventChange) -> Written:
        """Bring the files of a change to their place, each complete and on the disk.

        A file that is known already (by kind, revision and content) is not written again, and
        one that is behind a better revision is left out. A file that cannot be written becomes
        a note in the event's numbers; the event itself is never lost for it.

        Raises:
            StorageFailed: the database cannot be read now.
        """
        if not change.artifacts:
            return Written(event=change.event, artifacts=(), failures=())
        scope = SiteScope(change.event.site_id)
        async with self._store.read() as unit:
            known = await unit.artifacts(scope).of_event(change.event.id)
            gone = await unit.garbage(scope).of_event(change.event.id)
        artifacts: list[Artifact] = []
        failures: list[str] = []
        for new in change.artifacts:
            same_kind = [a for a in (*known, *artifacts) if a.kind is new.kind]
            taken = {g.revision for g in gone if g.kind is new.kind}
            taken |= {a.revision for a in same_kind if a.part != new.part}
            mine = [a for a in same_kind if a.part == new.part]
            try:
                kept = await asyncio.to_thread(self._place, change.event, new, mine, taken)
            except VedetteError as error:
                log.error("event %s: its %s is lost: %s", change.event.id, new.kind.value, error)
                failures.append(f"{new.kind.value}: {error}")
                continue
            if kept is not None:
                artifacts.append(kept)
        return Written(
            event=with_failures(change.event, tuple(failures)),
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

    async def add_rows(self, unit: Unit, written: Written) -> None:
        """The same within the caller's transaction."""
        scope = SiteScope(written.event.site_id)
        events, artifacts, outbox = unit.events(scope), unit.artifacts(scope), unit.outbox(scope)
        known = await events.find_one(written.event.id, lock=True)
        event, topics = settle(known, written.event)
        if event != known:
            await events.save(event, now=unit.now)
        for topic in topics:
            key = f"{topic}:{event.id}" if topic == "event.opened" else None
            await outbox.add(topic, event, site_id=event.site_id, now=unit.now, key=key)
        before = await artifacts.of_event(event.id) if written.artifacts else ()
        for artifact in written.artifacts:
            behind = [
                a.id
                for a in (*before, *written.artifacts)
                if (a.kind, a.part) == (artifact.kind, artifact.part)
                and a.revision < artifact.revision
            ]
            await artifacts.discard(behind, "superseded", now=unit.now)
            kept = artifact.living(event.lifecycle, unit.now)
            await artifacts.add(kept, now=unit.now)
            for topic in media_topics(kept):
                await outbox.add(topic, kept, site_id=event.site_id, now=unit.now)

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
