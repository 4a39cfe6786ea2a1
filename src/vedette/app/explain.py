"""Why something happened, or did not, out of a data folder; the product may run."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from vedette.app.export import opened
from vedette.app.folder import DataFolder
from vedette.blobs.local import LocalBlobs
from vedette.contracts.errors import StorageFailed
from vedette.explain.story import Story
from vedette.kit.whole_file import write_whole
from vedette.services.playback import Player
from vedette.services.reasons import Explained, StoreReasons
from vedette.store.scope import SiteScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A story, with files that show it."""

    story: Story
    pictures: tuple[Path, ...]


async def explain(data: Path, what: str, picture: Path | None = None) -> list[Told]:
    """One event, alert or track.

    Args:
        what: id of an event or of an alert, or `camera/session/number` of a track.
        picture: where to write what the camera saw then, out of its recording.

    Raises:
        InvalidInput: it is neither.
        NotFound: there is none, or no product has ever used the data folder; nothing is recorded.
        StorageFailed: the picture cannot be read or written.
    """
    async with _reasons(data) as (reasons, scope):
        found = await reasons.of(scope, what)
        return await _told(data, reasons, scope, [found], picture)


async def explain_moment(
    data: Path, camera_id: str, at: datetime, around: timedelta, picture: Path | None = None
) -> list[Told]:
    """Every object that a camera saw at a moment, in the order in which they came.

    Raises:
        NotFound: nothing was followed then, or no product has ever used the data folder; nothing
            is recorded.
    """
    async with _reasons(data) as (reasons, scope):
        found = await reasons.of_moment(scope, camera_id, at, around)
        return await _told(data, reasons, scope, found, picture)


@asynccontextmanager
async def _reasons(data: Path) -> AsyncIterator[tuple[StoreReasons, SiteScope]]:
    async with opened(data) as (store, scope):
        player = Player(store, LocalBlobs(DataFolder(root=data).recordings))
        yield StoreReasons(store, player), scope


async def _told(
    data: Path,
    reasons: StoreReasons,
    scope: SiteScope,
    found: Sequence[Explained],
    picture: Path | None,
) -> list[Told]:
    blobs = LocalBlobs(DataFolder(root=data).artifacts)
    shown: tuple[Path, ...] = ()
    if picture is not None:
        content = await reasons.picture(scope, found)
        try:
            write_whole(picture, content)
        except OSError as error:
            raise StorageFailed(f"{picture} cannot be written: {error.strerror}") from error
        shown = (picture,)
    return [
        Told(
            story=each.story,
            pictures=(*(blobs.local_path(a.storage_path) for a in each.pictures), *shown),
        )
        for each in found
    ]
