"""Messages that people read in the product: one row each, read or not."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.errors import NotFound
from vedette.contracts.inbox import InboxMessage, InboxPage
from vedette.contracts.notice import Notice
from vedette.store.paging import demand_limit
from vedette.store.rows import insert_new, plain
from vedette.store.scope import SiteScope
from vedette.store.tables import INBOX

_I = INBOX.c
_FIELDS = tuple(name for name in InboxMessage.model_fields if name != "schema_version")


class InboxRepository:
    """Of some sites, within one transaction."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._mine = scope.covers(_I.site_id)
        self._scope = scope

    async def put(self, notice: Notice, *, now: datetime) -> bool:
        """Keep a message; False where it is kept already."""
        self._scope.demand(notice.site_id)
        row = {name: getattr(notice, name) for name in _FIELDS if name in Notice.model_fields}
        row |= {
            "severity": notice.severity.value,
            "items": list(notice.items),
            "links": [plain(link) for link in notice.links],
            "arrived_at": now,
        }
        return bool(await insert_new(self._conn, INBOX, [row], key=("alert_id",)))

    async def find(
        self, *, unread: bool = False, before: int | None = None, limit: int = 50
    ) -> InboxPage:
        """A page, the newest first."""
        demand_limit(limit)
        query = select(*(_I[name] for name in _FIELDS)).where(self._mine)
        if unread:
            query = query.where(_I.read_at.is_(None))
        if before is not None:
            query = query.where(_I.number < before)
        rows = await self._read(query.order_by(_I.number.desc()).limit(limit + 1))
        more = len(rows) > limit
        return InboxPage(
            items=rows[:limit],
            unread=await self.unread(),
            next=rows[limit - 1].number if more else None,
        )

    async def after(self, number: int, *, limit: int) -> tuple[InboxMessage, ...]:
        """Those that came later, in their order."""
        query = select(*(_I[name] for name in _FIELDS)).where(self._mine, _I.number > number)
        return await self._read(query.order_by(_I.number).limit(limit))

    async def last(self) -> int:
        """The number of the newest; 0 where there is none."""
        query = select(func.max(_I.number)).where(self._mine)
        return int((await self._conn.execute(query)).scalar() or 0)

    async def unread(self) -> int:
        query = select(func.count()).where(self._mine, _I.read_at.is_(None))
        return int((await self._conn.execute(query)).scalar_one())

    async def read(self, number: int, *, now: datetime) -> InboxMessage:
        """Somebody has read it; the first time counts.

        Raises:
            NotFound: there is none of that number, or no longer.
        """
        await self.read_until(number, number, now=now)
        found = await self._read(
            select(*(_I[name] for name in _FIELDS)).where(self._mine, _I.number == number)
        )
        if not found:
            raise NotFound(f"there is no message {number}, or no longer")
        return found[0]

    async def read_until(self, last: int, first: int = 0, *, now: datetime) -> int:
        """Somebody has read all of these; how many were new."""
        seen = (
            update(INBOX)
            .where(self._mine, _I.number >= first, _I.number <= last, _I.read_at.is_(None))
            .values(read_at=now)
        )
        return (await self._conn.execute(seen)).rowcount

    async def forget(self, *, arrived_before: datetime, limit: int) -> int:
        """Remove old ones; how many."""
        old = select(_I.number).where(self._mine, _I.arrived_at < arrived_before).limit(limit)
        gone = delete(INBOX).where(_I.number.in_(old))
        return (await self._conn.execute(gone)).rowcount

    async def _read(self, query: Any) -> tuple[InboxMessage, ...]:
        rows = (await self._conn.execute(query)).mappings()
        return tuple(InboxMessage.model_validate(dict(row)) for row in rows)
