"""Recordings of a data folder for the command line; the product may run meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vedette.app.exports import MOST_EXPORT_S, Told, write_film
from vedette.app.folder import DataFolder
from vedette.blobs.local import LocalBlobs
from vedette.contracts.errors import NotFound
from vedette.kit.clock import SystemClock, to_us
from vedette.recording.timeline import Span, timeline
from vedette.services.playback import Player
from vedette.store.scope import SiteScope
from vedette.store.store import Store

MOST = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A file that was written."""

    path: Path
    size_bytes: int
    intervals: tuple[tuple[int, int], ...]
    """Begin and end (UTC, microseconds) of each unbroken stretch that it shows."""


async def spans_of(
    data: Path, camera_id: str | None, begin: datetime, end: datetime, now: datetime
) -> list[tuple[str, Span]]:
    """What is recorded and what is not, of one camera or of all.

    Raises:
        NotFound: there is no such camera, or no product has ever used the folder.
        StorageFailed: the folder cannot be read.
    """
    found: list[tuple[str, Span]] = []
    async with opened(data) as (store, scope), store.read() as unit:
        cameras = [camera.id for camera in await unit.cameras(scope).find()]
        if camera_id is not None and camera_id not in cameras:
            raise NotFound(f"no camera is called {camera_id!r}; there are: {', '.join(cameras)}")
        for name in cameras if camera_id is None else [camera_id]:
            recorded = await unit.segments(scope).spans(name, begin, end, limit=MOST)
            gaps = await unit.gaps(scope).between(name, begin, end, limit=MOST)
            line = timeline(
                recorded, gaps, begin_us=to_us(begin), end_us=to_us(end), now_us=to_us(now)
            )
            found += [(name, span) for span in line]
    return found


async def export_film(
    data: Path, camera_id: str, interval: tuple[datetime, datetime], output: Path, told: Told
) -> list[Exported]:
    """Write an interval; several files where the format changes in between.

    Raises:
        InvalidInput: the interval is empty or too long.
        NotFound: nothing was recorded in it.
        StorageFailed: a file cannot be read or written.
    """
    begin_us, end_us = (to_us(each) for each in interval)
    exported: list[Exported] = []
    async with opened(data) as (store, scope):
        player = Player(store, LocalBlobs(DataFolder(root=data).recordings), most_s=MOST_EXPORT_S)
        next_us: int | None = begin_us
        while next_us is not None and (next_us < end_us or not exported):
            try:
                film = await player.film(scope, camera_id, next_us, end_us)
            except NotFound:
                if exported:
                    break
                raise
            number = len(exported) + 1
            path = output if number == 1 else output.with_stem(f"{output.stem}-{number}")
            path = path.with_suffix(film.extension)
            await asyncio.to_thread(write_film, film, path, told)
            exported.append(
                Exported(path=path, size_bytes=film.content.size, intervals=film.intervals)
            )
            next_us = film.next_us
    return exported


@asynccontextmanager
async def opened(data: Path) -> AsyncIterator[tuple[Store, SiteScope]]:
    """The store of a data folder.

    Raises:
        NotFound: no product has ever used it.
    """
    database = DataFolder(root=data).database
    if not database.exists():
        raise NotFound(f"{data} holds no recordings and no events; name the folder with --data")
    store = await Store.open(database, SystemClock())
    try:
        async with store.read() as unit:
            scope = await unit.every_site()
        yield store, scope
    finally:
        await store.close()
