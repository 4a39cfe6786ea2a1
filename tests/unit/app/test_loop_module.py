"""A loop as a module: begun, watched, ended, and never silently gone."""

import asyncio
from typing import Any

import pytest

from vedette.app.loop_module import LoopModule
from vedette.bus.port import EventBus
from vedette.contracts.errors import InvalidConfig, VedetteError
from vedette.contracts.module import Module
from vedette.testing.fakes import FakeClock, until
from vedette.testing.module_contract import ModuleContract


class TestLoopModule(ModuleContract):
    """A loop that waits for ever."""

    def make(self, bus: EventBus, clock: FakeClock) -> Module:
        return LoopModule("loop", never)


async def never() -> None:
    await asyncio.Event().wait()


async def test_a_loop_that_is_let_finish_finishes() -> None:
    over, log = asyncio.Event(), []

    async def run() -> None:
        await over.wait()
        log.append("finished")

    async def end() -> None:
        over.set()

    module = LoopModule("loop", run, end=end)
    await module.start()
    await module.stop()

    assert log == ["finished"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (VedetteError("the model is gone"), "the model is gone"),
        (ExceptionGroup("of tasks", [InvalidConfig("no such camera")]), "no such camera"),
        (None, "the loop of sick does not run"),
    ],
)
async def test_a_loop_that_ends_by_itself_has_failed_with_its_cause(
    error: Exception | None, told: str
) -> None:
    ended: list[Any] = []

    async def run() -> None:
        if error is not None:
            raise error

    module = LoopModule("sick", run, ended=lambda: ended.append(1))
    await module.start()
    await until(lambda: bool(ended))

    with pytest.raises(VedetteError, match=told):
        await module.health()
    await module.stop()


async def test_it_has_begun_when_it_is_ready_and_not_before() -> None:
    opened = asyncio.Event()

    async def run() -> None:
        await asyncio.sleep(0)
        opened.set()
        await never()

    module = LoopModule("door", run, ready=opened.wait)
    await module.start()

    assert opened.is_set()
    await module.stop()


async def test_a_loop_that_fails_before_it_is_ready_has_not_begun() -> None:
    async def run() -> None:
        raise VedetteError("the port is taken")

    module = LoopModule("door", run, ready=never)

    with pytest.raises(VedetteError, match="the port is taken"):
        await module.start()
