"""The orchestrator among modules that fail, hang and will not end."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from vedette.app.module_plan import ModuleLimits, ModulePlan
from vedette.app.orchestrator import Orchestrator, OrchestratorLimits
from vedette.bus.memory import MemoryBus
from vedette.contracts.errors import InvalidConfig, InvalidInput, NotFound, VedetteError
from vedette.contracts.health import (
    Criticality,
    Health,
    HealthLevel,
    HealthSummary,
    ModuleState,
    ShutdownProgress,
    StatusReport,
)
from vedette.contracts.module import ModuleAnswer, ModuleRequest, Stage
from vedette.contracts.payload import Payload
from vedette.kit.clock import SystemClock
from vedette.services.health_reporter import HealthReporter
from vedette.testing.fakes import until

LIMITS = ModuleLimits(
    configure_s=0.1, start_s=0.1, stop_s=0.1, health_s=0.1, failures=3, calm_s=3600.0
)
ORCHESTRATOR = OrchestratorLimits(look_every_s=0.02)
RNG = random.Random(1)  # noqa: S311 - not cryptography


class Odd:
    """A module that does what the test tells it to."""

    def __init__(self, log: list[str], name: str) -> None:
        self.log, self.name = log, name
        self.settings: Mapping[str, Any] = {}
        self.said = Health()
        self.trouble: dict[str, Callable[[], Any]] = {}

    async def _do(self, call: str) -> None:
        self.log.append(f"{self.name} {call}")
        if (trouble := self.trouble.get(call)) is not None:
            found = trouble()
            if isinstance(found, BaseException):
                raise found
            if found is not None:
                await found

    async def configure(self, settings: Mapping[str, Any]) -> None:
        await self._do("configure")
        self.settings = settings

    async def start(self) -> None:
        await self._do("start")

    async def stop(self) -> None:
        await self._do("stop")

    async def health(self) -> Health:
        if (trouble := self.trouble.get("health")) is not None:
            found = trouble()
            if isinstance(found, BaseException):
                raise found
            if found is not None:
                await found
        return self.said


class Talker(Odd):
    """The same, and it answers."""

    async def handle_request(self, request: ModuleRequest) -> ModuleAnswer:
        if request.what != "name":
            raise InvalidInput("ask me my name")
        return ModuleAnswer(module=self.name, result={"name": self.name})


class Ensemble:
    """Modules by name, the orchestrator over them, and what was told on the bus."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.modules: dict[str, Odd] = {}
        self.plans: list[ModulePlan] = []
        self.clock = SystemClock()
        self.bus = MemoryBus(clock=self.clock)
        self.told: list[Payload] = []
        self.orchestrator: Orchestrator | None = None

    def add(
        self,
        name: str,
        stage: Stage = Stage.PROCESSING,
        *,
        kind: type[Odd] = Odd,
        criticality: Criticality = Criticality.LOW,
        **more: Any,
    ) -> Odd:
        module = kind(self.log, name)
        self.modules[name] = module
        plan = ModulePlan(
            name=name,
            build=lambda: module,
            stage=stage,
            criticality=criticality,
            limits=LIMITS,
            **more,
        )
        self.plans.append(plan)
        return module

    @property
    def all(self) -> Orchestrator:
        assert self.orchestrator is not None
        return self.orchestrator

    def state(self, name: str) -> ModuleState:
        return next(m.state for m in self.all.summary.modules if m.name == name)

    async def _hear(self, topic: str, fact: Payload) -> None:
        del topic
        self.told.append(fact)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Orchestrator]:
        """Begun, watched, and ended again."""
        self.bus.subscribe("status.*", self._hear, name="test")
        self.orchestrator = Orchestrator(
            self.plans,
            bus=self.bus,
            clock=self.clock,
            rng=RNG,
            limits=ORCHESTRATOR,
            reporters=(HealthReporter(self.bus).report,),
        )
        serving = asyncio.create_task(self.bus.run())
        await self.orchestrator.start()
        watching = asyncio.create_task(self.orchestrator.run())
        try:
            yield self.orchestrator
        finally:
            await self.orchestrator.stop()
            await asyncio.wait([watching])
            await self.bus.drain()
            self.bus.close()
            await serving
            if not watching.cancelled() and (error := watching.exception()):
                raise error


@pytest.fixture
def them(monkeypatch: pytest.MonkeyPatch) -> Ensemble:
    monkeypatch.setattr("vedette.kit.within.GRACE_S", 0.01)
    monkeypatch.setattr("vedette.app.module_life.backoff_s", lambda *_: 0.01)
    return Ensemble()


def never() -> Any:
    return asyncio.Event().wait()


