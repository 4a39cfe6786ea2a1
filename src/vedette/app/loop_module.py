"""A module around a loop: what the parts of the product are, seen by the orchestrator."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vedette.app.module_plan import ModuleLimits, ModulePlan
from vedette.contracts.errors import InvalidConfig, VedetteError
from vedette.contracts.health import Criticality, Health
from vedette.contracts.module import Stage
from vedette.kit.supervise import first_of


class LoopModule:
    """Implements `Module`. Its loop runs in a task of its own; one that ends by itself has failed.

    One life long: to begin again, make another one.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[], Awaitable[None]],
        *,
        end: Callable[[], Awaitable[None]] | None = None,
        ready: Callable[[], Awaitable[object]] | None = None,
        health: Callable[[], Health] = Health,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the loop; `start` runs it.

        Args:
            end: lets the loop finish and return; absent, it is cancelled.
            ready: returns when it works; absent, it does at once.
            ended: told when the loop has ended, however it did.
        """
        self._name = name
        self._run = run
        self._end = end
        self._ready = ready
        self._health = health
        self._ended = ended
        self._task: asyncio.Task[None] | None = None

    async def configure(self, settings: Mapping[str, Any]) -> None:
        if settings:
            strange = ", ".join(sorted(settings))
            raise InvalidConfig(f"the module {self._name} has no settings of its own: {strange}")

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._loop(), name=self._name)
        self._task.add_done_callback(lambda task: self._ended())
        if self._ready is not None:
            opening = loop.create_task(self._wait(self._ready()))
            try:
                await asyncio.wait({self._task, opening}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                opening.cancel()
        if self._task.done():
            raise self._cause(self._task)

    async def stop(self) -> None:
        task = self._task
        if task is None or task.done():
            return
        try:
            if self._end is None:
                task.cancel()
            else:
                await self._end()
            await asyncio.wait({task})
        finally:
            task.cancel()  # where even this call is given up
        if not task.cancelled() and (error := task.exception()) is not None:
            raise first_of(error)

    async def health(self) -> Health:
        if self._task is None or self._task.done():
            raise self._cause(self._task)
        return self._health()

    async def _loop(self) -> None:
        await self._run()

    async def _wait(self, ready: Awaitable[object]) -> None:
        await ready

    def _cause(self, task: asyncio.Task[None] | None) -> BaseException:
        """Why it does not run."""
        error = None if task is None or task.cancelled() else task.exception()
        if error is None:
            return VedetteError(f"the loop of {self._name} does not run")
        return first_of(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """A part of the product that has a loop; `plan` makes a module of it."""

    name: str
    stage: Stage
    run: Callable[[], Awaitable[None]]
    close: Callable[[], Awaitable[None] | None] | None = None
    """Lets the loop finish, once and for all; absent, it is cancelled and can be begun again."""
    criticality: Criticality = Criticality.LOW
    health: Callable[[], Health] = Health
    after: Sequence[str] = ()
    limits: ModuleLimits = field(default_factory=ModuleLimits)

    def plan(self, ended: Callable[[], None]) -> ModulePlan:
        """Whoever calls `ended` says that a loop has ended."""

        def build() -> LoopModule:
            end = None if self.close is None else self._end
            return LoopModule(self.name, self.run, end=end, health=self.health, ended=ended)

        return ModulePlan(
            name=self.name,
            build=build,
            stage=self.stage,
            after=self.after,
            criticality=self.criticality,
            renewable=self.close is None,
            limits=self.limits,
        )

    async def _end(self) -> None:
        ending = None if self.close is None else self.close()
        if ending is not None:
            await ending
