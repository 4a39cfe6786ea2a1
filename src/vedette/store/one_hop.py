"""SQLite from the event loop with one change of threads for each statement, instead of four.

aiosqlite makes a cursor, executes, fetches and closes in its thread, one after the other. On a busy
machine each of these waits for a processor twice. Making and closing a cursor touches no file, so
it happens where it is asked for, and rows are fetched where the statement ran.
"""

import sqlite3
from collections import deque
from collections.abc import Callable
from typing import Any, Self

import aiosqlite

Row = tuple[Any, ...]

CHUNK = 64
"""Rows that aiosqlite would fetch at a time, where one iterates; nobody does."""


def connect(database: str, **options: Any) -> "OneHopConnection":
    """As `aiosqlite.connect`: to be awaited, and used by one task at a time."""
    options["check_same_thread"] = False  # its thread executes, the loop's makes cursors
    connection = OneHopConnection(lambda: sqlite3.connect(database, **options), CHUNK)
    connection._thread.daemon = True  # as SQLAlchemy has it: a disk that hangs keeps nobody
    return connection


class OneHopConnection(aiosqlite.Connection):
    """A connection whose cursors need one hop for a statement."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], chunk: int) -> None:
        super().__init__(connector, chunk)
        self.under_way: deque[bool] = deque()
        """One for each statement in its thread, also where whoever waited was cancelled."""
        self._beginning = ""

    def begin(self, how: str) -> None:
        """The next statement is the first of a transaction; `how` is its BEGIN."""
        self._beginning = how

    def beginning(self) -> str:
        """The BEGIN that is due, once; empty within a transaction."""
        how, self._beginning = self._beginning, ""
        return how

    def cursor(self) -> "OneHopCursor":  # type: ignore[override]
        return OneHopCursor(self)

    async def in_thread(self, call: Callable[[], Any]) -> Any:
        """Have this done after what is under way."""
        return await self._execute(call)  # type: ignore[no-untyped-call]

    async def rollback(self) -> None:
        """Nothing to do, and no hop, outside a transaction."""
        self._beginning = ""
        if self.under_way or self._conn.in_transaction:
            await super().rollback()

    async def commit(self) -> None:
        """The same."""
        self._beginning = ""
        if self.under_way or self._conn.in_transaction:
            await super().commit()


class OneHopCursor:
    """What SQLAlchemy uses of a cursor; all rows are fetched at once."""

    def __init__(self, connection: OneHopConnection) -> None:
        self._connection = connection
        self._cursor = connection._conn.cursor()
        self._rows: list[Row] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def execute(self, statement: str, parameters: Any = ()) -> Self:
        await self._run(self._cursor.execute, statement, parameters)
        return self

    async def executemany(self, statement: str, parameters: Any) -> Self:
        await self._run(self._cursor.executemany, statement, parameters)
        return self

    async def fetchall(self) -> list[Row]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """At once, or after a statement that still runs."""
        self._rows = []
        if self._connection.under_way:
            await self._connection.in_thread(self._cursor.close)
        else:
            self._cursor.close()

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    @property
    def arraysize(self) -> int:
        return self._cursor.arraysize

    @arraysize.setter
    def arraysize(self, count: int) -> None:
        self._cursor.arraysize = count

    async def _run(self, call: Callable[..., object], statement: str, parameters: Any) -> None:
        begin = self._connection.beginning()

        def work() -> list[Row]:
            try:
                if begin:
                    self._cursor.execute(begin)
                call(statement, parameters)
                return self._cursor.fetchall() if self._cursor.description else []
            finally:
                self._connection.under_way.popleft()

        self._connection.under_way.append(True)
        self._rows = await self._connection.in_thread(work)
