"""Start-up check: finishes what a killed process left half done. Safe to run again and again.

It runs before the cameras, while nobody else uses the data folder.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from uuid import UUID

from vedette.blobs.paths import FileName, read_path
from vedette.blobs.port import Blobs
from vedette.contracts.artifact import Artifact, ArtifactKind
from vedette.contracts.errors import NotFound
from vedette.contracts.event import EventState
from vedette.contracts.sink import EventChange
from vedette.kit.ids import artifact_id
from vedette.services.janitor import collect_garbage
from vedette.services.keep_event import EventKeeper, Written
from vedette.services.mend_clips import FinishClip, mend_clips
from vedette.services.settle import interrupted
from vedette.store.events import EventFilter
from vedette.store.scope import SiteScope
from vedette.store.store import Store

log = logging.getLogger(__name__)

PAGE = 500

MEDIA_TYPES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairReport:
    """What was found and done; all zero after an orderly stop."""

    leases_returned: int = 0
    temporary_removed: int = 0
    garbage_unlinked: int = 0
    rows_without_file: int = 0
    """Artifacts whose file is missing or damaged; their rows are gone."""
    files_adopted: int = 0
    """Complete files that had no row yet; now they have one."""
    files_removed: int = 0
    """Files without a row, of no event."""
    files_unknown: int = 0
    """Files in the artifact folder that are not ours; they are left alone."""
    clips_finished: int = 0
    clips_lost: int = 0
    clips_waiting: int = 0
    """Could not be written now (disk full); tried again at the next start."""
    events_interrupted: int = 0

    @property
    def clean(self) -> bool:
        """True when there was nothing to repair."""
        return not any(getattr(self, field.name) for field in fields(self))


class Repair:
    """One check of one data folder."""

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        *,
        parts: Path | None = None,
        finish_clip: FinishClip | None = None,
        check_hashes: bool = False,
    ) -> None:
        """Take what it needs.

        Args:
            parts: folder in which clips are made; each name holds the event's id.
            finish_clip: see `FinishClip`; without it parts are left alone.
            check_hashes: read every file instead of comparing sizes (slow).
        """
        self._store = store
        self._blobs = blobs
        self._keeper = EventKeeper(store, blobs)
        self._parts = parts
        self._finish_clip = finish_clip
        self._check_hashes = check_hashes
        self._report = RepairReport()

    async def run(self) -> RepairReport:
        """Check and repair everything.

        Raises:
            StorageFailed: the store or the folder cannot be used.
        """
        self._report = RepairReport()
        self._note(temporary_removed=await asyncio.to_thread(self._blobs.clear_temporary))
        async with self._store.read() as unit:
            try:
                scope = await unit.every_site()
            except NotFound:
                return self._report  # a new store: nothing can be half done
        async with self._store.write() as unit:
            self._note(leases_returned=await unit.outbox(scope).release())
            self._note(leases_returned=await unit.notifications(scope).release())
        await self._empty_garbage(scope)
        await self._match_files(scope)
        await self._finish_parts(scope)
        await self._close_open_events(scope)
        await self._empty_garbage(scope)
        if not self._report.clean:
            log.warning("repaired after an unorderly stop: %s", self._report)
        return self._report

    def _note(self, **more: int) -> None:
        found = {name: getattr(self._report, name) + number for name, number in more.items()}
        self._report = replace(self._report, **found)

    async def _empty_garbage(self, scope: SiteScope) -> None:
        count, _ = await collect_garbage(self._store, self._blobs, scope)
        self._note(garbage_unlinked=count)

    async def _match_files(self, scope: SiteScope) -> None:
        """Compare rows with files, both ways."""
        files = await asyncio.to_thread(lambda: dict(self._blobs.files()))
        broken: list[UUID] = []
        after = ""
        while True:
            async with self._store.read() as unit:
                page = await unit.artifacts(scope).files(limit=PAGE, after=after)
            if not page:
                break
            after = page[-1][1]
            for artifact_id_, path, size, sha256 in page:
                if files.pop(path, None) != size or not await self._intact(path, sha256):
                    log.error("the file %s is missing or damaged; its row is removed", path)
                    broken.append(artifact_id_)
        for start in range(0, len(broken), PAGE):
            async with self._store.write() as unit:
                some = broken[start : start + PAGE]
                await unit.artifacts(scope).discard(some, "damaged", now=unit.now)
        self._note(rows_without_file=len(broken))
        await self._settle_orphans(scope, files)

    async def _intact(self, path: str, sha256: str) -> bool:
        if not self._check_hashes:
            return True
        return await asyncio.to_thread(self._blobs.digest, path) == sha256

    async def _settle_orphans(self, scope: SiteScope, files: Iterable[str]) -> None:
        """Give files without a row one, or remove them; never what may not be ours."""
        async with self._store.read() as unit:
            waiting = {g.storage_path for g in await unit.garbage(scope).find()}
        strangers: list[FileName] = []
        for path in files:
            name = read_path(path)
            if name is None:
                self._note(files_unknown=1)
            elif path not in waiting and not await self._adopt(name):
                strangers.append(name)
        await self._remove(strangers)

    async def _remove(self, strangers: Sequence[FileName]) -> None:
        """Remove the files of a change that was never stored.

        One change is written at a time, so a crash leaves files of one event. More of them
        belong to another database (lost, or restored from an older copy): these stay.
        """
        if len({name.event_id for name in strangers}) > 1:
            log.error(
                "%d artifact files belong to events that the database does not know; they are "
                "left alone: put the right database back, or remove them by hand",
                len(strangers),
            )
            self._note(files_unknown=len(strangers))
            return
        for name in strangers:
            log.warning("the file %s belongs to no stored event; it is removed", name.path())
            await asyncio.to_thread(self._blobs.delete, name.path())
            self._note(files_removed=1)

    async def _adopt(self, name: FileName) -> bool:
        """Insert the row that a crash prevented; False where the event is not known."""
        path = name.path()
        scope = SiteScope(name.site_id)
        async with self._store.read() as unit:
            event = await unit.events(scope).find_one(name.event_id)
            known = await unit.artifacts(scope).of_event(name.event_id)
        if event is None:
            return False
        clip = name.kind is ArtifactKind.CLIP  # one has parts, none of which is better
        if not clip and any(a.kind is name.kind and a.revision >= name.revision for a in known):
            await asyncio.to_thread(self._blobs.delete, path)  # a better one is stored
            self._note(files_removed=1)
            return True
        size = await asyncio.to_thread(self._blobs.size, path)
        sha256 = await asyncio.to_thread(self._blobs.digest, path)
        async with self._store.write() as unit:
            artifact = Artifact(
                id=artifact_id(event.id, name.kind.value, name.revision),
                event_id=event.id,
                site_id=event.site_id,
                camera_id=event.camera_id,
                kind=name.kind,
                revision=name.revision,
                part=name.revision if clip else 1,
                storage_path=path,
                media_type=MEDIA_TYPES.get(name.extension, "application/octet-stream"),
                size_bytes=size or 0,
                sha256=sha256,
                started_at=event.started_at,
            )
            await self._keeper.add_rows(
                unit, Written(event=event, artifacts=(artifact,), failures=())
            )
        self._note(files_adopted=1)
        return True

    async def _finish_parts(self, scope: SiteScope) -> None:
        """Finish the clips that were in the making, and give them to their events."""
        if self._parts is None or self._finish_clip is None:
            return

        async def keep(change: EventChange) -> None:
            await self._keeper.store_rows(await self._keeper.write_files(change))

        mended = await mend_clips(
            self._parts, store=self._store, scope=scope, finish=self._finish_clip, keep=keep
        )
        self._note(
            clips_finished=mended.finished, clips_lost=mended.lost, clips_waiting=mended.waiting
        )

    async def _close_open_events(self, scope: SiteScope) -> None:
        """Close what a killed process left open, when it was last heard of."""
        wanted = EventFilter(states=(EventState.OPEN,))
        while True:
            async with self._store.write() as unit:
                page = (await unit.events(scope).find(wanted, limit=PAGE)).events
                for event in page:
                    closed = interrupted(event)
                    change = Written(event=closed, artifacts=(), failures=())
                    await self._keeper.add_rows(unit, change)
            self._note(events_interrupted=len(page))
            if len(page) < PAGE:
                return
