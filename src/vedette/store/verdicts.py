"""The decision ledger: raw material of "Why?" and of backtests; bounded per camera and day."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.verdict import Verdict
from vedette.kit.clock import from_us, to_us
from vedette.store.paging import demand_limit
from vedette.store.rows import upsert
from vedette.store.scope import SiteScope
from vedette.store.tables import VERDICT, VERDICT_DAY

_V = VERDICT.c
_D = VERDICT_DAY.c


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """How much of a camera's ledger of one day was kept."""

    kept: int
    dropped: int


NOTHING = DayCount(kept=0, dropped=0)


class VerdictRepository:
    """The decision ledger of some sites, within one transaction; bounded per camera and day."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def add(
        self,
        stories: Sequence[tuple[str, str, Sequence[Verdict]]],
        *,
        config_version: str,
        today: date,
        most_per_day: int,
    ) -> int:
        """Append to the ledgers of tracks, in order.

        What goes beyond `most_per_day` rows of one camera is counted and left out.

        Args:
            stories: site, id of the track (`camera/session/number`), and what was said of it;
                what was said of the camera itself (track 0) goes to `camera/session/0`, or to
                the record of that id where it is one of no track (`camera/session/0-...`).
        Returns:
            The number of verdicts left out.
        """
        wanted: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for site_id, track_id, verdicts in stories:
            self._scope.demand(site_id)
            session, _, number = track_id.rpartition("/")
            for verdict in verdicts:
                alone = not verdict.track and not number.isdecimal()
                whose = track_id if alone else f"{session}/{verdict.track}"
                row = _row(verdict, whose, config_version, today)
                wanted[site_id, verdict.camera_id].append({"site_id": site_id, **row})
        counts = await self._counts({camera_id for _, camera_id in wanted}, today)
        kept: list[dict[str, Any]] = []
        days: list[dict[str, Any]] = []
        for (site_id, camera_id), rows in wanted.items():
            known = counts.get(camera_id, NOTHING)
            room = max(0, most_per_day - known.kept)
            kept += rows[:room]
            day = {
                "camera_id": camera_id,
                "day": today,
                "site_id": site_id,
                "kept": known.kept + len(rows[:room]),
                "dropped": known.dropped + len(rows[room:]),
            }
            days.append(day)
        if kept:
            await self._conn.execute(insert(VERDICT), kept)
        await upsert(self._conn, VERDICT_DAY, days, key=("camera_id", "day"))
        return sum(map(len, wanted.values())) - len(kept)

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
        return (await self._counts({camera_id}, day)).get(camera_id, NOTHING)

    async def _counts(self, camera_ids: Collection[str], day: date) -> dict[str, DayCount]:
        query = select(_D.camera_id, _D.kept, _D.dropped).where(
            self._scope.covers(_D.site_id), _D.camera_id.in_(camera_ids), _D.day == day
        )
        rows = await self._conn.execute(query)
        return {camera: DayCount(kept=kept, dropped=dropped) for camera, kept, dropped in rows}

    async def forget(self, *, stored_before: date, limit: int) -> int:
        """Delete verdicts stored before a day."""
        mine = self._scope.covers
        old = select(_V.id).where(mine(_V.site_id), _V.stored_on < stored_before).limit(limit)
        await self._conn.execute(
            delete(VERDICT_DAY).where(mine(_D.site_id), _D.day < stored_before)
        )
        return (await self._conn.execute(delete(VERDICT).where(_V.id.in_(old)))).rowcount


def _row(verdict: Verdict, track_id: str, config_version: str, today: date) -> dict[str, Any]:
    return {
        "camera_id": verdict.camera_id,
        "track_id": track_id,
        "stage": verdict.stage,
        "at": from_us(verdict.at_us),
        "code": verdict.code,
        "numbers": dict(verdict.numbers),
        "config_version": config_version,
        "stored_on": today,
    }


def _verdict(row: RowMapping) -> Verdict:
    number = row["track_id"].rpartition("/")[2]
    return Verdict(
        camera_id=row["camera_id"],
        track=int(number) if number.isdecimal() else 0,
        stage=row["stage"],
        at_us=to_us(row["at"]),
        code=row["code"],
        numbers=row["numbers"],
    )
