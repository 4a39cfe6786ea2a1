"""Counts events by camera, and answers how many there were: a module with a life of its own."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from vedette.bus.port import EventBus, Undo
from vedette.contracts.errors import InvalidConfig, InvalidInput
from vedette.contracts.event import Event
from vedette.contracts.health import Health
from vedette.contracts.module import ModuleAnswer, ModuleRequest, Stage
from vedette.contracts.payload import Payload
from vedette.kit.clock import Clock
from vedette.plugins.registry import PluginConfig


class TallyConfig(PluginConfig):
    """Settings of `{type: tally, cameras: [...]}`."""

    cameras: tuple[str, ...] = Field(default=(), description="Only these; all where empty.")


class TallyModule:
    """Ask it `count`."""

    Config = TallyConfig
    stage = Stage.STATUS

    def __init__(self, *, name: str, bus: EventBus, clock: Clock) -> None:
        del clock
        self._name = name
        self._bus = bus
        self._config = TallyConfig()
        self._seen: set[str] = set()
        self._counts: Counter[str] = Counter()
        self._deaf: Undo = lambda: None

    async def configure(self, settings: Mapping[str, Any]) -> None:
        try:
            self._config = TallyConfig.model_validate(dict(settings))
        except ValidationError as error:
            raise InvalidConfig(str(error)) from error

    async def start(self) -> None:
        self._deaf = self._bus.subscribe("event.opened", self._hear, name=self._name)

    async def stop(self) -> None:
        self._deaf()

    async def health(self) -> Health:
        return Health(figures={"events": float(self._counts.total())})

    async def handle_request(self, request: ModuleRequest) -> ModuleAnswer:
        """`count`: events by camera.

        Raises:
            InvalidInput: anything else.
        """
        if request.what != "count":
            raise InvalidInput(f"{request.what!r} is nothing to ask the tally; ask it: count")
        return ModuleAnswer(module=request.module, result=dict(self._counts))

    async def _hear(self, topic: str, fact: Payload) -> None:
        """An event; it may be told again, and counts once."""
        if not isinstance(fact, Event) or str(fact.id) in self._seen:
            return
        if not self._config.cameras or fact.camera_id in self._config.cameras:
            self._seen.add(str(fact.id))
            self._counts[fact.camera_id] += 1
