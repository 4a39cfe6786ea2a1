"""Finished tracks: raw material of search and of backtests."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.errors import NotFound
from vedette.contracts.sink import TrackRecord
from vedette.kit.clock import from_us, to_us
from vedette.store.paging import demand_limit
from vedette.store.rows import upsert
from vedette.store.scope import SiteScope
from vedette.store.tables import TRACK

_T = TRACK.c


class TrackRepository:
    """The finished tracks of some sites, within one transaction."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def add(
        self, tracks: Sequence[tuple[str, TrackRecord]], *, now: datetime
    ) -> frozenset[tuple[str, int]]:
        """Keep tracks, each with its site; one that is known already takes later parts only.

        Returns:
            Ids and parts of those that brought something new.
        Raises:
            InvalidInput: a site is outside the scope, or a camera is not known.
        """
        for site_id, _ in tracks:
            self._scope.demand(site_id)
        known = await self._parts([track.id for _, track in tracks])
        fresh = []
        for site_id, track in tracks:
            if track.part > known.get(track.id, -1):
                known[track.id] = track.part
                fresh.append((site_id, track))
        rows = [
            {
                "id": track.id,
                "site_id": site_id,
                "camera_id": track.camera_id,
                "t0": from_us(track.t0_us),
                "t1": from_us(track.t1_us),
                "label": track.label,
                "scores": {
                    "median": track.median_score,
                    "best": track.best_score,
                    "confirmed_us": track.confirmed_us,
                    "given_up_us": track.given_up_us,
                    "part": track.part,
                },
                "zones": list(track.zones),
                "path": track.path,
                "samples": track.samples,
                "stored_at": now,
            }
            for site_id, track in fresh
        ]
        await upsert(self._conn, TRACK, rows, key=("id",))
        return frozenset(track.whole_id for _, track in fresh)

    async def _parts(self, track_ids: Sequence[str]) -> dict[str, int]:
        """The latest part of those that are known."""
        query = select(_T.id, _T.scores).where(_T.id.in_(track_ids))
        return {i: scores.get("part", 0) for i, scores in await self._conn.execute(query)}

    async def get(self, track_id: str) -> TrackRecord:
        """One track.

        Raises:
            NotFound: there is none of that id in these sites.
        """
        query = select(TRACK).where(self._scope.covers(_T.site_id), _T.id == track_id)
        row = (await self._conn.execute(query)).mappings().first()
        if row is None:
            raise NotFound(f"there is no track {track_id!r}")
        return _track(row)

    async def find(
        self,
        camera_id: str,
        since: datetime,
        until: datetime,
        *,
        limit: int = 100,
        after: TrackRecord | None = None,
    ) -> tuple[TrackRecord, ...]:
        """Tracks of a camera that were there at some time in the span, by their beginning.

        Args:
            after: the last track of the page before; None for the first page.
        Raises:
            InvalidInput: the limit is out of bounds.
        """
        query = (
            select(TRACK)
            .where(
                self._scope.covers(_T.site_id),
                _T.camera_id == camera_id,
                _T.t0 < until,
                _T.t1 >= since,
            )
            .order_by(_T.t0, _T.id)
            .limit(demand_limit(limit))
        )
        if after is not None:
            query = query.where(tuple_(_T.t0, _T.id) > (from_us(after.t0_us), after.id))
        return tuple(_track(row) for row in (await self._conn.execute(query)).mappings())

    async def forget(self, *, stored_before: datetime, limit: int) -> int:
        """Delete tracks stored before a moment."""
        old = (
            select(_T.id)
            .where(self._scope.covers(_T.site_id), _T.stored_at < stored_before)
            .limit(limit)
        )
        return (await self._conn.execute(delete(TRACK).where(_T.id.in_(old)))).rowcount


def _track(row: RowMapping) -> TrackRecord:
    return TrackRecord(
        id=row["id"],
        camera_id=row["camera_id"],
        label=row["label"],
        t0_us=to_us(row["t0"]),
        t1_us=to_us(row["t1"]),
        median_score=row["scores"]["median"],
        best_score=row["scores"]["best"],
        samples=row["samples"],
        path=row["path"],
        zones=tuple(row["zones"]),
        confirmed_us=row["scores"].get("confirmed_us", 0),
        given_up_us=row["scores"].get("given_up_us", 0),
        part=row["scores"].get("part", 0),
    )
