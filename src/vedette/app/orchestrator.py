"""The orchestrator: starts the modules of a process, watches over them, and ends them in order.

Not to be confused with the persistence of events (the seed's `ai-orchestrator`) or with the
coordination of jobs.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vedette.app.module_life import ModuleLife
from vedette.app.module_plan import STAGES, ModulePlan, starting_order
from vedette.bus.port import EventBus, Undo
from vedette.contracts.errors import InvalidInput, NotFound, VedetteError
from vedette.contracts.health import HealthSummary, ModuleState, ShutdownProgress, summarised
from vedette.contracts.module import ModuleAnswer, ModuleRequest, Stage
from vedette.contracts.payload import Payload
from vedette.contracts.topics import SHUTDOWN, request_topic
from vedette.kit.bell import Bell
from vedette.kit.clock import Clock
from vedette.kit.supervise import guarded
from vedette.kit.within import TookTooLong, within

log = logging.getLogger(__name__)

CARRIERS = frozenset({Stage.DASHBOARD, Stage.BUS})
"""Stages of those that carry what is said of the end: all is over before they are."""
TELL_S = 2.0
"""How long the listeners may take over a word about the end."""
ANSWER_S = 10.0

Reporter = Callable[[HealthSummary], Awaitable[None]]
"""Gets every summary; it may raise, and take its time within `OrchestratorLimits.report_s`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestratorLimits:
    """How the modules are watched."""

    look_every_s: float = 5.0
    """A health period: every module is looked at, and reported, once in it."""
    report_s: float = 5.0


