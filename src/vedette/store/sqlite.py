"""SQLite as a store that survives a power cut: one file, WAL, every commit on the disk."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from vedette.contracts.errors import InvalidInput, StorageFailed
from vedette.store.one_hop import OneHopConnection, connect

APPLICATION_ID = 0x56454454
"""`VEDT` in the file's header: this database is ours."""

WRITE = "vedette_write"
"""Execution option of a connection whose transaction will write."""

BUSY_S = 5.0
"""How long a statement waits for a lock that another process holds."""

CHECK_BELOW_BYTES = 256 * 1024 * 1024
"""A file up to this size is checked page by page when it is opened (about 1 s at most)."""

_HEADER = b"SQLite format 3\x00"

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    # In WAL mode FULL syncs the log at each commit; NORMAL may lose the last ones on power loss.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA journal_size_limit=67108864",
    # Of the whole process; else each connection keeps 2 MB of pages, and fills for hours.
    "PRAGMA soft_heap_limit=4194304",
)

CACHED_STATEMENTS = 48
"""Prepared statements that a connection keeps; a list of ids of another length is another one."""


def file_of(url: URL) -> Path | None:
    """The file behind an SQLite address; None where the address is a `file:` URI.

    Raises:
        InvalidInput: a database in memory, which every connection would see differently.
    """
    name = url.database or ":memory:"
    if ":memory:" in name or url.query.get("mode") == "memory":
        raise InvalidInput("the store needs a database file; one in memory would be forgotten")
    return None if name.startswith("file:") else Path(name)


def make_ours(path: Path) -> None:
    """Create the file where there is none, marked as ours; refuse what is not ours.

    Nothing is written to a file that already has content.

    Raises:
        StorageFailed: not a database, somebody else's database, damaged, or cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        head = _head(path) if path.exists() else b""
    except OSError as error:
        raise StorageFailed(
            f"the database {path} cannot be opened: {error.strerror or error}; "
            "give a folder that can be written"
        ) from error
    if head:
        _demand_ours(path, head)
        return
    with _plain(path):
        fresh = sqlite3.connect(path, isolation_level=None)
        try:
            fresh.execute(f"PRAGMA application_id={APPLICATION_ID}")
        finally:
            fresh.close()


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(100)


def _demand_ours(path: Path, head: bytes) -> None:
    if not head.startswith(_HEADER) or len(head) < 100:
        raise StorageFailed(
            f"{path} is not a database: it does not begin like one; move it away or name "
            "another data folder"
        )
    if int.from_bytes(head[68:72], "big") != APPLICATION_ID:
        raise StorageFailed(
            f"{path} is a database, but not one of Vedette; move it away or name another data "
            "folder"
        )


@contextmanager
def _plain(path: Path) -> Iterator[None]:
    """Turn an error of the `sqlite3` module into a sentence."""
    try:
        yield
    except sqlite3.Error as error:
        raise StorageFailed(f"the database {path} cannot be used: {error}") from error


def check_pages(path: Path) -> None:
    """Read the whole file and refuse a damaged one, while that takes a second at most.

    Raises:
        StorageFailed: a page is damaged; the sentence says what SQLite found.
    """
    if path.stat().st_size > CHECK_BELOW_BYTES:
        return
    with _plain(path):
        reader = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        try:
            found = str(reader.execute("PRAGMA quick_check(1)").fetchone()[0])
        except sqlite3.DatabaseError as error:
            found = str(error)
        finally:
            reader.close()
    if found != "ok":
        raise StorageFailed(
            f"the database {path} is damaged ({found}); restore a copy, or move it away to "
            "begin anew"
        )


def make_engine(url: URL) -> AsyncEngine:
    """An engine whose transactions are real: BEGIN is ours, writers take the lock at once."""
    arguments = {
        "timeout": BUSY_S,
        "async_creator_fn": connect,
        "cached_statements": CACHED_STATEMENTS,
    }
    engine = create_async_engine(url, connect_args=arguments)
    event.listen(engine.sync_engine, "connect", _set_up)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _set_up(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin or commit by itself
    cursor = connection.cursor()
    run: Callable[[str], object] = cursor.execute
    for pragma in _PRAGMAS:
        run(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    # A reader that becomes a writer later may fail at once; so a writer says so from the start.
    writes = connection.get_execution_options().get(WRITE, False)
    raw: OneHopConnection = connection.connection.driver_connection  # type: ignore[assignment]
    raw.begin("BEGIN IMMEDIATE" if writes else "BEGIN")
