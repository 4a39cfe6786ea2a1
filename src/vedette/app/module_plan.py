"""Which modules there are to be, and the order in which they begin and end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vedette.contracts.errors import InvalidConfig
from vedette.contracts.health import Criticality
from vedette.contracts.module import Module, Stage

STAGES = tuple(Stage)

OWN_MODULES = (
    "bus",
    "door",
    "service-manager",
    "board",
    "bus-reporter",
    "accuracy",
    "settings",
    "janitor",
    "notifier",
    "mqtt",
    "relay",
    "event-writer",
    "recordings",
    "jobs",
    "resilience",
    "cameras",
)
"""Names of the product's own modules, as they begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleLimits:
    """How long the calls of a module may take, and how often it may fail."""

    configure_s: float = 10.0
    start_s: float = 60.0
    stop_s: float = 30.0
    health_s: float = 2.0
    failures: int = 3
    """In a row; then it is quarantined, unless it is critical."""
    calm_s: float = 60.0
    """Who has run so long without failing has not failed in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModulePlan:
    """One module, as it is to be."""

    name: str
    build: Callable[[], Module]
    """Makes it anew, each time it is begun again."""
    stage: Stage
    after: Sequence[str] = ()
    """Modules that it needs: they begin before it, and end after it."""
    criticality: Criticality = Criticality.MEDIUM
    renewable: bool = True
    """It may be ended and begun again while the product runs."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    limits: ModuleLimits = ModuleLimits()


def starting_order(plans: Sequence[ModulePlan]) -> list[ModulePlan]:
    """The order in which modules begin; they end the other way round.

    By stage, the last one first; within a stage each after those that it needs, else as given.

    Raises:
        InvalidConfig: two have one name, one needs what there is not, needs what ends before it, or
            needs itself by way of others.
    """
    known = {plan.name: plan for plan in plans}
    if len(known) < len(plans):
        names = [plan.name for plan in plans]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidConfig(f"two modules are called {twice!r}; give each its own name")
    for plan in plans:
        for need in plan.after:
            _demand_possible(plan, known.get(need), need, known)
    order: list[ModulePlan] = []
    for stage in reversed(STAGES):
        waiting = [plan for plan in plans if plan.stage is stage]
        while waiting:
            begun = {plan.name for plan in order}
            free = next((plan for plan in waiting if begun.issuperset(plan.after)), None)
            if free is None:
                circle = ", ".join(plan.name for plan in waiting)
                raise InvalidConfig(f"these modules need each other in a circle: {circle}")
            waiting.remove(free)
            order.append(free)
    return order


def _demand_possible(
    plan: ModulePlan, needed: ModulePlan | None, need: str, known: Mapping[str, ModulePlan]
) -> None:
    if needed is None:
        raise InvalidConfig(
            f"the module {plan.name!r} needs {need!r}, which is not among the modules: "
            f"{', '.join(sorted(known))}"
        )
    if STAGES.index(needed.stage) < STAGES.index(plan.stage):
        raise InvalidConfig(
            f"the module {plan.name!r} (stage {plan.stage.value}) needs {need!r}, which belongs to "
            f"the stage {needed.stage.value} and ends before it"
        )
