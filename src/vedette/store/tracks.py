"""Finished tracks and the decision ledger: raw material of "Why?" and of backtests."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.errors import NotFound
from vedette.contracts.sink import TrackRecord
from vedette.contracts.verdict import Verdict
from vedette.kit.clock import from_us, to_us
from vedette.store.paging import demand_limit
from vedette.store.rows import upsert
from vedette.store.scope import SiteScope
from vedette.store.tables import TRACK, VERDICT, VERDICT_DAY

_T = TRACK.c
_V = VERDICT.c
_D = VERDICT_DAY.c


class TrackRepository:
    """The finished tracks of some sites, within one transaction."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def add(self, track: TrackRecord, *, site_id: str, now: datetime) -> bool:
        """Keep a track; False when one of that id is known, which then stays as it is.

        Raises:
            InvalidInput: the site is outside the scope, or the camera is not known.
        """
        self._scope.demand(site_id)
        row = {
            "id": track.id,
            "site_id": site_id,
            "camera_id": track.camera_id,
            "t0": from_us(track.t0_us),
            "t1": from_us(track.t1_us),
            "label": track.label,
            "scores": {"median": track.median_score, "best": track.best_score},
            "zones": list(track.zones),
            "path": track.path,
            "samples": track.samples,
            "stored_at": now,
        }
        return await upsert(self._conn, TRACK, [row], key=("id",), keep=True) == 1

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
        self, camera_id: str, since: datetime, until: datetime, *, limit: int = 100
    ) -> tuple[TrackRecord, ...]:
        """Tracks of a camera that were there at some time in the span, by their beginning.

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
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """How much of a camera's ledger of one day was kept."""

    kept: int
    dropped: int


class VerdictRepository:
    """The decision ledger of some sites, within one transaction; bounded per camera and day."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def add(
        self,
        track_id: str,
        verdicts: Sequence[Verdict],
        *,
        site_id: str,
        config_version: str,
        today: date,
        most_per_day: int,
    ) -> int:
        """Append to the ledger of a track (`camera/session/number`), in order.

        Verdicts on the camera itself (track 0) go to `camera/session/0`. What goes beyond
        `most_per_day` rows of one camera is counted and left out.

        Returns:
            The number of verdicts left out.
        """
        self._scope.demand(site_id)
        session = track_id.rpartition("/")[0]
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for verdict in verdicts:
            rows[verdict.camera_id].append(
                {
                    "site_id": site_id,
                    "camera_id": verdict.camera_id,
                    "track_id": f"{session}/{verdict.track}",
                    "stage": verdict.stage,
                    "at": from_us(verdict.at_us),
                    "code": verdict.code,
                    "numbers": dict(verdict.numbers),
                    "config_version": config_version,
                    "stored_on": today,
                }
            )
        dropped = 0
        for camera_id, wanted in rows.items():
            known = await self.count(camera_id, today)
            kept = wanted[: max(0, most_per_day - known.kept)]
            if kept:
                await self._conn.execute(insert(VERDICT), kept)
            day = {
                "camera_id": camera_id,
                "day": today,
                "site_id": site_id,
                "kept": known.kept + len(kept),
                "dropped": known.dropped + len(wanted) - len(kept),
            }
            await upsert(self._conn, VERDICT_DAY, [day], key=("camera_id", "day"))
            dropped += len(wanted) - len(kept)
        return dropped

    async def of_track(self, track_id: str, *, limit: int = 500) -> tuple[Verdict, ...]:
        """What was said of a track, in the order it was said.

        Raises:
            InvalidInput: the limit is out of bounds.
        """
        query = (
            select(VERDICT)
            .where(self._scope.covers(_V.site_id), _V.track_id == track_id)
            .order_by(_V.id)
            .limit(demand_limit(limit))
        )
        return tuple(_verdict(row) for row in (await self._conn.execute(query)).mappings())

    async def of_camera(
        self, camera_id: str, since: datetime, until: datetime, *, limit: int = 500
    ) -> tuple[Verdict, ...]:
        """What was said at a camera in a span of time, in order of time.

        Raises:
            InvalidInput: the limit is out of bounds.
        """
        query = (
            select(VERDICT)
            .where(
                self._scope.covers(_V.site_id),
                _V.camera_id == camera_id,
                _V.at >= since,
                _V.at < until,
            )
            .order_by(_V.at, _V.id)
            .limit(demand_limit(limit))
        )
        return tuple(_verdict(row) for row in (await self._conn.execute(query)).mappings())

    async def count(self, camera_id: str, day: date) -> DayCount:
        """How many verdicts of a camera were stored on a day, and how many left out."""
        query = select(_D.kept, _D.dropped).where(
            self._scope.covers(_D.site_id), _D.camera_id == camera_id, _D.day == day
        )
        row = (await self._conn.execute(query)).first()
        return DayCount(kept=row[0], dropped=row[1]) if row else DayCount(kept=0, dropped=0)

    async def forget(self, *, stored_before: date, limit: int) -> int:
        """Delete verdicts stored before a day."""
        mine = self._scope.covers
        old = select(_V.id).where(mine(_V.site_id), _V.stored_on < stored_before).limit(limit)
        await self._conn.execute(
            delete(VERDICT_DAY).where(mine(_D.site_id), _D.day < stored_before)
        )
        return (await self._conn.execute(delete(VERDICT).where(_V.id.in_(old)))).rowcount


def _verdict(row: RowMapping) -> Verdict:
    return Verdict(
        camera_id=row["camera_id"],
        track=int(row["track_id"].rpartition("/")[2]),
        stage=row["stage"],
        at_us=to_us(row["at"]),
        code=row["code"],
        numbers=row["numbers"],
    )
