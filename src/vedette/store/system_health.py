"""How the modules of the product were: its own diary, of no site."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.health import Criticality, HealthLevel, ModuleHealth, ModuleState
from vedette.store.paging import demand_limit
from vedette.store.tables import SYSTEM_HEALTH

_H = SYSTEM_HEALTH.c


class SystemHealth:
    """The diary, within one transaction."""

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def add(self, modules: Sequence[ModuleHealth]) -> None:
        """Append one row for each."""
        if not modules:
            return
        rows = [
            {
                "at": each.at,
                "module": each.name,
                "criticality": each.criticality.value,
                "state": each.state.value,
                "level": each.level.value,
                "detail": each.detail,
                "figures": each.figures,
            }
            for each in modules
        ]
        await self._conn.execute(insert(SYSTEM_HEALTH), rows)

    async def find(self, module: str = "", *, limit: int = 100) -> tuple[ModuleHealth, ...]:
        """The newest first; of one module, or of all. Parts are not kept."""
        demand_limit(limit)
        query = select(SYSTEM_HEALTH).order_by(_H.id.desc()).limit(limit)
        if module:
            query = query.where(_H.module == module)
        return tuple(
            ModuleHealth(
                name=row.module,
                criticality=Criticality(row.criticality),
                state=ModuleState(row.state),
                level=HealthLevel(row.level),
                detail=row.detail,
                figures=row.figures,
                since=row.at,
                at=row.at,
            )
            for row in await self._conn.execute(query)
        )

    async def forget(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest rows from before a moment."""
        old = select(_H.id).where(_H.at < before).order_by(_H.at).limit(limit)
        return (await self._conn.execute(delete(SYSTEM_HEALTH).where(_H.id.in_(old)))).rowcount
