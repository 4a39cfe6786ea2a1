"""Events, kept and found again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.errors import InvalidInput, NotFound
from vedette.contracts.event import Event, EventState, Severity
from vedette.store.paging import Place, demand_limit
from vedette.store.rows import plain, upsert
from vedette.store.scope import SiteScope
from vedette.store.tables import AI_ARTIFACT, AI_EVENT

_E = AI_EVENT.c

MOST_CHOICES = 100
"""Values of one filter at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events; an empty tuple leaves that column open."""

    cameras: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    states: tuple[EventState, ...] = ()
    since: datetime | None = None
    """Events that started at this moment or later."""
    until: datetime | None = None
    """Events that started before this moment."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """For a `where`.

        Raises:
            InvalidInput: too many values, a time without zone, or an empty span.
        """
        found: list[ColumnElement[bool]] = []
        for column, choices in (
            (_E.camera_id, self.cameras),
            (_E.rule_id, self.rules),
            (_E.event_type, self.types),
            (_E.label, self.labels),
            (_E.zone_id, self.zones),
            (_E.severity, self.severities),
            (_E.state, self.states),
        ):
            if len(choices) > MOST_CHOICES:
                raise InvalidInput(f"a filter takes at most {MOST_CHOICES} values of one kind")
            if len(choices) == 1:
                found.append(column == str(choices[0]))
            elif choices:
                found.append(column.in_([str(c) for c in choices]))
        return found + self._span()

    def _span(self) -> list[ColumnElement[bool]]:
        for moment in (self.since, self.until):
            if moment is not None and moment.tzinfo is None:
                raise InvalidInput(
                    f"the time {moment} has no zone; write it like 2026-01-31T14:03Z"
                )
        if self.since and self.until and self.since >= self.until:
            raise InvalidInput(f"there is nothing from {self.since} until {self.until}")
        found: list[ColumnElement[bool]] = []
        if self.since:
            found.append(_E.ts_event >= self.since)
        if self.until:
            found.append(_E.ts_event < self.until)
        return found


ANY = EventFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Newest first."""

    events: tuple[Event, ...]
    next: str | None
    """Cursor of the next page; None on the last one."""


class EventRepository:
    """The events of some sites, within one transaction."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def get(self, event_id: UUID) -> Event:
        """One event.

        Raises:
            NotFound: there is none of that id in these sites.
        """
        found = await self.find_one(event_id)
        if found is None:
            raise NotFound(f"there is no event {event_id}")
        return found

    async def find_one(self, event_id: UUID, *, lock: bool = False) -> Event | None:
        """The same, None where there is none; `lock` keeps other writers off until the end."""
        return (await self.find_all([event_id], lock=lock)).get(event_id)

    async def find_all(
        self, event_ids: Collection[UUID], *, lock: bool = False
    ) -> dict[UUID, Event]:
        """Those of these events that are known, as `find_one`."""
        query = (
            select(_E.metadata_json)
            .where(self._scope.covers(_E.site_id), _E.id.in_(event_ids))
            .order_by(_E.id)
        )
        rows = await self._conn.execute(query.with_for_update() if lock else query)
        return {event.id: event for event in map(Event.model_validate, rows.scalars())}

    async def find(
        self, wanted: EventFilter = ANY, *, limit: int = 50, after: str | None = None
    ) -> EventPage:
        """A page of events by the time they started, newest first.

        Raises:
            InvalidInput: a filter, the limit or the cursor cannot be used.
        """
        demand_limit(limit)
        query = (
            select(_E.metadata_json)
            .where(self._scope.covers(_E.site_id), *wanted.conditions())
            .order_by(_E.ts_event.desc(), _E.id.desc())
            .limit(limit + 1)
        )
        if after is not None:
            place = Place.of(after)
            # The first half alone lets the index begin at the place; the second is exact.
            query = query.where(
                _E.ts_event <= place.at, or_(_E.ts_event < place.at, _E.id < place.id)
            )
        rows = (await self._conn.execute(query)).scalars().all()
        events = tuple(Event.model_validate(row) for row in rows[:limit])
        if len(rows) <= limit:
            return EventPage(events=events, next=None)
        last = events[-1]
        return EventPage(events=events, next=Place(at=last.started_at, id=last.id).cursor())

    async def save(self, *events: Event, now: datetime) -> None:
        """Insert them, or replace what is known of them; the time of storing stays the first.

        Raises:
            InvalidInput: a site is outside the scope, or a camera is not known.
        """
        for event in events:
            self._scope.demand(event.site_id)
        rows = [_row(event, now) for event in events]
        await upsert(self._conn, AI_EVENT, rows, key=("id",), first=frozenset({"stored_at"}))

    async def forget(self, *, stored_before: datetime, limit: int) -> int:
        """Delete closed events stored before a moment that have no artifact any more."""
        old = (
            select(_E.id)
            .where(
                self._scope.covers(_E.site_id),
                _E.stored_at < stored_before,
                _E.state == EventState.CLOSED.value,
                ~exists().where(AI_ARTIFACT.c.event_id == _E.id),
            )
            .order_by(_E.stored_at)
            .limit(limit)
        )
        return (await self._conn.execute(delete(AI_EVENT).where(_E.id.in_(old)))).rowcount


def _row(event: Event, now: datetime) -> dict[str, Any]:
    return {
        "id": event.id,
        "site_id": event.site_id,
        "camera_id": event.camera_id,
        "event_type": event.event_type,
        "severity": event.severity.value,
        "score": event.score,
        "ts_event": event.started_at,
        "dedup_key": event.dedupe_key,
        "metadata_json": plain(event),
        "rule_id": event.rule_id,
        "label": event.label,
        "zone_id": event.zone_id,
        "state": event.state.value,
        "opened_at": event.opened_at,
        "updated_at": event.updated_at,
        "ended_at": event.ended_at,
        "stored_at": now,
    }
