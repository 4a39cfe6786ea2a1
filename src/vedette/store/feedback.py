"""What people said of events: one word each, the latest counts; outlives the event."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import case, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.event import Event
from vedette.contracts.feedback import EventFeedback, Judgement
from vedette.kit.clock import to_us
from vedette.kit.ids import missed_id
from vedette.store.rows import upsert
from vedette.store.scope import SiteScope
from vedette.store.tables import EVENT_FEEDBACK

_F = EVENT_FEEDBACK.c
_FIELDS = tuple(name for name in EventFeedback.model_fields if name != "schema_version")


class Judged(NamedTuple):
    """How often one thing was said of the events of a rule."""

    camera_id: str
    rule_id: str
    judgement: Judgement
    times: int
    moments: int = 0
    """Of these, moments at which no event opened: they say nothing of the precision."""


class FeedbackRepository:
    """Of some sites, within one transaction."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def mark(
        self, event: Event, judgement: Judgement, note: str, *, now: datetime
    ) -> EventFeedback:
        """Keep a word about an event; it replaces what was said before."""
        self._scope.demand(event.site_id)
        said = EventFeedback(
            event_id=event.id,
            site_id=event.site_id,
            camera_id=event.camera_id,
            rule_id=event.rule_id,
            label=event.label,
            judgement=judgement,
            note=note,
            at=now,
        )
        await self._keep(said)
        return said

    async def miss(
        self, site_id: str, camera_id: str, rule_id: str, note: str, *, at: datetime
    ) -> EventFeedback:
        """Keep that a camera should have told something at a moment."""
        self._scope.demand(site_id)
        said = EventFeedback(
            event_id=missed_id(site_id, camera_id, rule_id, to_us(at)),
            site_id=site_id,
            camera_id=camera_id,
            rule_id=rule_id,
            label="",
            judgement=Judgement.MISSED,
            note=note,
            at=at,
        )
        await self._keep(said)
        return said

    async def since(self, moment: datetime, *, camera_id: str = "") -> tuple[EventFeedback, ...]:
        """What was said from a moment on, in order of time; of every camera where empty."""
        query = (
            select(*(_F[name] for name in _FIELDS))
            .where(self._scope.covers(_F.site_id), _F.at >= moment)
            .order_by(_F.at, _F.event_id)
        )
        if camera_id:
            query = query.where(_F.camera_id == camera_id)
        rows = (await self._conn.execute(query)).mappings()
        return tuple(EventFeedback.model_validate(dict(row)) for row in rows)

    async def _keep(self, said: EventFeedback) -> None:
        row = {name: getattr(said, name) for name in _FIELDS}
        row["judgement"] = said.judgement.value
        await upsert(self._conn, EVENT_FEEDBACK, [row], key=("event_id",))

    async def get(self, event_id: UUID) -> EventFeedback | None:
        """What was said of an event last; None where nothing was."""
        query = select(*(_F[name] for name in _FIELDS)).where(
            self._scope.covers(_F.site_id), _F.event_id == event_id
        )
        row = (await self._conn.execute(query)).mappings().first()
        return None if row is None else EventFeedback.model_validate(dict(row))

    async def counts(self) -> tuple[Judged, ...]:
        """How often what was said, by camera and rule."""
        query = (
            select(
                _F.camera_id,
                _F.rule_id,
                _F.judgement,
                func.count(),
                func.sum(case((_F.label == "", 1), else_=0)),
            )
            .where(self._scope.covers(_F.site_id))
            .group_by(_F.camera_id, _F.rule_id, _F.judgement)
            .order_by(_F.camera_id, _F.rule_id, _F.judgement)
        )
        return tuple(
            Judged(camera, rule, Judgement(judgement), int(count), int(moments))
            for camera, rule, judgement, count, moments in await self._conn.execute(query)
        )

    async def forget(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest words from before a moment."""
        old = (
            select(_F.event_id)
            .where(self._scope.covers(_F.site_id), _F.at < before)
            .order_by(_F.at)
            .limit(limit)
        )
        done = await self._conn.execute(
            delete(EVENT_FEEDBACK).where(_F.event_id.in_(old.scalar_subquery()))
        )
        return done.rowcount
