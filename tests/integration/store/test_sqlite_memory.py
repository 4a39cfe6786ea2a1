"""SQLite's caches stay small, however large the database and however many connections read it."""

import _sqlite3
import ctypes
import os
from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy import URL

from vedette.store.sqlite import make_engine, make_ours

CONNECTIONS = 4
ROWS, ROW_BYTES = 12_000, 1_000
MOST_BYTES = 8_000_000
"""With pages as they come it is 12 MB, with statements as they come 9."""


def used_bytes() -> int:
    """What SQLite holds in this process."""
    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_memory_used.restype = ctypes.c_int64
    return int(library.sqlite3_memory_used())


async def test_many_connections_of_a_large_database_share_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.db"
    make_ours(path)
    engine = make_engine(URL.create("sqlite+aiosqlite", database=str(path)))
    before = used_bytes()
    async with engine.begin() as writer:
        await writer.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB)")
        rows = [(os.urandom(ROW_BYTES),) for _ in range(ROWS)]
        await writer.exec_driver_sql("INSERT INTO t (b) VALUES (?)", rows)
    async with AsyncExitStack() as held:
        for _ in range(CONNECTIONS):
            reader = await held.enter_async_context(engine.connect())
            await reader.exec_driver_sql("SELECT sum(length(b)) FROM t")
            for count in range(1, 130):
                marks = ",".join("?" * count)
                query = f"SELECT b FROM t WHERE id IN ({marks})"  # noqa: S608 - question marks
                await reader.exec_driver_sql(query, tuple(range(count)))
        grown = used_bytes() - before
    await engine.dispose()

    assert grown < MOST_BYTES, f"SQLite keeps {grown / 1e6:.1f} MB"