async def test_modules_begin_in_order_and_end_the_other_way_round(them: Ensemble) -> None:
    them.add("cameras", Stage.INPUTS)
    them.add("writer", Stage.EVENTS)
    them.add("bus", Stage.BUS)

    async with them.running() as orchestrator:
        assert (await orchestrator.look()).level is HealthLevel.HEALTHY

    begun = [line for line in them.log if line.endswith("start")]
    ended = [line for line in them.log if line.endswith("stop")]
    assert begun == ["bus start", "writer start", "cameras start"]
    assert ended == ["cameras stop", "writer stop", "bus stop"]
    progress = [each for each in them.told if isinstance(each, ShutdownProgress)]
    assert [(p.stage, p.index, p.done, round(p.percent)) for p in progress] == [
        ("inputs", 1, False, 0),
        ("inputs", 1, True, 50),
        ("events", 2, False, 50),
        ("events", 2, True, 100),
        ("bus", 3, False, 100),
        ("bus", 3, True, 100),
    ]


async def test_a_module_that_fails_is_begun_again_and_the_others_go_on(them: Ensemble) -> None:
    good, bad = them.add("good"), them.add("bad")

    async with them.running() as orchestrator:
        errors = [RuntimeError("out of ideas")]
        bad.trouble["health"] = lambda: errors.pop() if errors else None
        await until(lambda: them.log.count("bad start") == 2)
        await until(lambda: them.state("bad") is ModuleState.RUNNING)
        summary = await orchestrator.look()
        reports = [each for each in them.told if isinstance(each, StatusReport)]

    assert them.log.count("good start") == 1
    assert good.said == Health()
    found = next(each for each in summary.modules if each.name == "bad")
    assert (found.restarts, found.failures) == (1, 1)
    waiting = [each for each in reports if each.state is ModuleState.WAITING]
    assert [each.module for each in waiting] == ["bad"]
    assert "RuntimeError: out of ideas" in waiting[0].detail


async def test_who_keeps_failing_is_quarantined_until_somebody_releases_it(
    them: Ensemble,
) -> None:
    bad = them.add("bad")
    bad.trouble["start"] = lambda: RuntimeError("no")

    async with them.running() as orchestrator:
        await until(lambda: them.state("bad") is ModuleState.QUARANTINED)
        tries = them.log.count("bad start")
        summary = await orchestrator.look()
        bad.trouble.clear()
        for _ in range(5):
            await orchestrator.look()
        tries_later = them.log.count("bad start")
        await orchestrator.restart("bad")
        after = await orchestrator.look()

    assert tries == tries_later == LIMITS.failures
    assert summary.ready
    assert summary.level is HealthLevel.DEGRADED
    assert "failed 3 times in a row; the last time: start: RuntimeError: no" in (
        summary.modules[0].detail
    )
    assert (after.modules[0].state, after.modules[0].failures) == (ModuleState.RUNNING, 0)


async def test_a_critical_module_that_fails_makes_the_product_unready_and_is_never_given_up(
    them: Ensemble,
) -> None:
    heart = them.add("heart", criticality=Criticality.CRITICAL)

    async with them.running() as orchestrator:
        heart.trouble["start"] = lambda: RuntimeError("no")
        heart.trouble["health"] = lambda: RuntimeError("no")
        await until(lambda: them.log.count("heart start") > LIMITS.failures + 2)
        ill = await orchestrator.look()
        heart.trouble.clear()
        await until(lambda: them.state("heart") is ModuleState.RUNNING)

    assert not ill.ready
    assert ill.level is HealthLevel.UNHEALTHY


async def test_a_critical_module_that_knows_why_it_cannot_be_ends_the_product(
    them: Ensemble,
) -> None:
    them.add("other", Stage.BUS)
    heart = them.add("heart", criticality=Criticality.CRITICAL)
    heart.trouble["start"] = lambda: InvalidConfig("there is no model of that name")

    with pytest.raises(InvalidConfig, match="no model of that name"):
        async with them.running():
            pass

    assert them.log[-1] == "other stop"


async def test_the_same_while_it_runs(them: Ensemble) -> None:
    heart = them.add("heart", criticality=Criticality.CRITICAL)

    async def run() -> None:
        async with them.running():
            heart.trouble["health"] = lambda: VedetteError("the disk is gone")
            await until(lambda: them.state("heart") is ModuleState.STOPPED)

    with pytest.raises(VedetteError, match="the disk is gone"):
        await run()


async def test_health_that_hangs_is_told_as_unhealthy_and_holds_nobody_up(them: Ensemble) -> None:
    them.add("good")
    mute = them.add("mute", criticality=Criticality.CRITICAL)

    async with them.running() as orchestrator:
        mute.trouble["health"] = never
        await until(lambda: not them.all.summary.ready)
        summary = await orchestrator.look()
        del mute.trouble["health"]
        await until(lambda: them.all.summary.ready)

    by_name = {each.name: each for each in summary.modules}
    assert by_name["good"].level is HealthLevel.HEALTHY
    assert by_name["mute"].state is ModuleState.RUNNING, "it may be busy; it is not begun anew"
    assert "did not end within 0.1 s" in by_name["mute"].detail
    assert them.log.count("mute start") == 1