class Orchestrator:
    """`start`, then `run` in a task, then `stop`. Belongs to one loop."""

    def __init__(
        self,
        plans: Sequence[ModulePlan],
        *,
        bus: EventBus,
        clock: Clock,
        rng: random.Random,
        limits: OrchestratorLimits | None = None,
        reporters: Sequence[Reporter] = (),
    ) -> None:
        """Plan the modules; nothing begins yet.

        Raises:
            InvalidConfig: see `starting_order`.
        """
        self.limits = limits or OrchestratorLimits()
        self._bus = bus
        self._clock = clock
        self._reporters = tuple(reporters)
        self._bell = Bell(clock)
        lives = (ModuleLife(plan, clock, rng) for plan in starting_order(plans))
        self._lives = {life.name: life for life in lives}
        """In the order in which they begin."""
        self._undo: list[Undo] = []
        self._ending = False
        self.summary = summarised((life.told() for life in self._lives.values()), clock.now())
        """As it was last."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of all modules, in the order in which they begin."""
        return tuple(self._lives)

    async def start(self) -> None:
        """Begin every module, each after those that it needs.

        Raises:
            VedetteError: a critical module says why it cannot be; what had begun has ended again.
        """
        try:
            for life in self._lives.values():
                await life.begin()
                self._undo.append(self._bus.respond(request_topic(life.name), self._answer))
        except VedetteError:
            await self.stop()
            raise
        await self.look()

    async def run(self) -> None:
        """Look after the modules until cancelled, or `stop`.

        Raises:
            VedetteError: a critical module says why it cannot go on.
        """
        report_s = self._clock.monotonic()
        while not self._ending:
            self._bell.hush()
            summary = await self.look()
            for life in self._lives.values():
                if life.fatal is not None:
                    raise life.fatal
                if life.due and not self._ending:
                    await life.begin()
            if self._clock.monotonic() >= report_s:
                report_s = self._clock.monotonic() + self.limits.look_every_s
                await self._report(summary)
            await self._bell.wait(self._pause_s(report_s))

    def wake(self) -> None:
        """Something is amiss with a module: look now. Call it in the loop."""
        self._bell.ring()

    async def look(self) -> HealthSummary:
        """How all modules are, asked at this moment."""
        told = await asyncio.gather(*(life.look() for life in self._lives.values()))
        self.summary = summarised(told, self._clock.now())
        if any(life.fatal is not None or life.due for life in self._lives.values()):
            self.wake()
        return self.summary

    async def restart(self, name: str) -> None:
        """End a module, and begin it anew; also one that waits or is quarantined.

        Raises:
            NotFound: there is none of that name.
            InvalidInput: it lives as long as the product.
            VedetteError: see `ModuleLife.begin`.
        """
        life = self._life(name)
        if not life.plan.renewable:
            raise InvalidInput(f"the module {name} lives as long as the product; restart that")
        await life.end()
        await life.release()
        self.wake()

    async def renew(self, name: str, change: Callable[[], None]) -> None:
        """End a module, change what it is made of, and begin it anew.

        Raises:
            NotFound: there is none of that name.
            VedetteError: it does not begin; it is tried again, as any module that fails.
        """
        life = self._life(name)
        await life.end()
        change()
        await life.release()
        if life.state is not ModuleState.RUNNING:
            raise VedetteError(f"the module {name} does not begin: {life.told().detail}")
        self.wake()

    async def quarantine(self, name: str, why: str) -> None:
        """Keep a module down until it is released; the others go on.

        Raises:
            NotFound: there is none of that name.
            InvalidInput: it lives as long as the product.
        """
        life = self._life(name)
        if not life.plan.renewable:
            raise InvalidInput(f"the module {name} lives as long as the product")
        await life.end(ModuleState.QUARANTINED, why)
        self.wake()

    async def configure(self, name: str, settings: Mapping[str, Any]) -> None:
        """Give a module other settings; it goes on.

        Raises:
            NotFound: there is none of that name.
            VedetteError: see `ModuleLife.configure`.
        """
        await self._life(name).configure(settings)

    async def ask(self, request: ModuleRequest, *, within_s: float = ANSWER_S) -> ModuleAnswer:
        """Have a module answer a question.

        Raises:
            NotFound: there is none of that name.
            InvalidInput, VedetteError: see `ModuleLife.ask`.
        """
        return await self._life(request.module).ask(request, within_s=within_s)

    async def stop(self) -> None:
        """End every module, stage by stage, and tell of each stage while it can be told."""
        self._ending = True
        self.wake()
        for undo in self._undo:
            undo()
        there = {life.plan.stage for life in self._lives.values()}
        stages = [stage for stage in STAGES if stage in there]
        for stage in stages:
            late: list[str] = []
            await self._tell(stage, stages, late, done=False)
            for life in self._members(stage):
                if not await life.end():
                    log.warning("module %s did not end in time", life.name)
                    late.append(life.name)
            await self._tell(stage, stages, late, done=True)

    def _members(self, stage: Stage) -> list[ModuleLife]:
        """The modules of a stage, in the order in which they end."""
        return [life for life in reversed(self._lives.values()) if life.plan.stage is stage]

    async def _tell(
        self, stage: Stage, stages: Sequence[Stage], late: Sequence[str], *, done: bool
    ) -> None:
        """Have everybody hear how far the end is, before it goes on; nobody may hold it up."""
        lives = self._lives.values()
        counted = [life for life in lives if life.plan.stage not in CARRIERS]
        ended = sum(life.state is ModuleState.STOPPED for life in counted)
        progress = ShutdownProgress(
            at=self._clock.now(),
            stage=stage.value,
            index=stages.index(stage) + 1,
            total=len(stages),
            modules=tuple(life.name for life in self._members(stage)),
            stopped=sum(life.state is ModuleState.STOPPED for life in lives),
            percent=100.0 * ended / len(counted) if counted else 100.0,
            done=done,
            late=tuple(late),
        )
        with guarded("a word about the end"):
            try:
                await within(self._deliver(progress), TELL_S)
            except TookTooLong:
                log.warning("somebody who listens on %s takes too long", SHUTDOWN)

    async def _deliver(self, progress: ShutdownProgress) -> None:
        await self._bus.deliver(SHUTDOWN, progress)

    async def _report(self, summary: HealthSummary) -> None:
        for number, reporter in enumerate(self._reporters, start=1):
            with guarded(f"health reporter {number}"):
                try:
                    await within(_awaited(reporter(summary)), self.limits.report_s)
                except TookTooLong:
                    log.warning("health reporter %d takes too long; it is left out", number)

    async def _answer(self, request: Payload) -> Payload:
        """A question that came over the bus."""
        return await self.ask(ModuleRequest.model_validate(request.model_dump()))

    def _life(self, name: str) -> ModuleLife:
        if (life := self._lives.get(name)) is None:
            there = ", ".join(sorted(self._lives))
            raise NotFound(f"no module is called {name!r}; there are: {there}")
        return life

    def _pause_s(self, report_s: float) -> float:
        """Until the next report, or until the time of a module that waits has come."""
        waiting = [life.due_s for life in self._lives.values() if life.state is ModuleState.WAITING]
        return max(0.0, min([report_s, *waiting]) - self._clock.monotonic())


async def _awaited(told: Awaitable[None]) -> None:
    await told
