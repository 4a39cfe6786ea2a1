"""Facts to be told, committed together with what they tell of; leased while they are told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.payload import Payload
from vedette.store.lease import is_over
from vedette.store.rows import insert_new, plain
from vedette.store.scope import SiteScope
from vedette.store.tables import OUTBOX

_O = OUTBOX.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One leased fact; it comes back when the lease ends and nobody said `done`."""

    id: int
    site_id: str
    topic: str
    body: Mapping[str, Any]
    attempts: int
    """How often it was leased, this time included."""


class NewFact(NamedTuple):
    """A fact to be queued."""

    topic: str
    payload: Payload
    site_id: str
    key: str | None = None
    """Of what must be told once only; None: the fact's content."""
    urgent: bool = False
    """Before all that is not. Never of a fact that must come after another one."""


def fact_key(topic: str, payload: Payload) -> str:
    """The same fact on the same topic has the same key, so that it is told from one row."""
    return f"{topic}:{sha256(payload.model_dump_json().encode()).hexdigest()[:32]}"


class Outbox:
    """The facts of some sites that wait to be told, within one transaction."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def add(
        self, topic: str, payload: Payload, *, site_id: str, now: datetime, key: str | None = None
    ) -> bool:
        """Queue a fact; False when the same one (by `key`, else by content) is known already."""
        return bool(await self.add_all([NewFact(topic, payload, site_id, key)], now=now))

    async def add_all(self, facts: Sequence[NewFact], *, now: datetime) -> int:
        """Queue facts in this order; how many of them were not known already."""
        rows: dict[str, dict[str, Any]] = {}
        for topic, payload, site_id, once, urgent in facts:
            self._scope.demand(site_id)
            key = once or fact_key(topic, payload)
            if key in rows:
                continue
            rows[key] = {
                "key": key,
                "site_id": site_id,
                "topic": topic,
                "body": plain(payload),
                "lease_until": None,
                "attempts": 0,
                "created_at": now,
                "done_at": None,
                "rank": 0 if urgent else 1,
            }
        return len(await insert_new(self._conn, OUTBOX, list(rows.values()), key=("key",)))

    async def lease(self, limit: int, *, now: datetime, lease_s: float) -> tuple[Letter, ...]:
        """Take waiting facts: urgent ones, then the oldest; nobody else gets them meanwhile."""
        free = (
            select(_O.id)
            .where(
                _O.done_at.is_(None),
                self._scope.covers(_O.site_id),
                is_over(_O.lease_until, now),
            )
            .order_by(_O.rank, _O.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        taken = (
            update(OUTBOX)
            .where(_O.id.in_(free))
            .values(lease_until=now + timedelta(seconds=lease_s), attempts=_O.attempts + 1)
            .returning(_O.id, _O.site_id, _O.topic, _O.body, _O.attempts, _O.rank)
        )
        letters = [
            (rank, i, Letter(id=i, site_id=site, topic=topic, body=body, attempts=attempts))
            for i, site, topic, body, attempts, rank in await self._conn.execute(taken)
        ]
        return tuple(letter for _, _, letter in sorted(letters, key=lambda each: each[:2]))

    async def done(self, ids: Collection[int], *, now: datetime) -> None:
        """These were told; the rows stay for a while, so that a repeat is recognised."""
        await self._conn.execute(
            update(OUTBOX)
            .where(self._scope.covers(_O.site_id), _O.id.in_(ids))
            .values(done_at=now, lease_until=None)
        )

    async def postpone(self, ids: Collection[int], *, until: datetime) -> None:
        """These could not be told; they come back at `until`."""
        await self._conn.execute(
            update(OUTBOX)
            .where(self._scope.covers(_O.site_id), _O.id.in_(ids), _O.done_at.is_(None))
            .values(lease_until=until)
        )

    async def release(self) -> int:
        """Give back every lease: whoever held them is dead. Only when nobody else is running."""
        held = (
            update(OUTBOX)
            .where(
                self._scope.covers(_O.site_id), _O.done_at.is_(None), _O.lease_until.is_not(None)
            )
            .values(lease_until=None)
        )
        return (await self._conn.execute(held)).rowcount

    async def waiting(self) -> int:
        """How many are not told yet."""
        query = select(func.count()).where(self._scope.covers(_O.site_id), _O.done_at.is_(None))
        return int((await self._conn.execute(query)).scalar_one())

    async def forget(self, *, done_before: datetime, limit: int) -> int:
        """Delete rows that were told before a moment."""
        old = (
            select(_O.id)
            .where(self._scope.covers(_O.site_id), _O.done_at < done_before)
            .limit(limit)
        )
        return (await self._conn.execute(delete(OUTBOX).where(_O.id.in_(old)))).rowcount
