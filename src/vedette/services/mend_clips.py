"""Finishes the clips that a killed process left in the making, and gives them to their events."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from vedette.contracts.errors import StorageFailed
from vedette.contracts.event import Event
from vedette.contracts.sink import EventChange, NewArtifact
from vedette.kit.clock import to_us
from vedette.store.scope import SiteScope
from vedette.store.store import Store

log = logging.getLogger(__name__)

FinishClip = Callable[[Path, Path], NewArtifact | None]
"""`finish(part, target)`: makes a playable clip of what a crash left, and removes the part.

`target` is a path without extension in the same folder. None where nothing can be saved; raises
StorageFailed, and leaves the part, where the clip cannot be written now. Blocks.
"""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.clip-(\d{1,4}))?")


@dataclass(slots=True, kw_only=True)
class MendedClips:
    """What became of the parts of one folder."""

    finished: int = 0
    lost: int = 0
    """Of no event, or without a whole picture."""
    waiting: int = 0
    """Could not be written now (disk full); their parts stay."""


async def mend_clips(
    folder: Path,
    *,
    store: Store,
    scope: SiteScope,
    finish: FinishClip,
    keep: Callable[[EventChange], Awaitable[None]],
) -> MendedClips:
    """Finish every clip of a folder whose process has ended.

    Args:
        keep: stores the change that brings a clip.

    Raises:
        StorageFailed: the store cannot be used.
    """
    mended = MendedClips()
    done: set[tuple[UUID, int]] = set()
    for file in await asyncio.to_thread(_part_files, folder):
        found = _UUID.search(file.name)
        event_id = UUID(found[0][:36]) if found else None
        number = int(found[1] or 1) if found else 1
        async with store.read() as unit:
            event = await unit.events(scope).find_one(event_id) if event_id else None
        if event is None or (event.id, number) in done:
            # Of no event, or what `finish` had begun to copy from the part.
            await asyncio.to_thread(file.unlink)
            mended.lost += event is None
            continue
        try:
            clip = await asyncio.to_thread(finish, file, _free_name(file.parent, event.id))
        except StorageFailed as error:
            log.error("the clip %s cannot be finished now: %s", file, error)
            mended.waiting += 1
            continue
        if clip is None:
            mended.lost += 1
            continue
        clip = replace(_dated(clip, event), revision=number, part=number)
        await keep(EventChange(event=event, artifacts=(clip,)))
        mended.finished += 1
        done.add((event.id, number))
    return mended


def _dated(clip: NewArtifact, event: Event) -> NewArtifact:
    return clip if clip.started_us else replace(clip, started_us=to_us(event.started_at))


def _part_files(folder: Path) -> Sequence[Path]:
    """What lies in the folder: parts before finished clips, by name."""
    if not folder.is_dir():
        return ()
    found = (file for file in folder.iterdir() if file.is_file() and not file.is_symlink())
    return sorted(found, key=lambda file: (".part" not in file.name, file.name))


def _free_name(folder: Path, event_id: UUID) -> Path:
    """A path without extension at which nothing lies."""
    number = 1
    while any(folder.glob(f"{event_id}-repaired-{number}.*")):
        number += 1
    return folder / f"{event_id}-repaired-{number}"
