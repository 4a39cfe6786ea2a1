"""Drills: switched by command, counted, ended by themselves, and never by accident."""

import asyncio
import random
from typing import Any
from uuid import UUID, uuid4

import pytest

from vedette.bus.memory import MemoryBus
from vedette.bus.port import EventBus
from vedette.contracts.contract_notice import ContractNotice
from vedette.contracts.control import ControlCommand, ResilienceEvent
from vedette.contracts.errors import InvalidInput
from vedette.contracts.facts import MotionFact
from vedette.contracts.health import HealthLevel
from vedette.contracts.module import Module, ModuleRequest
from vedette.contracts.payload import Payload
from vedette.services.resilience import ResilienceTester
from vedette.testing.fakes import FakeClock
from vedette.testing.module_contract import ModuleContract

SETTINGS = {
    "enabled": True,
    "scenarios": {
        "lossy": {"kind": "drop", "topics": "process.*", "part": 1.0},
        "slow": {"kind": "latency", "seconds": 0.2},
        "twice": {"kind": "duplicate", "topics": "process.*", "copies": 3},
        "short": {"kind": "drop", "for_s": 5.0},
    },
}
RNG = random.Random(1)  # noqa: S311 - not cryptography
MOTION = "process.motion.detected"


class PatientClock(FakeClock):
    """Its sleepers wait until the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.rung = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        await self.rung.wait()
        self.advance(seconds)


class TestResilienceTester(ModuleContract):
    """It is a module like any other."""

    settings = SETTINGS
    wrong = {"scenarios": {"odd": {"kind": "flood"}}}  # noqa: RUF012

    def make(self, bus: EventBus, clock: FakeClock) -> Module:
        return ResilienceTester(bus, clock, RNG)


class Drill:
    """A tester on a bus, and what was heard there."""

    def __init__(self) -> None:
        self.clock = PatientClock()
        self.bus = MemoryBus(clock=self.clock)
        self.tester = ResilienceTester(self.bus, self.clock, RNG)
        self.heard: list[tuple[str, Payload]] = []

    async def begin(self, settings: dict[str, Any]) -> None:
        async def hear(topic: str, fact: Payload) -> None:
            self.heard.append((topic, fact))

        for pattern in ("status.*", "process.*"):
            self.bus.subscribe(pattern, hear, name=pattern)
        await self.tester.configure(settings)
        await self.tester.start()

    async def command(self, target: str, number: UUID | None = None, **arguments: Any) -> None:
        wish = ControlCommand(
            id=number or uuid4(),
            at=self.clock.now(),
            command="resilience.toggle",
            target=target,
            arguments=arguments,
            actor="ada",
        )
        self.bus.publish("dashboard.control.command", wish)
        await self.bus.drain()

    async def move(self, times: int = 1) -> int:
        """Publish motion; how much of it arrived."""
        before = sum(topic == MOTION for topic, _ in self.heard)
        for _ in range(times):
            fact = MotionFact(
                camera_id="yard",
                at=self.clock.now(),
                fraction=0.1,
                boxes=(),
                correlation_id="yard/1/1",
            )
            self.bus.publish(MOTION, fact)
        await self.bus.drain()
        return sum(topic == MOTION for topic, _ in self.heard) - before

    def events(self) -> list[ResilienceEvent]:
        return [fact for _, fact in self.heard if isinstance(fact, ResilienceEvent)]


@pytest.fixture
def drill() -> Drill:
    return Drill()


async def test_a_scenario_is_switched_on_and_off_and_counts_what_it_did(drill: Drill) -> None:
    await drill.begin(SETTINGS)

    before = await drill.move(2)
    await drill.command("lossy", on=True)
    during = await drill.move(3)
    level = (await drill.tester.health()).level
    await drill.command("lossy", on=False)
    after = await drill.move(2)

    assert (before, during, after) == (2, 0, 2)
    assert level is HealthLevel.DEGRADED
    on, off = drill.events()
    assert (on.scenario, on.action, on.reason, on.seen) == ("lossy", "on", "ada", 0)
    assert (off.action, off.seen, off.lost) == ("off", 3, 3)


async def test_a_fact_that_comes_several_times_is_counted(drill: Drill) -> None:
    await drill.begin(SETTINGS)
    await drill.command("twice")

    arrived = await drill.move()
    await drill.command("twice")

    assert arrived == 3
    assert drill.events()[-1].added == 2


async def test_the_same_command_twice_is_one(drill: Drill) -> None:
    await drill.begin(SETTINGS)
    number = uuid4()

    await drill.command("lossy", number)
    await drill.command("lossy", number)

    assert [each.action for each in drill.events()] == ["on"]


async def test_it_never_loses_the_command_that_ends_it(drill: Drill) -> None:
    await drill.begin({"enabled": True, "scenarios": {"all": {"kind": "drop"}}})

    await drill.command("all", on=True)
    await drill.command("all", on=False)

    assert [each.action for each in drill.events()] == ["on", "off"]
    assert await drill.move() == 1


async def test_a_scenario_ends_by_itself(drill: Drill) -> None:
    await drill.begin(SETTINGS)
    await drill.command("short", on=True)

    drill.clock.rung.set()
    async with asyncio.timeout(5.0):
        while len(drill.events()) < 2:
            await drill.bus.drain()
            await asyncio.sleep(0)

    assert drill.events()[-1].reason == "its time is over"
    assert await drill.move() == 1


@pytest.mark.parametrize(
    ("settings", "target", "arguments", "sentence"),
    [
        ({**SETTINGS, "enabled": False}, "lossy", {}, "turn the feature on: features.drills"),
        (SETTINGS, "los", {}, "no scenario is called 'los'; there are: lossy, short, slow, twice"),
        (SETTINGS, "lossy", {"on": "yes"}, "`on` is true or false, not 'yes'"),
    ],
)
async def test_what_cannot_be_is_refused_and_told(
    drill: Drill, settings: dict[str, Any], target: str, arguments: dict[str, Any], sentence: str
) -> None:
    await drill.begin(settings)

    await drill.command(target, **arguments)

    notices = [fact for _, fact in drill.heard if isinstance(fact, ContractNotice)]
    assert len(notices) == 1
    assert sentence in notices[0].reason
    assert await drill.move() == 1


async def test_other_settings_end_what_they_do_not_allow(drill: Drill) -> None:
    await drill.begin(SETTINGS)
    await drill.command("lossy", on=True)

    await drill.tester.configure({**SETTINGS, "enabled": False})
    await drill.bus.drain()

    assert drill.events()[-1].reason == "its settings have changed"
    assert await drill.move() == 1


async def test_it_answers_what_there_is_and_what_is_on(drill: Drill) -> None:
    await drill.begin(SETTINGS)
    ask = drill.tester.handle_request

    toggled = await ask(
        ModuleRequest(module="chaos", what="toggle", arguments={"scenario": "slow", "on": True})
    )
    with pytest.raises(InvalidInput, match="there are: list, toggle"):
        await ask(ModuleRequest(module="chaos", what="dance"))

    scenarios = toggled.result["scenarios"]
    assert {name: each["on"] for name, each in scenarios.items()} == {
        "lossy": False,
        "slow": True,
        "twice": False,
        "short": False,
    }
    await drill.tester.stop()
