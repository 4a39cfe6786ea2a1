"""A call gets its time and no more, whatever it does about it."""

import asyncio

import pytest

from vedette.kit.within import TookTooLong, within


async def quick() -> int:
    return 7


async def fails() -> None:
    raise TimeoutError("of its own")


async def never() -> None:
    await asyncio.Event().wait()


async def test_what_it_returns_or_raises_comes_through() -> None:
    assert await within(quick(), 5.0) == 7
    with pytest.raises(TimeoutError, match="of its own"):
        await within(fails(), 5.0)


async def test_who_takes_too_long_is_cancelled() -> None:
    ended: list[str] = []

    async def slow() -> None:
        try:
            await never()
        finally:
            ended.append("cancelled")

    with pytest.raises(TookTooLong, match=r"within 0\.01 s"):
        await within(slow(), 0.01)

    assert ended == ["cancelled"]


async def test_who_swallows_that_is_left_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vedette.kit.within.GRACE_S", 0.01)
    release = asyncio.Event()
    ended: list[str] = []

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        ended.append("at last")
        raise RuntimeError("and nobody wants to know")

    with pytest.raises(TookTooLong):
        await within(stubborn(), 0.01)
    assert ended == []
    release.set()
    for _ in range(3):
        await asyncio.sleep(0)

    assert ended == ["at last"]


async def test_a_cancelled_waiter_takes_the_call_with_it() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        begun.set()
        try:
            await never()
        finally:
            ended.set()

    waiting = asyncio.create_task(within(slow(), 60.0))
    await begun.wait()
    waiting.cancel()

    async with asyncio.timeout(5.0):
        await ended.wait()
