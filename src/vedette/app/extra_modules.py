"""Modules of other packages, as the settings name them (`modules:`)."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from pydantic import ConfigDict, Field

from vedette.app.camera_settings import ModuleSettings, Part
from vedette.app.module_plan import ModulePlan
from vedette.app.settings import Settings
from vedette.bus.port import EventBus
from vedette.contracts.health import Criticality
from vedette.contracts.module import Stage
from vedette.contracts.payload import Slug
from vedette.kit.clock import Clock
from vedette.plugins.registry import load


class ModuleEntry(Part):
    """What every entry of `modules:` has; the rest is the plug-in's own."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str
    id: Slug | None = Field(default=None, description="Its name; that of its type where absent.")
    criticality: Criticality = Criticality.LOW

    @property
    def name(self) -> str:
        return self.id or self.type

    @property
    def own(self) -> dict[str, Any]:
        """The settings of the plug-in itself."""
        return dict(self.model_extra or {})


def entry_of(settings: ModuleSettings) -> ModuleEntry:
    """An entry, read.

    Raises:
        pydantic.ValidationError: it makes no sense.
    """
    return ModuleEntry.model_validate(settings)


def extra_plans(settings: Settings, bus: EventBus, clock: Clock) -> Iterator[ModulePlan]:
    """A plan for each entry of `modules:`.

    Raises:
        UnknownPlugin: see `load`.
    """
    for each in settings.modules:
        entry = entry_of(each)
        plugin = load("module", entry.type)
        yield ModulePlan(
            name=entry.name,
            build=partial(plugin, name=entry.name, bus=bus, clock=clock),
            stage=getattr(plugin, "stage", Stage.PROCESSING),
            criticality=entry.criticality,
            settings=entry.own,
        )
