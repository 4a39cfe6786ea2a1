"""Plays any interval of a camera's recordings: packets copied, exact to the picture."""

import asyncio
import logging
import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vedette.blobs.local import LocalBlobs
from vedette.contracts.errors import InvalidInput, NotFound, StorageFailed
from vedette.kit.clock import from_us
from vedette.media.compose import Film, Piece, compose
from vedette.media.fragments import read_fragments
from vedette.media.join import join
from vedette.media.movie import PIECE, Movie
from vedette.media.mux import MKV, MP4
from vedette.store.recordings import Segment
from vedette.store.scope import SiteScope
from vedette.store.store import Store

log = logging.getLogger(__name__)

US = 1_000_000
PAGE = 500
MOST_S = 3600.0
"""Longest film of one answer."""
KEPT = 8
"""Films whose index is kept, because players ask for them piece by piece."""


class Content(Protocol):
    """Bytes of a film."""

    size: int

    def chunks(self, start: int, stop: int) -> Iterator[bytes]: ...

    def write(self, handle: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Playback:
    """A film that is ready to be sent."""

    content: Content
    media_type: str
    extension: str
    intervals: tuple[tuple[int, int], ...]
    """Begin and end (UTC, microseconds) of each unbroken stretch that it shows."""
    next_us: int | None
    """Where the film had to end because the format changes; None where it reaches the end."""
    tag: str
    """Changes with what the film shows."""


class Player:
    """Finds and joins recordings. Belongs to the loop."""

    def __init__(self, store: Store, blobs: LocalBlobs, *, most_s: float = MOST_S) -> None:
        self._store = store
        self._blobs = blobs
        self._most_s = most_s
        self._kept: OrderedDict[str, Playback] = OrderedDict()

    async def film(self, scope: SiteScope, camera_id: str, begin_us: int, end_us: int) -> Playback:
        """What was recorded in an interval; where nothing was, the film goes on with what follows.

        Args:
            begin_us: the first picture is the first of this time or later (UTC, microseconds).
            end_us: the last picture is the last one before this.
        Raises:
            InvalidInput: the interval is empty or too long.
            NotFound: nothing was recorded in it.
            StorageFailed: a file cannot be read.
        """
        self._demand_sane(begin_us, end_us)
        segments = await self.segments(scope, camera_id, begin_us, end_us)
        tag = f"{camera_id}-{begin_us}-{end_us}-{hash(tuple(s.id for s in segments)) & 2**63 - 1:x}"
        if tag in self._kept:
            self._kept.move_to_end(tag)
            return self._kept[tag]
        playback = await asyncio.to_thread(self._join, segments, begin_us, end_us, tag)
        if playback is None:
            raise NotFound(
                f"nothing is recorded of camera {camera_id!r} between "
                f"{utc_text(begin_us)} and {utc_text(end_us)}"
            )
        self._kept[tag] = playback
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return playback

    async def segments(
        self, scope: SiteScope, camera_id: str, begin_us: int, end_us: int
    ) -> list[Segment]:
        """The segments that touch an interval."""
        found: list[Segment] = []
        begin, end = from_us(begin_us), from_us(end_us)
        async with self._store.read() as unit:
            while True:
                page = await unit.segments(scope).between(
                    camera_id, begin, end, limit=PAGE, after=found[-1] if found else None
                )
                found += page
                if len(page) < PAGE:
                    return found

    def _demand_sane(self, begin_us: int, end_us: int) -> None:
        if end_us <= begin_us:
            raise InvalidInput("the end of the interval must come after its begin")
        if end_us - begin_us > self._most_s * US:
            raise InvalidInput(
                f"an interval of {(end_us - begin_us) / US:.0f} s is too long for one film; "
                f"ask for at most {self._most_s:.0f} s"
            )

    def _join(
        self, segments: Sequence[Segment], begin_us: int, end_us: int, tag: str
    ) -> Playback | None:
        if not segments:
            return None
        kind = segments[0].media_type
        same = [s for s in segments if s.media_type == kind]
        other = next((s.started_us for s in segments if s.media_type != kind), None)
        if other is not None:
            same = [s for s in same if s.started_us < other]
        pieces = [(self._blobs.local_path(s.storage_path), s.started_us) for s in same]
        if kind == MP4.media_type:
            return _index(pieces, begin_us, end_us, other, tag)
        return self._copy(pieces, begin_us, end_us, other, tag)

    def _copy(
        self,
        pieces: Sequence[tuple[Path, int]],
        begin_us: int,
        end_us: int,
        other: int | None,
        tag: str,
    ) -> Playback | None:
        """Matroska: a file of its own, which goes with the last one who reads it."""
        there = [(path, at_us) for path, at_us in pieces if path.is_file()]
        out = self._blobs.temporary(f"{os.urandom(8).hex()}.film")
        try:
            intervals, next_us = join(there, begin_us, end_us, out)
            content = _UnnamedFile(out)
        finally:
            out.unlink(missing_ok=True)
        return Playback(
            content=content,
            media_type=MKV.media_type,
            extension=MKV.extension,
            intervals=intervals,
            next_us=next_us if next_us is not None else other,
            tag=tag,
        )


def _index(
    pieces: Sequence[tuple[Path, int]], begin_us: int, end_us: int, other: int | None, tag: str
) -> Playback | None:
    """MP4: a new index over the recorded files."""
    found = []
    for path, started_us in pieces:
        try:
            found.append(Piece(fragments=read_fragments(path), started_us=started_us))
        except StorageFailed as error:  # gone or damaged: the film goes on after it
            log.warning("%s", error)
    film: Film | None = compose(found, begin_us, end_us)
    if film is None:
        return None
    return Playback(
        content=Movie(film.lines),
        media_type=MP4.media_type,
        extension=MP4.extension,
        intervals=film.intervals,
        next_us=film.next_us if film.next_us is not None else other,
        tag=tag,
    )


class _UnnamedFile:
    """A file that has no name any more."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.size = os.fstat(self._file.fileno()).st_size

    def __del__(self) -> None:
        self._file.close()

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        while start < stop:
            data = os.pread(self._file.fileno(), min(PIECE, stop - start), start)
            if not data:
                return
            start += len(data)
            yield data

    def write(self, handle: int) -> None:
        for data in self.chunks(0, self.size):
            left = memoryview(data)
            while left:
                left = left[os.write(handle, left) :]


def utc_text(at_us: int) -> str:
    """`2026-01-31T14:03:22.500000Z`"""
    return from_us(at_us).isoformat().replace("+00:00", "Z")
