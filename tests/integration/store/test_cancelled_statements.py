"""A statement that nobody waits for any more leaves no transaction open, and no row behind."""

import asyncio

import pytest
from sqlalchemy import text

from tests.integration.store.bench import Bench
from vedette.contracts.errors import StorageFailed

SLOW = """
    with recursive n(x) as (select 1 union all select x + 1 from n where x < 3000000)
    select max(x) from n
"""
INSERT = "insert into site (id, name, enabled) values ('barn', 'Barn', 1)"
SITES = "select count(*) from site where id = 'barn'"


async def count(bench: Bench) -> int:
    async with bench.store.read() as unit:
        return int((await unit.conn.execute(text(SITES))).scalar_one())


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.1])
async def test_a_cancelled_writer_is_undone_and_the_next_one_goes_on(
    bench: Bench, after_s: float
) -> None:
    began = asyncio.Event()

    async def write() -> None:
        async with bench.store.write() as unit:
            await unit.conn.execute(text(INSERT))
            began.set()
            await unit.conn.execute(text(SLOW))

    for _ in range(3):
        began.clear()
        task = asyncio.create_task(write())
        await began.wait()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(after_s):
                await task
        assert await count(bench) == 0
    async with asyncio.timeout(10), bench.store.write() as unit:
        await unit.conn.execute(text(INSERT))
    assert await count(bench) == 1


async def test_a_writer_cancelled_at_its_beginning_holds_no_lock(bench: Bench) -> None:
    async def write() -> None:
        async with bench.store.write() as unit:
            await unit.conn.execute(text(INSERT))
            await asyncio.sleep(10)

    for turns in range(20):
        task = asyncio.create_task(write())
        for _ in range(turns):
            await asyncio.sleep(0)  # it has asked for the transaction, or a little more
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(10):
            assert await count(bench) == 0
            async with bench.store.write() as unit:
                await unit.conn.execute(text("update site set name = name"))


async def test_many_readers_and_a_writer_do_not_disturb_each_other(bench: Bench) -> None:
    async def read() -> None:
        for _ in range(10):
            assert await count(bench) in {0, 1}

    async def write() -> None:
        async with bench.store.write() as unit:
            await unit.conn.execute(text(INSERT))
            await unit.conn.execute(text(SLOW))

    await asyncio.gather(write(), *(read() for _ in range(8)))
    assert await count(bench) == 1


async def test_an_error_of_a_statement_is_told_and_undone(bench: Bench) -> None:
    async def write() -> None:
        async with bench.store.write() as unit:
            await unit.conn.execute(text(INSERT))
            await unit.conn.execute(text("select * from nowhere"))

    with pytest.raises(StorageFailed, match="no such table"):
        await write()
    assert await count(bench) == 0
