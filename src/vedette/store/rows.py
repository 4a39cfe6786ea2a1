"""Small helpers that every repository shares: upserts of both databases, payloads as JSON."""

import json
from collections.abc import Mapping, Sequence
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
    keep: bool = False,
    first: frozenset[str] = frozenset(),
) -> int:
    """Insert rows; where one with the same key exists, `keep` it, or replace its columns.

    Args:
        first: columns that keep the value of the first insert.
    Returns:
        The number of rows inserted or replaced.
    """
    if not rows:
        return 0
    make = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    statement = make(table)
    if keep:
        statement = statement.on_conflict_do_nothing(index_elements=list(key))
    else:
        given = {name: statement.excluded[name] for name in rows[0] if name not in first.union(key)}
        statement = statement.on_conflict_do_update(index_elements=list(key), set_=given)
    count = 0
    for row in rows:
        count += (await conn.execute(statement, [dict(row)])).rowcount
    return count
