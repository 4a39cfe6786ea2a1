"""Drills: scenarios of latency, loss, repetition and disorder on the bus, switched by command.

Off unless the settings allow it. A scenario ends by itself, and never touches the commands that
switch it nor what is told of it.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from pydantic import Field, ValidationError

from vedette.bus.intercept import Drop, Duplicate, Interceptor, Latency, Reorder
from vedette.bus.port import EventBus, Undo
from vedette.contracts.contract_notice import ContractKind, ContractNotice
from vedette.contracts.control import ControlCommand, ResilienceEvent
from vedette.contracts.errors import InvalidConfig, InvalidInput
from vedette.contracts.health import Health, HealthLevel
from vedette.contracts.module import ModuleAnswer, ModuleRequest
from vedette.contracts.payload import Payload, Slug
from vedette.contracts.topics import COMMAND, CONTRACT, RESILIENCE
from vedette.kit.clock import Clock
from vedette.kit.recent import Recent
from vedette.plugins.registry import PluginConfig

TOGGLE = "resilience.toggle"
UNTOUCHED = ("dashboard.", RESILIENCE)
REMEMBERED = 1000
"""Ids of commands that are known when they come again."""


class Scenario(PluginConfig):
    """One kind of trouble."""

    kind: Literal["latency", "drop", "duplicate", "reorder"]
    topics: str = Field(default="*", min_length=1, description="Pattern of topics, like process.*")
    seconds: float = Field(default=0.5, ge=0.0, le=60.0, description="Of latency and disorder.")
    part: float = Field(default=1.0, ge=0.0, le=1.0, description="Of the facts, that are lost.")
    copies: int = Field(default=2, ge=2, le=10, description="That come of a repeated fact.")
    for_s: float = Field(default=300.0, gt=0.0, le=86_400.0, description="Then it ends by itself.")

    def interceptor(self, rng: random.Random) -> Interceptor:
        """As the bus takes it."""
        match self.kind:
            case "latency":
                return Latency(rng, self.seconds)
            case "drop":
                return Drop(rng, self.part)
            case "duplicate":
                return Duplicate(self.copies)
            case "reorder":
                return Reorder(self.seconds)


class ResilienceSettings(PluginConfig):
    """Drills that may be made while the product runs."""

    enabled: bool | None = Field(
        default=None,
        description="False: nobody can switch a scenario on. Absent: as the feature `drills` is.",
    )
    scenarios: dict[Slug, Scenario] = Field(default_factory=dict, description="By name.")
    drill_every_s: float = Field(
        default=86_400.0,
        ge=1.0,
        description="Between two drills of taking settings back (`config.rollback` tells of each).",
    )


@dataclass(slots=True)
class _Episode:
    """A scenario while it is on; counts what it does."""

    name: str
    scenario: Scenario
    meddle: Interceptor
    undo: Undo = lambda: None
    timer: asyncio.Task[None] | None = None
    seen: int = 0
    lost: int = 0
    delayed: int = 0
    added: int = 0

    def __call__(self, topic: str, payload: Payload) -> Sequence[float]:
        if topic.startswith(UNTOUCHED):
            return (0.0,)
        delays = self.meddle(topic, payload)
        self.seen += 1
        self.lost += not delays
        self.delayed += any(delay > 0.0 for delay in delays)
        self.added += max(0, len(delays) - 1)
        return delays


class ResilienceTester:
    """Implements `Module` and `Answering`."""

    def __init__(self, bus: EventBus, clock: Clock, rng: random.Random) -> None:
        self._bus = bus
        self._clock = clock
        self._rng = rng
        self._settings = ResilienceSettings()
        self._on: dict[str, _Episode] = {}
        self._known: Recent[UUID] = Recent(REMEMBERED)
        self._deaf: Undo = lambda: None

    async def configure(self, settings: Mapping[str, Any]) -> None:
        try:
            wanted = ResilienceSettings.model_validate(dict(settings))
        except ValidationError as error:
            raise InvalidConfig(str(error)) from error
        for name, episode in list(self._on.items()):
            if not wanted.enabled or wanted.scenarios.get(name) != episode.scenario:
                self._switch_off(name, "its settings have changed")
        self._settings = wanted

    async def start(self) -> None:
        self._deaf = self._bus.subscribe(COMMAND, self._hear, name="resilience")

    async def stop(self) -> None:
        self._deaf()
        for name in list(self._on):
            self._switch_off(name, "the module ends")

    async def health(self) -> Health:
        if not self._on:
            return Health()
        names = ", ".join(sorted(self._on))
        return Health(level=HealthLevel.DEGRADED, detail=f"trouble on purpose: {names}")

    async def handle_request(self, request: ModuleRequest) -> ModuleAnswer:
        """`list`, or `toggle` with `{"scenario": name, "on": true}`."""
        if request.what == "toggle":
            self._toggle(request.arguments, "asked for")
        elif request.what != "list":
            raise InvalidInput(f"{request.what!r} is nothing to ask here; there are: list, toggle")
        found = {
            name: {**scenario.model_dump(), "on": name in self._on}
            for name, scenario in self._settings.scenarios.items()
        }
        result = {"enabled": bool(self._settings.enabled), "scenarios": found}
        return ModuleAnswer(module=request.module, result=result)

    async def _hear(self, topic: str, fact: Payload) -> None:
        """A command; those of others are not ours to judge."""
        if not isinstance(fact, ControlCommand) or fact.command != TOGGLE:
            return
        if self._known.again(fact.id):
            return
        try:
            self._toggle({"scenario": fact.target, **fact.arguments}, fact.actor or "a command")
        except InvalidInput as error:
            notice = ContractNotice(
                at=self._clock.now(),
                kind=ContractKind.REJECTED,
                topic=topic,
                who=fact.actor,
                reason=f"{TOGGLE}: {error}",
            )
            self._bus.publish(CONTRACT, notice)

    def _toggle(self, arguments: Mapping[str, Any], who: str) -> None:
        """Switch a scenario on or off; without `on`, over.

        Raises:
            InvalidInput: it is not known, or drills are not allowed.
        """
        if not self._settings.enabled:
            raise InvalidInput("drills are not allowed; turn the feature on: features.drills")
        name = str(arguments.get("scenario", ""))
        scenario = self._settings.scenarios.get(name)
        if scenario is None:
            there = ", ".join(sorted(self._settings.scenarios)) or "none"
            raise InvalidInput(f"no scenario is called {name!r}; there are: {there}")
        wanted = arguments.get("on", name not in self._on)
        if not isinstance(wanted, bool):
            raise InvalidInput(f"`on` is true or false, not {wanted!r}")
        if wanted and name not in self._on:
            self._switch_on(name, scenario, who)
        elif not wanted and name in self._on:
            self._switch_off(name, who)

    def _switch_on(self, name: str, scenario: Scenario, who: str) -> None:
        episode = _Episode(name, scenario, scenario.interceptor(self._rng))
        episode.undo = self._bus.intercept(scenario.topics, episode)
        episode.timer = asyncio.get_running_loop().create_task(self._time(episode))
        self._on[name] = episode
        self._tell(episode, "on", who)

    def _switch_off(self, name: str, why: str) -> None:
        episode = self._on.pop(name)
        episode.undo()
        if episode.timer is not None:
            episode.timer.cancel()
        self._tell(episode, "off", why)

    async def _time(self, episode: _Episode) -> None:
        await self._clock.sleep(episode.scenario.for_s)
        episode.timer = None
        self._switch_off(episode.name, "its time is over")

    def _tell(self, episode: _Episode, action: str, why: str) -> None:
        event = ResilienceEvent(
            at=self._clock.now(),
            scenario=episode.name,
            action=action,
            reason=why,
            kind=episode.scenario.kind,
            topics=episode.scenario.topics,
            seen=episode.seen,
            lost=episode.lost,
            delayed=episode.delayed,
            added=episode.added,
        )
        self._bus.publish(RESILIENCE, event)
