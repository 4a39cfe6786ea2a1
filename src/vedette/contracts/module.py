"""A module: what has a life of its own in the product, started and ended by the orchestrator.

Pure features (motion, rules, ...) are plug-ins, not modules: they are called, and do not run.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from pydantic import Field

from vedette.contracts.health import Health
from vedette.contracts.payload import Payload, Slug


class Stage(StrEnum):
    """Groups of modules in the order in which they end: first those that bring work, last those
    that carry what is to be said. They start the other way round."""

    INPUTS = "inputs"
    PROCESSING = "processing"
    EVENTS = "events"
    OUTPUTS = "outputs"
    STORAGE = "storage"
    STATUS = "status"
    DASHBOARD = "dashboard"
    BUS = "bus"


class Module(Protocol):
    """What the orchestrator demands of a module. All of it is called from one loop."""

    async def configure(self, settings: Mapping[str, Any]) -> None:
        """Take these settings from now on; the same ones again change nothing.

        Raises:
            InvalidConfig: they cannot be; those from before hold.
        """
        ...

    async def start(self) -> None:
        """Begin to work; returns once it does."""
        ...

    async def stop(self) -> None:
        """Finish what is in hand, and end. Also where it never started; twice is fine."""
        ...

    async def health(self) -> Health:
        """How it is. Quick: who takes too long is taken for unhealthy."""
        ...


class ModuleRequest(Payload):
    """A question to one module: on `module.{name}.request` of the bus, or over HTTP."""

    module: Slug
    what: str = Field(min_length=1, max_length=100)
    arguments: dict[str, Any] = Field(default_factory=dict)


class ModuleAnswer(Payload):
    """What a module answers."""

    module: Slug
    result: dict[str, Any] = Field(default_factory=dict)


@runtime_checkable
class Answering(Protocol):
    """A module that also answers questions."""

    async def handle_request(self, request: ModuleRequest) -> ModuleAnswer:
        """Answer one.

        Raises:
            InvalidInput: it makes no sense to this module.
        """
        ...
