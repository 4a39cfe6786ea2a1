"""The relational store: opened once, then used in transactions of one reader or one writer."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from vedette.contracts.errors import InvalidInput, StorageFailed
from vedette.kit.clock import Clock
from vedette.store.migrate import migrate
from vedette.store.sqlite import WRITE, check_pages, file_of, make_engine, make_ours
from vedette.store.unit import Unit


class Store:
    """What must not be forgotten. Belongs to one event loop."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        """See `open`, which also brings the schema up to date."""
        self.engine = engine
        self._writer = engine.execution_options(**{WRITE: True})
        self._clock = clock
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, url_or_path: str | Path, clock: Clock) -> Self:
        """Open or create the database, check that it is ours and whole, and migrate it.

        Args:
            url_or_path: a file, or a database address (`sqlite+aiosqlite:///...`).
        Raises:
            InvalidInput: the address cannot be read.
            StorageFailed: the database is damaged, locked, read-only, of a newer version, or
                not ours.
        """
        url = _url(url_or_path)
        sqlite = url.get_backend_name() == "sqlite"
        if sqlite and (path := file_of(url)) is not None:
            await asyncio.to_thread(make_ours, path)
            await asyncio.to_thread(check_pages, path)
        engine = make_engine(url) if sqlite else create_async_engine(url, pool_pre_ping=True)
        store = cls(engine, clock)
        async with AsyncExitStack() as undo:
            undo.push_async_callback(engine.dispose)
            with store._plain_errors():
                await migrate(engine)
            async with store.write() as unit:  # a read-only database says so now, not later
                await unit.conn.execute(text("UPDATE site SET name = name WHERE false"))
            undo.pop_all()
        return store

    async def close(self) -> None:
        """Give the connections back; a transaction that still runs is undone."""
        await self.engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Unit]:
        """A transaction that sees one moment of the database; nothing waits for it.

        Raises:
            StorageFailed: the database cannot be read now.
        """
        with self._plain_errors():
            async with self.engine.connect() as conn, conn.begin():
                yield Unit(conn, self._clock)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Unit]:
        """A transaction that is on the disk when the block ends, or leaves no trace.

        Raises:
            InvalidInput: a row refers to something that is not there.
            StorageFailed: the database is locked, full, read-only or broken; trying again
                later may help.
        """
        with self._plain_errors():
            # Writers of this process take turns here, instead of polling SQLite's file lock.
            async with self._turn, self._writer.begin() as conn:
                yield Unit(conn, self._clock)

    async def check(self) -> None:
        """Answer whether the database can be used.

        Raises:
            StorageFailed: it cannot.
        """
        async with self.read() as unit:
            await unit.conn.execute(text("SELECT count(*) FROM alembic_version"))

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        name = self.engine.url.render_as_string()
        try:
            yield
        except IntegrityError as error:
            raise InvalidInput(f"the database {name} refused a row: {error.orig}") from error
        except (DBAPIError, PoolTimeout, ConnectionError) as error:
            reason = error.orig if isinstance(error, DBAPIError) else error
            raise StorageFailed(f"the database {name} cannot be used: {reason}") from error


def _url(url_or_path: str | Path) -> URL:
    if isinstance(url_or_path, str) and "://" in url_or_path:
        try:
            return make_url(url_or_path)
        except ArgumentError as error:
            raise InvalidInput(
                "the address of the database cannot be read; write it like "
                "sqlite+aiosqlite:////var/lib/vedette/vedette.db"
            ) from error
    return URL.create("sqlite+aiosqlite", database=str(Path(url_or_path).absolute()))
