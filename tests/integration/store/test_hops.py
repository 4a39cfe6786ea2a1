"""What a transaction asks of its connection's thread: on a busy machine each time is a wait."""

from typing import Any

import aiosqlite
import pytest
from sqlalchemy import text

from tests.integration.store.bench import Bench

SITE = "insert into site (id, name, enabled) values ('barn', 'Barn', 1)"
COUNT = "select count(*) from site where id = 'barn'"


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One for each thing that a connection's thread was asked to do."""
    asked: list[str] = []
    execute = aiosqlite.Connection._execute

    async def counted(self: Any, call: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(getattr(call, "__name__", str(call)))
        return await execute(self, call, *arguments, **options)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    return asked


async def test_a_transaction_begins_on_the_way_to_its_first_statement(
    bench: Bench, hops: list[str]
) -> None:
    async with bench.store.write() as unit:
        await unit.conn.execute(text(SITE))
        await unit.conn.execute(text(COUNT))
    assert len(hops) == 3  # two statements, one commit


async def test_a_transaction_without_a_statement_asks_for_nothing(
    bench: Bench, hops: list[str]
) -> None:
    async with bench.store.write():
        pass
    assert hops == []


async def test_a_reader_sees_one_moment_from_its_first_statement_on(bench: Bench) -> None:
    async with bench.store.read() as reader:
        assert (await reader.conn.execute(text(COUNT))).scalar_one() == 0
        async with bench.store.write() as unit:
            await unit.conn.execute(text(SITE))
        assert (await reader.conn.execute(text(COUNT))).scalar_one() == 0
    async with bench.store.read() as reader:
        assert (await reader.conn.execute(text(COUNT))).scalar_one() == 1
