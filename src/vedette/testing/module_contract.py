"""What every module must do, tested the way the orchestrator treats it.

Subclass `ModuleContract`, and pytest does the rest.
"""

import inspect
import re
from typing import Any

import pytest

from vedette.bus.port import BusLimits, EventBus
from vedette.contracts.errors import InvalidConfig, InvalidInput
from vedette.contracts.health import Health, HealthLevel
from vedette.contracts.module import Answering, Module, ModuleRequest
from vedette.plugins.registry import build
from vedette.testing.fakes import FakeClock

CALLS = ("configure", "start", "stop", "health")


def a_bus(clock: FakeClock) -> EventBus:
    """One within this process; `drain` serves it."""
    bus: EventBus = build("bus", {"type": "memory"}, clock=clock, limits=BusLimits())
    return bus


class ModuleContract:
    """Say how it is made, and with which settings."""

    settings: dict[str, Any] = {}  # noqa: RUF012  subclasses replace it
    """Settings that it takes."""
    wrong: dict[str, Any] = {"no such setting": 1}  # noqa: RUF012
    """Settings that it refuses."""

    def make(self, bus: EventBus, clock: FakeClock) -> Module:
        """A new one."""
        raise NotImplementedError

    async def running(self) -> tuple[Module, EventBus]:
        """One that has begun, and its bus."""
        clock = FakeClock()
        bus = a_bus(clock)
        module = self.make(bus, clock)
        await module.configure(self.settings)
        await module.start()
        return module, bus

    def test_its_calls_are_asynchronous(self) -> None:
        clock = FakeClock()
        module = self.make(a_bus(clock), clock)

        for name in CALLS:
            assert inspect.iscoroutinefunction(getattr(module, name)), name

    async def test_it_lives_and_ends(self) -> None:
        module, _ = await self.running()

        said = await module.health()
        await module.stop()

        assert isinstance(said, Health)
        assert said.level is not HealthLevel.UNHEALTHY, said.detail

    async def test_it_ends_twice_and_unbegun(self) -> None:
        clock = FakeClock()
        module = self.make(a_bus(clock), clock)
        await module.stop()
        module, _ = await self.running()
        await module.stop()

        await module.stop()

    async def test_the_same_settings_again_change_nothing(self) -> None:
        module, bus = await self.running()
        before = [each.pattern for each in bus.stats()]

        await module.configure(self.settings)

        assert [each.pattern for each in bus.stats()] == before
        assert (await module.health()).level is not HealthLevel.UNHEALTHY
        await module.stop()

    async def test_wrong_settings_are_refused_and_it_goes_on(self) -> None:
        module, _ = await self.running()

        with pytest.raises(InvalidConfig) as refused:
            await module.configure(self.wrong)

        named = "|".join(re.escape(key) for key in self.wrong)
        assert re.search(named, str(refused.value)), "the sentence names what is wrong"
        assert (await module.health()).level is not HealthLevel.UNHEALTHY
        await module.stop()

    async def test_it_takes_back_what_it_asked_of_the_bus(self) -> None:
        module, bus = await self.running()

        await module.stop()

        assert bus.stats() == ()

    async def test_a_question_that_makes_no_sense_is_refused(self) -> None:
        module, _ = await self.running()
        question = ModuleRequest(module="it", what="what nobody ever asks")

        if isinstance(module, Answering):
            with pytest.raises(InvalidInput):
                await module.handle_request(question)
        await module.stop()
