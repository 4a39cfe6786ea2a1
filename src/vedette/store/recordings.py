"""Rows of recorded segments, and of the gaps between them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    delete,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.sink import GapCause, NewSegment
from vedette.kit.clock import from_us, to_us
from vedette.store.rows import insert_new, upsert
from vedette.store.scope import SiteScope
from vedette.store.tables import RECORDING_GAP, SEGMENT

_S = SEGMENT.c
_G = RECORDING_GAP.c

LONGEST = timedelta(hours=1)
"""No segment is longer; so a question about an interval need not look further back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A recorded file, as stored."""

    id: int
    """Grows in the order of storing."""
    site_id: str
    camera_id: str
    started_at: datetime
    ended_at: datetime
    storage_path: str
    media_type: str
    codec: str
    width: int
    height: int
    packets: int
    size_bytes: int
    sha256: str
    has_audio: bool
    stored_at: datetime

    @property
    def started_us(self) -> int:
        return to_us(self.started_at)

    @property
    def ended_us(self) -> int:
        return to_us(self.ended_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time without recording, as stored."""

    site_id: str
    camera_id: str
    began_at: datetime
    ended_at: datetime | None
    """None while it lasts."""
    cause: GapCause
    detail: str


class SegmentRepository:
    """The segments of some sites, within one transaction. Discarded ones are not there."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def add(self, segment: NewSegment, *, site_id: str, now: datetime) -> None:
        """Insert the row of a file that is in its place; the same path again changes nothing.

        Raises:
            InvalidInput: its site is outside the scope, or its camera is not known.
        """
        self._scope.demand(site_id)
        row = {
            "site_id": site_id,
            "camera_id": segment.camera_id,
            "started_at": from_us(segment.started_us),
            "ended_at": from_us(segment.ended_us),
            "storage_path": segment.path,
            "media_type": segment.media_type,
            "codec": segment.codec,
            "width": segment.width,
            "height": segment.height,
            "packets": segment.packets,
            "size_bytes": segment.size_bytes,
            "sha256": segment.sha256,
            "has_audio": segment.has_audio,
            "stored_at": now,
        }
        await insert_new(self._conn, SEGMENT, [row], key=("storage_path",))

    async def between(
        self,
        camera_id: str,
        begin: datetime,
        end: datetime,
        *,
        limit: int,
        after: Segment | None = None,
    ) -> tuple[Segment, ...]:
        """Segments that touch `begin <= t < end`, by start; `after` is the last one seen."""
        query = select(SEGMENT).where(self._touching(camera_id, begin, end))
        if after is not None:
            query = query.where(tuple_(_S.started_at, _S.id) > tuple_(after.started_at, after.id))
        return await self._found(query.order_by(_S.started_at, _S.id).limit(limit))

    async def spans(
        self, camera_id: str, begin: datetime, end: datetime, *, limit: int
    ) -> list[tuple[int, int]]:
        """Begin and end (UTC, microseconds) of what `between` would find, by start."""
        query = (
            select(_S.started_at, _S.ended_at)
            .where(self._touching(camera_id, begin, end))
            .order_by(_S.started_at, _S.id)
            .limit(limit)
        )
        return [(to_us(a), to_us(b)) for a, b in await self._conn.execute(query)]

    async def last(self, camera_id: str) -> Segment | None:
        """The one that was stored last, discarded or not; None where there is none."""
        query = select(SEGMENT).where(self._scope.covers(_S.site_id), _S.camera_id == camera_id)
        found = await self._found(query.order_by(_S.id.desc()).limit(1))
        return found[0] if found else None

    async def last_stored(self) -> datetime | None:
        """When the newest row was stored."""
        query = select(func.max(_S.stored_at)).where(self._scope.covers(_S.site_id))
        found: datetime | None = (await self._conn.execute(query)).scalar_one()
        return found

    async def of_ids(self, ids: Collection[int]) -> tuple[Segment, ...]:
        """By id; those that are not there are left out."""
        return await self._found(self._kept().where(_S.id.in_(ids)).order_by(_S.id))

    async def cameras(self) -> tuple[str, ...]:
        """Ids of the cameras that have segments."""
        query = select(_S.camera_id).where(self._scope.covers(_S.site_id)).distinct()
        return tuple(sorted((await self._conn.execute(query)).scalars()))

    async def total_bytes(self, camera_id: str | None = None) -> int:
        """Bytes of all of them, or of one camera."""
        query = select(func.coalesce(func.sum(_S.size_bytes), 0)).where(
            self._scope.covers(_S.site_id), _S.discarded.is_(None)
        )
        if camera_id is not None:
            query = query.where(_S.camera_id == camera_id)
        return int((await self._conn.execute(query)).scalar_one())

    async def oldest(
        self, *, limit: int, after: Segment | None = None, camera_id: str | None = None
    ) -> tuple[Segment, ...]:
        """By the time they were stored, oldest first; `after` is the last one seen."""
        query = self._kept()
        if camera_id is not None:
            query = query.where(_S.camera_id == camera_id)
        if after is not None:
            query = query.where(tuple_(_S.stored_at, _S.id) > tuple_(after.stored_at, after.id))
        return await self._found(query.order_by(_S.stored_at, _S.id).limit(limit))

    async def known(self, paths: Collection[str]) -> Mapping[str, int]:
        """Which of these paths have rows, discarded or not, and the size that the rows name."""
        query = select(_S.storage_path, _S.size_bytes).where(
            self._scope.covers(_S.site_id), _S.storage_path.in_(paths)
        )
        rows = await self._conn.execute(query)
        return {row.storage_path: row.size_bytes for row in rows}

    async def in_folder(self, folder: str) -> Sequence[tuple[int, str, int]]:
        """Id, path and size of the segments whose files should lie in a folder (of an hour)."""
        query = select(_S.id, _S.storage_path, _S.size_bytes).where(
            self._scope.covers(_S.site_id),
            _S.storage_path >= f"{folder}/",
            _S.storage_path < f"{folder}0",  # the character after the slash
            _S.discarded.is_(None),
        )
        return [(i, path, size) for i, path, size in await self._conn.execute(query)]

    async def discard(self, ids: Collection[int], reason: str) -> int:
        """Make them garbage; the files are unlinked after this is committed."""
        changed = (
            update(SEGMENT)
            .where(self._scope.covers(_S.site_id), _S.id.in_(ids), _S.discarded.is_(None))
            .values(discarded=reason)
        )
        return int((await self._conn.execute(changed)).rowcount)

    async def garbage(self, *, limit: int, after: int = 0) -> tuple[Segment, ...]:
        """The next discarded ones, in the order of storing; `after` is the last id seen."""
        query = select(SEGMENT).where(
            self._scope.covers(_S.site_id), _S.discarded.is_not(None), _S.id > after
        )
        return await self._found(query.order_by(_S.id).limit(limit))

    async def drop(self, ids: Collection[int]) -> None:
        """Forget discarded ones whose files are unlinked."""
        await self._conn.execute(
            delete(SEGMENT).where(
                self._scope.covers(_S.site_id), _S.id.in_(ids), _S.discarded.is_not(None)
            )
        )

    def _touching(self, camera_id: str, begin: datetime, end: datetime) -> ColumnElement[bool]:
        return and_(
            self._scope.covers(_S.site_id),
            _S.camera_id == camera_id,
            _S.started_at >= begin - LONGEST,
            _S.started_at < end,
            _S.ended_at > begin,
            _S.discarded.is_(None),
        )

    def _kept(self) -> Select[tuple[object, ...]]:
        return select(SEGMENT).where(self._scope.covers(_S.site_id), _S.discarded.is_(None))

    async def _found(self, query: Select[tuple[object, ...]]) -> tuple[Segment, ...]:
        return tuple(_segment(row) for row in (await self._conn.execute(query)).mappings())


class GapRepository:
    """The gaps of some sites, within one transaction."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def save(self, gap: Gap, *, now: datetime) -> None:
        """Insert a gap, or say when the one that began then ended, and why it was.

        One that ended when it began is no gap: its row goes.

        Raises:
            InvalidInput: its site is outside the scope, or its camera is not known.
        """
        self._scope.demand(gap.site_id)
        if gap.ended_at is not None and gap.ended_at <= gap.began_at:
            await self._conn.execute(
                delete(RECORDING_GAP).where(self._of(gap.camera_id), _G.began_at == gap.began_at)
            )
            return
        row = {
            "site_id": gap.site_id,
            "camera_id": gap.camera_id,
            "began_at": gap.began_at,
            "ended_at": gap.ended_at,
            "cause": gap.cause.value,
            "detail": gap.detail,
            "stored_at": now,
        }
        await upsert(self._conn, RECORDING_GAP, [row], key=("camera_id", "began_at"))

    async def open(self, camera_id: str) -> Gap | None:
        """The gap that lasts; None where there is none."""
        query = (
            select(RECORDING_GAP)
            .where(self._of(camera_id), _G.ended_at.is_(None))
            .order_by(_G.began_at.desc())
            .limit(1)
        )
        row = (await self._conn.execute(query)).mappings().first()
        return None if row is None else _gap(row)

    async def last_end(self, camera_id: str) -> datetime | None:
        """When the latest gap that is over ended."""
        query = select(func.max(_G.ended_at)).where(self._of(camera_id))
        found: datetime | None = (await self._conn.execute(query)).scalar_one()
        return found

    async def between(
        self, camera_id: str, begin: datetime, end: datetime, *, limit: int
    ) -> tuple[Gap, ...]:
        """Gaps that touch `begin <= t < end`, by begin."""
        query = (
            select(RECORDING_GAP)
            .where(
                self._of(camera_id),
                _G.began_at < end,
                or_(_G.ended_at.is_(None), _G.ended_at > begin),
            )
            .order_by(_G.began_at)
            .limit(limit)
        )
        return tuple(_gap(row) for row in (await self._conn.execute(query)).mappings())

    async def shorten(
        self, camera_id: str, begin: datetime, end: datetime, *, now: datetime
    ) -> None:
        """What was recorded between these times is known after all: no lost worker's gap is there.

        Gaps of other causes stay: their time was recorded in vain, or twice.
        """
        for gap in await self.between(camera_id, begin, end, limit=100):
            if gap.cause is not GapCause.WORKER_LOST or gap.ended_at is None:
                continue
            await self.save(replace(gap, ended_at=gap.began_at), now=now)  # takes it away
            if gap.began_at < begin:
                await self.save(replace(gap, ended_at=begin), now=now)
            if end < gap.ended_at:
                await self.save(replace(gap, began_at=end), now=now)

    async def forget(self, *, stored_before: datetime, limit: int) -> int:
        """Delete gaps that are over and older than the recordings beside them."""
        old = (
            select(_G.id)
            .where(
                self._scope.covers(_G.site_id),
                _G.stored_at < stored_before,
                _G.ended_at.is_not(None),
            )
            .limit(limit)
        )
        gone = delete(RECORDING_GAP).where(_G.id.in_(old))
        return int((await self._conn.execute(gone)).rowcount)

    def _of(self, camera_id: str) -> ColumnElement[bool]:
        return self._scope.covers(_G.site_id) & (_G.camera_id == camera_id)


def _segment(row: RowMapping) -> Segment:
    names = Segment.__dataclass_fields__
    return Segment(**{name: row[name] for name in names})


def _gap(row: RowMapping) -> Gap:
    return Gap(
        site_id=row["site_id"],
        camera_id=row["camera_id"],
        began_at=row["began_at"],
        ended_at=row["ended_at"],
        cause=GapCause(row["cause"]),
        detail=row["detail"],
    )
