"""Start-up check of recordings: finishes what a killed process left half done. Can be repeated.

It runs before the cameras, while nobody else uses the folder.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vedette.blobs.local import LocalBlobs
from vedette.contracts.errors import InvalidInput, NotFound, StorageFailed
from vedette.contracts.recording import Written
from vedette.contracts.sink import GapCause
from vedette.kit.clock import from_us
from vedette.recording.names import SegmentName, read_part, read_path
from vedette.recording.port import Mend
from vedette.recording.reel import keep, new_segment
from vedette.store.recordings import LONGEST, Gap
from vedette.store.scope import SiteScope
from vedette.store.store import Store

log = logging.getLogger(__name__)

PAGE = 200
MARGIN = timedelta(days=1)
"""Folders that changed this long before the last row was stored are looked at again."""
FOLDER_DEPTH = 4
"""site/camera/day/hour"""
EXTENSIONS = {"video/mp4": ".mp4", "video/x-matroska": ".mkv"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingReport:
    """What was found and done; all zero after an orderly stop."""

    garbage_unlinked: int = 0
    parts_finished: int = 0
    parts_lost: int = 0
    """Without a whole picture; a gap says so."""
    parts_waiting: int = 0
    """Cannot be finished now; tried again at the next start."""
    files_adopted: int = 0
    """Complete files that had no row yet; now they have one."""
    files_unknown: int = 0
    """Files that are not ours, or of a camera that is not known; they are left alone."""
    rows_without_file: int = 0
    """Their files are missing or damaged; the rows are gone, and a gap says so."""

    @property
    def clean(self) -> bool:
        """True when there was nothing to repair."""
        return not any(getattr(self, field.name) for field in fields(self))


class RecordingRepair:
    """One check of one folder of recordings."""

    def __init__(self, store: Store, blobs: LocalBlobs, *, mend: Mend) -> None:
        self._store = store
        self._blobs = blobs
        self._mend = mend
        self._report = RecordingReport()

    async def run(self) -> RecordingReport:
        """Check and repair everything.

        Raises:
            StorageFailed: the store or the folder cannot be used.
        """
        self._report = RecordingReport()
        async with self._store.read() as unit:
            try:
                scope = await unit.every_site()
            except NotFound:
                return self._report  # a new store: nothing can be half done
            stored = await unit.segments(scope).last_stored()
        self._note(garbage_unlinked=(await unlink_garbage(self._store, self._blobs, scope))[0])
        await self._match_files(scope, None if stored is None else stored - MARGIN)
        await self._finish_parts(scope, "")
        return self._told()

    async def take(self, run: str) -> RecordingReport:
        """Finish what one process left that has ended, while others go on recording.

        Raises:
            StorageFailed: the store or the folder cannot be used.
        """
        self._report = RecordingReport()
        async with self._store.read() as unit:
            scope = await unit.every_site()
        await self._finish_parts(scope, run)
        return self._told()

    def _told(self) -> RecordingReport:
        if not self._report.clean:
            log.warning("recordings repaired after an unorderly stop: %s", self._report)
        return self._report

    def _note(self, **more: int) -> None:
        found = {name: getattr(self._report, name) + number for name, number in more.items()}
        self._report = replace(self._report, **found)

    async def _match_files(self, scope: SiteScope, since: datetime | None) -> None:
        """Compare files with rows, both ways, in the folders that changed lately."""
        folders = await asyncio.to_thread(lambda: dict(self._blobs.folders(since)))
        for folder, files in folders.items():
            if folder.count("/") == FOLDER_DEPTH - 1:
                await self._match_folder(scope, folder, files)
            else:
                self._note(files_unknown=len(files))

    async def _match_folder(self, scope: SiteScope, folder: str, files: Mapping[str, int]) -> None:
        paths = list(files)
        async with self._store.read() as unit:
            segments = unit.segments(scope)
            rows = await segments.in_folder(folder)
            known: dict[str, int] = {}
            for start in range(0, len(paths), PAGE):
                known |= await segments.known(paths[start : start + PAGE])
        broken = [i for i, path, size in rows if files.get(path) != size]
        for start in range(0, len(broken), PAGE):
            await self._give_up(scope, broken[start : start + PAGE])
        for path in paths:
            if path not in known:
                await self._adopt(scope, path)

    async def _give_up(self, scope: SiteScope, ids: Sequence[int]) -> None:
        """Rows without a whole file: out of the way, and a gap instead."""
        async with self._store.write() as unit:
            for row in await unit.segments(scope).of_ids(ids):
                log.error("the file %s is missing or damaged; its row is removed", row.storage_path)
                gap = Gap(
                    site_id=row.site_id,
                    camera_id=row.camera_id,
                    began_at=row.started_at,
                    ended_at=row.ended_at,
                    cause=GapCause.DAMAGED,
                    detail="the recorded file is missing or damaged",
                )
                await unit.gaps(scope).save(gap, now=unit.now)
            await unit.segments(scope).discard(ids, "damaged")
        await unlink_garbage(self._store, self._blobs, scope)
        self._note(rows_without_file=len(ids))

    async def _adopt(self, scope: SiteScope, path: str) -> None:
        """Insert the row that a crash prevented."""
        name = read_path(path)
        if name is None or name.site_id not in scope:
            self._note(files_unknown=1)
            return
        file = self._blobs.local_path(path)
        try:
            written = await asyncio.to_thread(self._mend, file, name.started_us)
            if written is None:
                await asyncio.to_thread(self._blobs.delete, path)
                self._note(parts_lost=1)
            elif await self._add(name, path, written):
                self._note(files_adopted=1)
            else:
                self._note(files_unknown=1)
        except StorageFailed as error:
            log.error("%s has no row, and cannot get one now: %s", path, error)
            self._note(parts_waiting=1)

    async def _finish_parts(self, scope: SiteScope, run: str) -> None:
        """Finish the files that were in the making."""
        for part in await asyncio.to_thread(self._blobs.left_over, run):
            name = read_part(part.name)
            if name is None or name.site_id not in scope:
                await asyncio.to_thread(part.unlink)
                continue
            try:
                await self._finish(name, part)
            except StorageFailed as error:
                log.error("the recording %s cannot be finished now: %s", part, error)
                self._note(parts_waiting=1)

    async def _finish(self, name: SegmentName, part: Path) -> None:
        touched = await asyncio.to_thread(_touched, part)
        written = await asyncio.to_thread(self._mend, part, name.started_us)
        if written is None:
            await self._note_damage(name, touched)
            self._note(parts_lost=1)
            return
        name = replace(name, extension=EXTENSIONS[written.media_type])
        path = await asyncio.to_thread(keep, self._blobs, name, part)
        known = await self._add(name, path, written)
        self._note(parts_finished=known, files_unknown=not known)

    async def _note_damage(self, name: SegmentName, touched: datetime) -> None:
        began_at = from_us(name.started_us)
        if not began_at < touched < began_at + LONGEST:
            return  # of a film with a time of its own
        gap = Gap(
            site_id=name.site_id,
            camera_id=name.camera_id,
            began_at=began_at,
            ended_at=touched,
            cause=GapCause.DAMAGED,
            detail="a crash took what was being written",
        )
        try:
            async with self._store.write() as unit:
                await unit.gaps(SiteScope(name.site_id)).save(gap, now=unit.now)
        except InvalidInput as error:
            log.error("a gap of %s is not noted: %s", name.camera_id, error)

    async def _add(self, name: SegmentName, path: str, written: Written) -> bool:
        """Insert a row; False where its camera is not known."""
        row = new_segment(name.camera_id, path, written)
        try:
            async with self._store.write() as unit:
                scope = SiteScope(name.site_id)
                await unit.segments(scope).add(row, site_id=name.site_id, now=unit.now)
                begin, end = from_us(written.started_us), from_us(written.ended_us)
                await unit.gaps(scope).shorten(name.camera_id, begin, end, now=unit.now)
        except InvalidInput as error:
            log.error("%s belongs to a camera that is not known: %s", path, error)
            return False
        return True


def _touched(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, tz=UTC)


async def unlink_garbage(store: Store, blobs: LocalBlobs, scope: SiteScope) -> tuple[int, int]:
    """Unlink what is discarded, then drop the rows; a file that resists stays for later.

    Returns:
        Number of files unlinked, and their bytes.
    """
    count, freed, after = 0, 0, 0
    while True:
        async with store.read() as unit:
            page = await unit.segments(scope).garbage(limit=PAGE, after=after)
        if not page:
            return count, freed
        after = page[-1].id
        gone = [row for row in page if await asyncio.to_thread(_unlink, blobs, row.storage_path)]
        async with store.write() as unit:
            await unit.segments(scope).drop([row.id for row in gone])
        count += len(gone)
        freed += sum(row.size_bytes for row in gone)


def _unlink(blobs: LocalBlobs, path: str) -> bool:
    try:
        blobs.delete(path)
    except StorageFailed as error:
        log.warning("%s stays in the garbage: %s", path, error)
        return False
    return True
