"""Alerts with their history, and what is muted."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.alert import Alert, AlertChange, AlertState, Mute
from vedette.contracts.errors import NotFound
from vedette.contracts.event import Event
from vedette.store.paging import demand_limit
from vedette.store.rows import insert_new
from vedette.store.scope import SiteScope
from vedette.store.tables import ALERT, ALERT_HISTORY, MUTE

_A, _H, _M = ALERT.c, ALERT_HISTORY.c, MUTE.c
_FIELDS = tuple(Alert.model_fields)


class AlertRepository:
    """The alerts of some sites, within one transaction."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def raise_(self, alert: Alert) -> bool:
        """Keep a new one; False where its id is known already.

        Raises:
            InvalidInput: its site is outside the scope.
        """
        self._scope.demand(alert.site_id)
        return bool(await insert_new(self._conn, ALERT, [_row(alert)], key=("id",)))

    async def get(self, alert_id: UUID) -> Alert:
        """One alert.

        Raises:
            NotFound: there is none of that id in these sites.
        """
        query = select(ALERT).where(self._scope.covers(_A.site_id), _A.id == alert_id)
        row = (await self._conn.execute(query)).mappings().first()
        if row is None:
            raise NotFound(f"there is no alert {alert_id}")
        return Alert.model_validate(dict(row))

    async def find(
        self, *, states: Collection[AlertState] = (), camera_id: str = "", limit: int = 50
    ) -> tuple[Alert, ...]:
        """The newest first."""
        query = (
            select(ALERT)
            .where(self._scope.covers(_A.site_id))
            .order_by(_A.stored_at.desc(), _A.raised_at.desc(), _A.id)
            .limit(demand_limit(limit))
        )
        if states:
            query = query.where(_A.state.in_([state.value for state in states]))
        if camera_id:
            query = query.where(_A.camera_id == camera_id)
        rows = (await self._conn.execute(query)).mappings()
        return tuple(Alert.model_validate(dict(row)) for row in rows)

    async def repeat(self, alert_id: UUID, event: Event, *, now: datetime) -> bool:
        """One more event that it stands for; False where it is the latest one already."""
        again = (
            update(ALERT)
            .where(
                self._scope.covers(_A.site_id),
                _A.id == alert_id,
                _A.last_event_id != event.id,
                _A.last_at <= event.opened_at,
            )
            .values(
                events=_A.events + 1,
                last_event_id=event.id,
                last_at=event.opened_at,
                updated_at=now,
            )
        )
        return (await self._conn.execute(again)).rowcount == 1

    async def change(self, before: Alert, after: Alert) -> bool:
        """Put another state in place of one; False where it is not in that state any more."""
        changed = (
            update(ALERT)
            .where(
                self._scope.covers(_A.site_id),
                _A.id == before.id,
                _A.state == before.state.value,
                _A.escalations == before.escalations,
            )
            .values(
                state=after.state.value,
                acknowledged_by=after.acknowledged_by,
                assignee=after.assignee,
                resolved_by=after.resolved_by,
                escalations=after.escalations,
                updated_at=after.updated_at,
            )
        )
        return (await self._conn.execute(changed)).rowcount == 1

    async def note(self, alert: Alert, line: AlertChange) -> None:
        """Add a line to its history."""
        row = line.model_dump() | {"action": line.action.value, "site_id": alert.site_id}
        await self._conn.execute(insert(ALERT_HISTORY).values(row))

    async def history(self, alert_id: UUID) -> tuple[AlertChange, ...]:
        """What was done with it, the oldest first."""
        query = (
            select(_H.alert_id, _H.at, _H.action, _H.by, _H.note)
            .where(self._scope.covers(_H.site_id), _H.alert_id == alert_id)
            .order_by(_H.id)
        )
        rows = (await self._conn.execute(query)).mappings()
        return tuple(AlertChange.model_validate(dict(row)) for row in rows)

    async def since(self, at: datetime) -> tuple[Alert, ...]:
        """Those of events that opened, or were repeated, since a moment; the oldest first."""
        query = (
            select(ALERT)
            .where(self._scope.covers(_A.site_id), _A.last_at >= at)
            .order_by(_A.raised_at, _A.id)
        )
        rows = (await self._conn.execute(query)).mappings()
        return tuple(Alert.model_validate(dict(row)) for row in rows)

    async def unheard(self, *, stored_before: datetime, escalations: int) -> tuple[Alert, ...]:
        """Alerts that nobody acknowledged, and that were escalated so often; the oldest first."""
        query = (
            select(ALERT)
            .where(
                self._scope.covers(_A.site_id),
                _A.state == AlertState.RAISED.value,
                _A.stored_at <= stored_before,
                _A.escalations == escalations,
            )
            .order_by(_A.stored_at, _A.id)
        )
        rows = (await self._conn.execute(query)).mappings()
        return tuple(Alert.model_validate(dict(row)) for row in rows)

    async def forget(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest from before a moment, with their history."""
        old = (
            select(_A.id)
            .where(self._scope.covers(_A.site_id), _A.updated_at < before)
            .order_by(_A.updated_at)
            .limit(limit)
        )
        ids = list((await self._conn.execute(old)).scalars())
        if ids:
            await self._conn.execute(delete(ALERT_HISTORY).where(_H.alert_id.in_(ids)))
            await self._conn.execute(delete(ALERT).where(_A.id.in_(ids)))
        return len(ids)


class MuteRepository:
    """What is muted in some sites, within one transaction."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def add(self, mute: Mute) -> Mute:
        """Keep it; returns it with its number.

        Raises:
            InvalidInput: its site is outside the scope.
        """
        self._scope.demand(mute.site_id)
        row = mute.model_dump(exclude={"id"})
        added = await self._conn.execute(insert(MUTE).values(row).returning(_M.id))
        return mute.model_copy(update={"id": added.scalar_one()})

    async def holding(self, at: datetime) -> tuple[Mute, ...]:
        """Those that are not over at a moment, the oldest first."""
        query = select(MUTE).where(self._scope.covers(_M.site_id), _M.until > at).order_by(_M.id)
        rows = (await self._conn.execute(query)).mappings()
        return tuple(Mute.model_validate(dict(row)) for row in rows)

    async def end(self, number: int, *, now: datetime) -> Mute:
        """End one now.

        Raises:
            NotFound: there is none of that number that holds.
        """
        ended = (
            update(MUTE)
            .where(self._scope.covers(_M.site_id), _M.id == number, _M.until > now)
            .values(until=now)
            .returning(MUTE)
        )
        row = (await self._conn.execute(ended)).mappings().first()
        if row is None:
            raise NotFound(f"nothing is muted under the number {number}")
        return Mute.model_validate(dict(row))

    async def forget(self, *, before: datetime) -> int:
        """Delete those that were over before a moment."""
        gone = delete(MUTE).where(self._scope.covers(_M.site_id), _M.until < before)
        return (await self._conn.execute(gone)).rowcount


def _row(alert: Alert) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(alert, name) for name in _FIELDS}
    return row | {"severity": alert.severity.value, "state": alert.state.value}
