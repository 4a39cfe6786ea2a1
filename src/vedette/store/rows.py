"""Small helpers that every repository shares: upserts of both databases, payloads as JSON."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Row = Mapping[str, Any]


def plain(payload: BaseModel, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A payload as JSON values; not-a-number becomes null, which both databases take."""
    found: dict[str, Any] = json.loads(payload.model_dump_json(exclude=set(without)))
    return found


async def upsert(
    conn: AsyncConnection,
    table: Table,
    rows: Sequence[Row],
    *,
    key: Sequence[str],
    first: frozenset[str] = frozenset(),
) -> None:
    """Insert rows of the same columns; where one with the same key exists, replace the others.

    Args:
        first: columns that keep the value of the first insert.
    """
    if rows:
        kept = first.union(key)
        replaced = tuple(name for name in rows[0] if name not in kept)
        statement = _insert(conn.dialect.name, table, tuple(key), replaced)
        await conn.execute(statement, [dict(row) for row in rows])


async def insert_new(
    conn: AsyncConnection, table: Table, rows: Sequence[Row], *, key: Sequence[str]
) -> frozenset[tuple[Any, ...]]:
    """Insert rows; one whose key is known stays as it is.

    Returns:
        The keys of those that were inserted.
    """
    if not rows:
        return frozenset()
    statement = _insert(conn.dialect.name, table, tuple(key), ())
    found = await conn.execute(statement, [dict(row) for row in rows])
    return frozenset(tuple(row) for row in found)


@lru_cache(maxsize=64)
def _insert(dialect: str, table: Table, key: tuple[str, ...], replaced: tuple[str, ...]) -> Any:
    """The statement; made once, since making it costs as much as carrying it out."""
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(table)
    if replaced:
        given = {name: statement.excluded[name] for name in replaced}
        return statement.on_conflict_do_update(index_elements=list(key), set_=given)
    columns = [table.c[name] for name in key]
    return statement.on_conflict_do_nothing(index_elements=list(key)).returning(*columns)
