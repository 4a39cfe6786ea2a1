"""Copies files of events out of a data folder, named after a pattern; the product may run."""

import asyncio
import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from vedette.app.collect import demand_writable
from vedette.app.export import opened
from vedette.app.folder import DataFolder
from vedette.blobs.local import LocalBlobs
from vedette.blobs.names import DEFAULT_PATTERN, NamesGiven, demand_pattern
from vedette.contracts.artifact import Artifact, ArtifactKind
from vedette.contracts.errors import StorageFailed
from vedette.contracts.event import Event
from vedette.store.events import EventFilter

PAGE = 200


@dataclass(slots=True, kw_only=True)
class Copied:
    """What was written."""

    files: int = 0
    size_bytes: int = 0
    gone: int = 0
    """Deleted by retention meanwhile."""


async def export_events(
    data: Path,
    folder: Path,
    wanted: EventFilter,
    *,
    kinds: Collection[ArtifactKind] = tuple(ArtifactKind),
    pattern: str = DEFAULT_PATTERN,
) -> Copied:
    """Copy the files of the events that are wanted, newest first, all into one folder.

    Raises:
        InvalidInput: the pattern is none.
        NotFound: no product has ever used the data folder.
        StorageFailed: a file cannot be read or written.
    """
    names = NamesGiven(pattern=demand_pattern(pattern))
    copied = Copied()
    blobs = LocalBlobs(DataFolder(root=data).artifacts)
    async with opened(data) as (store, scope):
        demand_writable(folder / "any")
        after: str | None = None
        while True:
            async with store.read() as unit:
                page = await unit.events(scope).find(wanted, limit=PAGE, after=after)
                files = await unit.artifacts(scope).of_events([each.id for each in page.events])
            for event in page.events:
                for artifact in files[event.id]:
                    if artifact.kind in kinds:
                        target = folder / _name(names, event, artifact)
                        source = blobs.local_path(artifact.storage_path)
                        await asyncio.to_thread(_copy, source, target, event, copied)
            after = page.next
            if after is None:
                return copied


def _name(names: NamesGiven, event: Event, artifact: Artifact) -> str:
    extension = Path(artifact.storage_path).suffix
    return names.give(event, artifact.kind, extension, part=artifact.part)


def _copy(source: Path, target: Path, event: Event, copied: Copied) -> None:
    """Whole, or not at all; dated when the event began."""
    part = target.with_name(f"{target.name}.part")
    began = event.started_at.timestamp()
    try:
        shutil.copyfile(source, part)
        os.utime(part, (began, began))
        os.replace(part, target)
    except FileNotFoundError:
        if source.exists():
            raise StorageFailed(f"{target} cannot be written: its folder is gone") from None
        copied.gone += 1
        return
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StorageFailed(f"{target} cannot be written: {error.strerror}") from error
    copied.files += 1
    copied.size_bytes += target.stat().st_size
