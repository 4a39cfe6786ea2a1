"""One module and its life: every call to it has a limit, and every failure a consequence."""

import asyncio
import logging
import random
from collections.abc import Coroutine, Mapping
from typing import Any

from vedette.app.module_plan import ModulePlan
from vedette.contracts.errors import InvalidInput, VedetteError
from vedette.contracts.health import Criticality, Health, HealthLevel, ModuleHealth, ModuleState
from vedette.contracts.module import Answering, Module, ModuleAnswer, ModuleRequest
from vedette.kit.clock import Clock
from vedette.kit.supervise import backoff_s, guarded
from vedette.kit.within import TookTooLong, within

log = logging.getLogger(__name__)


class ModuleLife:
    """Belongs to one loop, and to one orchestrator. Of its calls one is made at a time."""

    def __init__(self, plan: ModulePlan, clock: Clock, rng: random.Random) -> None:
        self.plan = plan
        self.settings: Mapping[str, Any] = plan.settings
        """Those that it has, or gets when it begins."""
        self.state = ModuleState.STOPPED
        self.failures = 0
        """In a row."""
        self.restarts = 0
        self.due_s = 0.0
        """When it is to begin again, while it waits; by the monotonic clock."""
        self.fatal: VedetteError | None = None
        """Why a critical module can never go on: the product ends."""
        self._clock = clock
        self._rng = rng
        self._lock = asyncio.Lock()
        self._module: Module | None = None
        self._why = ""
        """Why it is down."""
        self._said = Health()
        """What it said last of itself."""
        self._since = clock.now()
        self._since_s = clock.monotonic()

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def critical(self) -> bool:
        return self.plan.criticality is Criticality.CRITICAL

    @property
    def due(self) -> bool:
        """It waits, and its time has come."""
        return self.state is ModuleState.WAITING and self._clock.monotonic() >= self.due_s

    async def begin(self) -> None:
        """Build, configure and start it; where that fails, it waits, or is quarantined.

        Raises:
            VedetteError: a critical module says why it cannot be.
        """
        async with self._lock:
            if self.state is ModuleState.RUNNING:
                return
            self._become(ModuleState.STARTING)
            limits = self.plan.limits
            error = await self._attempt("building it", self._build(), limits.start_s)
            error = error or await self._attempt("configure", self._give(), limits.configure_s)
            error = error or await self._attempt("start", self._there().start(), limits.start_s)
            if error is None:
                self._said = Health()
                self._become(ModuleState.RUNNING)
                return
            await self._fail(error)
        if self.fatal is not None:
            raise self.fatal

    async def end(self, state: ModuleState = ModuleState.STOPPED, why: str = "") -> bool:
        """Let it finish, and forget it; True where it did so in time."""
        async with self._lock:
            return await self._end(state, why)

    async def release(self) -> None:
        """Forget that it failed, and begin it again. Raises as `begin`."""
        self.failures = 0
        await self.begin()

    async def configure(self, settings: Mapping[str, Any]) -> None:
        """Give it other settings, at once while it runs, else for when it begins.

        Raises:
            VedetteError: they cannot be, or it failed over them; those from before hold.
        """
        async with self._lock:
            before, self.settings = self.settings, settings
            if self._module is None:
                return
            limit_s = self.plan.limits.configure_s
            error = await self._attempt("configure", self._give(), limit_s)
            if error is not None:
                self.settings = before
                raise error

    async def look(self) -> ModuleHealth:
        """How it is. What raises has failed; what says nothing in time is unhealthy."""
        if self._lock.locked():  # it begins, ends, or is looked at already
            return self.told()
        async with self._lock:
            if self.state is ModuleState.RUNNING:
                error = await self._attempt("health", self._ask_health(), self.plan.limits.health_s)
                if isinstance(error, _Late):
                    self._said = Health(level=HealthLevel.UNHEALTHY, detail=str(error))
                elif error is not None:
                    await self._fail(error)
                elif self._clock.monotonic() - self._since_s > self.plan.limits.calm_s:
                    self.failures = 0
        return self.told()

    async def ask(self, request: ModuleRequest, *, within_s: float) -> ModuleAnswer:
        """Have it answer a question.

        Raises:
            InvalidInput: it answers none, or not this one.
            VedetteError: it is down, failed over it, or took too long.
        """
        module = self._module
        if module is None or self.state is not ModuleState.RUNNING:
            raise VedetteError(f"the module {self.name} is {self.state.value}: it cannot be asked")
        if not isinstance(module, Answering):
            raise InvalidInput(f"the module {self.name} answers no questions")
        answers: list[ModuleAnswer] = []

        async def put() -> None:
            answers.append(await module.handle_request(request))

        error = await self._attempt(f"the question {request.what!r}", put(), within_s)
        if error is not None:
            raise error
        return answers[0]

    def told(self) -> ModuleHealth:
        """How it was when it was looked at last."""
        said = self._said
        if self.state is not ModuleState.RUNNING:
            said = Health(level=HealthLevel.UNHEALTHY, detail=self._why or self.state.value)
        return ModuleHealth(
            name=self.name,
            criticality=self.plan.criticality,
            state=self.state,
            level=said.level,
            detail=said.detail,
            parts=said.parts,
            figures=said.figures,
            since=self._since,
            at=self._clock.now(),
            failures=self.failures,
            restarts=self.restarts,
        )

    # With the lock held.

    async def _end(self, state: ModuleState, why: str) -> bool:
        error: VedetteError | None = None
        if self._module is not None:
            self._become(ModuleState.STOPPING, why)
            error = await self._attempt("stop", self._module.stop(), self.plan.limits.stop_s)
            self._module = None
        self._become(state, why)
        return not isinstance(error, _Late)

    async def _fail(self, error: VedetteError) -> None:
        """It does not go on: end it, and begin it again later, or not before it is released."""
        self.failures += 1
        if self.critical and not isinstance(error, _Defect | _Late):
            self.fatal = error
            await self._end(ModuleState.STOPPED, str(error))
            return
        if self.failures >= self.plan.limits.failures and not self.critical:
            why = f"it failed {self.failures} times in a row; the last time: {error}"
            log.error("module %s is quarantined: %s", self.name, why)
            await self._end(ModuleState.QUARANTINED, why)
            return
        pause_s = backoff_s(self.failures, self._rng)
        self.due_s = self._clock.monotonic() + pause_s
        self.restarts += 1
        log.warning("module %s has failed: %s; again in %.1f s", self.name, error, pause_s)
        await self._end(ModuleState.WAITING, str(error))

    async def _build(self) -> None:
        self._module = self.plan.build()

    async def _give(self) -> None:
        await self._there().configure(self.settings)

    async def _ask_health(self) -> None:
        self._said = await self._there().health()

    def _there(self) -> Module:
        if self._module is None:
            raise VedetteError(f"the module {self.name} has not been built")
        return self._module

    async def _attempt(
        self, what: str, call: Coroutine[Any, Any, None], limit_s: float
    ) -> VedetteError | None:
        """Make one call; what went wrong with it, as an error of ours."""
        problem: VedetteError | None = None
        with guarded(f"{what} of module {self.name}") as outcome:
            try:
                await within(call, limit_s)
            except TookTooLong as error:
                problem = _Late(f"{what}: {error}")
            except VedetteError as error:
                problem = error
        if outcome.error is not None:
            problem = _Defect(f"{what}: {type(outcome.error).__name__}: {outcome.error}")
        return problem

    def _become(self, state: ModuleState, why: str = "") -> None:
        if state is not self.state:
            self._since, self._since_s = self._clock.now(), self._clock.monotonic()
        self.state, self._why = state, why


class _Defect(VedetteError):
    """A module failed in a way that nobody foresaw; the log has the trace."""


class _Late(VedetteError):
    """A call to a module did not return in time."""