async def test_a_module_that_never_ends_holds_up_nobody(them: Ensemble) -> None:
    them.add("cameras", Stage.INPUTS).trouble["stop"] = never
    them.add("bus", Stage.BUS)

    async with asyncio.timeout(5.0):
        async with them.running():
            pass

    assert them.log[-1] == "bus stop"
    progress = [each for each in them.told if isinstance(each, ShutdownProgress)]
    assert [each.late for each in progress if each.stage == "inputs"] == [(), ("cameras",)]


async def test_a_listener_that_hangs_does_not_hold_up_the_end(
    them: Ensemble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vedette.app.orchestrator.TELL_S", 0.02)
    them.add("cameras", Stage.INPUTS)

    async def hang(topic: str, fact: Payload) -> None:
        await asyncio.Event().wait()

    async with asyncio.timeout(5.0):
        async with them.running():
            undo = them.bus.subscribe("status.shutdown.progress", hang, name="hangs")
            await them.all.stop()
            undo()

    assert them.log[-1] == "cameras stop"


async def test_what_a_module_says_of_itself_is_told(them: Ensemble) -> None:
    one = them.add("one", criticality=Criticality.CRITICAL)
    heard: list[HealthSummary] = []

    async def hear(topic: str, fact: Payload) -> None:
        assert isinstance(fact, HealthSummary)
        heard.append(fact)

    async with them.running():
        them.bus.subscribe("analytics.health.summary", hear, name="analytics")
        one.said = Health(level=HealthLevel.DEGRADED, detail="a camera is away")
        await until(lambda: bool(heard) and heard[-1].level is HealthLevel.DEGRADED)

    assert heard[-1].ready
    assert heard[-1].modules[0].detail == "a camera is away"


async def test_settings_that_a_module_refuses_leave_those_from_before(them: Ensemble) -> None:
    one = them.add("one", settings={"a": 1})

    async with them.running() as orchestrator:
        before = one.settings
        await orchestrator.configure("one", {"a": 2})
        accepted = one.settings
        one.trouble["configure"] = lambda: InvalidConfig("a is 1 or 2")
        with pytest.raises(InvalidConfig, match="a is 1 or 2"):
            await orchestrator.configure("one", {"a": 3})
        one.trouble.clear()
        await orchestrator.restart("one")

    assert before == {"a": 1}
    assert accepted == one.settings == {"a": 2}


async def test_modules_are_asked_directly_and_over_the_bus(them: Ensemble) -> None:
    them.add("talker", kind=Talker)
    them.add("mute")

    async with them.running() as orchestrator:
        question = ModuleRequest(module="talker", what="name")
        answer = await orchestrator.ask(question)
        by_bus = await them.bus.request("module.talker.request", question, within_s=1.0)
        with pytest.raises(InvalidInput, match="ask me my name"):
            await orchestrator.ask(ModuleRequest(module="talker", what="age"))
        with pytest.raises(InvalidInput, match="answers no questions"):
            await orchestrator.ask(ModuleRequest(module="mute", what="name"))
        with pytest.raises(NotFound, match="there are: mute, talker"):
            await orchestrator.ask(ModuleRequest(module="nobody", what="name"))
        await orchestrator.quarantine("talker", "for a test")
        with pytest.raises(VedetteError, match="is quarantined: it cannot be asked"):
            await orchestrator.ask(question)

    assert answer == by_bus == ModuleAnswer(module="talker", result={"name": "talker"})


async def test_what_lives_as_long_as_the_product_is_not_restarted(them: Ensemble) -> None:
    them.add("bus", Stage.BUS, renewable=False)

    async with them.running() as orchestrator:
        with pytest.raises(InvalidInput, match="lives as long as the product"):
            await orchestrator.restart("bus")
        with pytest.raises(InvalidInput, match="lives as long as the product"):
            await orchestrator.quarantine("bus", "no")

    assert them.log.count("bus start") == 1


async def test_a_reporter_that_fails_or_hangs_is_left_out(them: Ensemble) -> None:
    them.add("one")
    seen: list[HealthSummary] = []

    async def keep(summary: HealthSummary) -> None:
        seen.append(summary)

    async def fail(summary: HealthSummary) -> None:
        raise RuntimeError("no paper")

    async def hang(summary: HealthSummary) -> None:
        await asyncio.Event().wait()

    orchestrator = Orchestrator(
        them.plans,
        bus=them.bus,
        clock=them.clock,
        rng=RNG,
        limits=OrchestratorLimits(look_every_s=0.02, report_s=0.02),
        reporters=(fail, hang, keep),
    )
    await orchestrator.start()
    watching = asyncio.create_task(orchestrator.run())
    await until(lambda: len(seen) > 2)
    await orchestrator.stop()
    await watching

    assert seen[0].modules[0].name == "one"
