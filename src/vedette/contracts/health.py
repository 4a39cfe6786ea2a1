"""How the modules of the product are: each one's health, and the summary of all."""

from collections.abc import Iterable
from enum import StrEnum

from pydantic import AwareDatetime, Field

from vedette.contracts.payload import Payload, Slug


class HealthLevel(StrEnum):
    """How well something works."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    """It works, not as it should."""
    UNHEALTHY = "unhealthy"
    """It does not work."""


class ModuleState(StrEnum):
    """Where a module is in its life."""

    STOPPED = "stopped"
    """Not begun yet, or ended."""
    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    """It failed, and is begun again soon."""
    QUARANTINED = "quarantined"
    """It failed too often; it stays down until somebody releases it."""
    STOPPING = "stopping"


class Criticality(StrEnum):
    """What it means for the product when a module is down."""

    CRITICAL = "critical"
    """The product does not do its work: it is not ready."""
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class PartHealth(Payload):
    """A part of a module: a worker, a camera, a channel."""

    name: str
    level: HealthLevel
    detail: str = ""


class Health(Payload):
    """What a module says of itself."""

    level: HealthLevel = HealthLevel.HEALTHY
    detail: str = ""
    """A sentence, where something is to be said."""
    parts: tuple[PartHealth, ...] = ()
    figures: dict[str, float] = Field(default_factory=dict)


class ModuleHealth(Payload):
    """Topic `module.{name}.health`: a module as the orchestrator sees it."""

    name: Slug
    criticality: Criticality
    state: ModuleState
    level: HealthLevel
    detail: str = ""
    parts: tuple[PartHealth, ...] = ()
    figures: dict[str, float] = Field(default_factory=dict)
    since: AwareDatetime
    """When it came into this state."""
    at: AwareDatetime
    """When it was looked at."""
    failures: int = 0
    """In a row, up to now."""
    restarts: int = 0


class HealthSummary(Payload):
    """Topics `status.health.summary` and `analytics.health.summary`."""

    at: AwareDatetime
    level: HealthLevel
    """Unhealthy where a critical module does not work; degraded where anything else is amiss."""
    ready: bool
    """Every critical module works."""
    modules: tuple[ModuleHealth, ...]


class StatusReport(Payload):
    """Topic `status.report`: the state or the level of a module has changed."""

    at: AwareDatetime
    module: Slug
    state: ModuleState
    level: HealthLevel
    detail: str = ""
    before: ModuleState | None = None


class ShutdownProgress(Payload):
    """Topic `status.shutdown.progress`: a stage of the end has begun or is over."""

    at: AwareDatetime
    stage: str
    index: int = Field(ge=1)
    """Of the stage, from 1."""
    total: int = Field(ge=1)
    """How many stages there are."""
    modules: tuple[Slug, ...]
    """That belong to the stage."""
    stopped: int = Field(ge=0)
    """Modules of all stages that have ended."""
    percent: float = Field(ge=0.0, le=100.0)
    done: bool
    """The stage is over."""
    late: tuple[Slug, ...] = ()
    """Modules of the stage that did not end in time, and were left to themselves."""


_RANK = tuple(HealthLevel)


def worst(levels: Iterable[HealthLevel]) -> HealthLevel:
    """The worst of several; healthy where there are none."""
    return max(levels, key=_RANK.index, default=HealthLevel.HEALTHY)


def summarised(modules: Iterable[ModuleHealth], at: AwareDatetime) -> HealthSummary:
    """All modules in one: what is critical decides whether the product is ready."""
    listed = tuple(modules)
    critical = worst(m.level for m in listed if m.criticality is Criticality.CRITICAL)
    others = worst(m.level for m in listed)
    level = critical
    if critical is not HealthLevel.UNHEALTHY and others is not HealthLevel.HEALTHY:
        level = HealthLevel.DEGRADED
    ready = critical is not HealthLevel.UNHEALTHY
    return HealthSummary(at=at, level=level, ready=ready, modules=listed)
