"""Versions of the settings, numbered without gaps; of the product, so of no site."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.errors import NotFound
from vedette.store.paging import demand_limit
from vedette.store.tables import CONFIG_VERSION

_V = CONFIG_VERSION.c

MOST = 1000
"""Versions that are kept; of years in which somebody changes something every day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigVersion:
    """One version."""

    number: int
    update_id: UUID
    """Of the update that made it: the same twice is one version."""
    at: datetime
    author: str
    origin: str
    """`start`, `file`, `update`, `restore`."""
    fingerprint: str
    changes: dict[str, Any]
    """All that lies over the files."""
    shown: dict[str, Any]
    """What was in force, secrets as stars."""


class ConfigVersions:
    """All versions, within one transaction."""

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def add(self, version: ConfigVersion) -> None:
        """Keep one; its number is that of `next_number`, taken in the same transaction. Versions
        that are long past are forgotten.

        Raises:
            InvalidInput: the number or the update is known already.
        """
        await self._conn.execute(
            insert(CONFIG_VERSION).values(
                {name: getattr(version, name) for name in ConfigVersion.__slots__}
            )
        )
        await self._conn.execute(delete(CONFIG_VERSION).where(_V.number <= version.number - MOST))

    async def next_number(self) -> int:
        """1 for the first version."""
        last = (await self._conn.execute(select(func.max(_V.number)))).scalar_one()
        return int(last or 0) + 1

    async def last(self) -> ConfigVersion | None:
        """The version in force; None before the first."""
        found = await self.find(limit=1)
        return found[0] if found else None

    async def get(self, number: int) -> ConfigVersion:
        """One version.

        Raises:
            NotFound: there is none of that number.
        """
        row = await self._one(_V.number == number)
        if row is None:
            raise NotFound(f"there is no version {number} of the settings")
        return _version(row)

    async def of_update(self, update_id: UUID) -> ConfigVersion | None:
        """The version that an update made; None where it made none."""
        row = await self._one(_V.update_id == update_id)
        return None if row is None else _version(row)

    async def find(self, *, limit: int = 50) -> tuple[ConfigVersion, ...]:
        """The newest first."""
        demand_limit(limit)
        query = select(CONFIG_VERSION).order_by(_V.number.desc()).limit(limit)
        return tuple(_version(row) for row in (await self._conn.execute(query)).mappings())

    async def _one(self, condition: Any) -> RowMapping | None:
        query = select(CONFIG_VERSION).where(condition)
        return (await self._conn.execute(query)).mappings().first()


def _version(row: RowMapping) -> ConfigVersion:
    return ConfigVersion(**dict(row))
