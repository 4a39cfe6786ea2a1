"""The product's own parts as modules: in what stage of the end each ends, and what it needs.

Within a stage `after` says who needs whom; the rest begins as it stands here.
"""

from collections.abc import Callable

from vedette.app.loop_module import Loop
from vedette.app.module_plan import ModuleLimits, ModulePlan
from vedette.app.parts import Parts
from vedette.app.settings_watch import SettingsWatch
from vedette.contracts.health import Criticality
from vedette.contracts.module import Module, Stage
from vedette.services.resilience import ResilienceTester

TELL_S = 10.0
"""At the end, facts may take this long to reach their listeners; the rest is told next time."""
CAMERAS_S = 120.0
"""Cameras may take this long to finish their events and clips, and workers to hand theirs over."""
DOOR_S = 10.0

CRITICAL, HIGH = Criticality.CRITICAL, Criticality.HIGH


def own_plans(
    parts: Parts, door: Callable[[], Module], wake: Callable[[], None]
) -> list[ModulePlan]:
    """All of them.

    Args:
        door: makes the HTTP door.
        wake: told when a loop has ended.
    """
    loops = (*_inputs(parts), *_events(parts), *_outputs(parts), *_status(parts), _bus(parts))
    plans = [loop.plan(wake) for loop in loops]
    return [*plans, _resilience(parts), _door(door)]


def _inputs(parts: Parts) -> tuple[Loop, ...]:
    cameras = Loop(
        name="cameras",
        stage=Stage.INPUTS,
        run=parts.cameras.run,
        close=parts.cameras.close,
        criticality=CRITICAL,
        health=parts.cameras.health,
        limits=ModuleLimits(stop_s=CAMERAS_S),
    )
    jobs = Loop(name="jobs", stage=Stage.PROCESSING, run=parts.jobs.run, close=parts.jobs.close)
    return cameras, jobs


def _resilience(parts: Parts) -> ModulePlan:
    base = parts.base
    return ModulePlan(
        name="resilience",
        build=lambda: ResilienceTester(base.bus, base.clock, parts.chance),
        stage=Stage.PROCESSING,
        criticality=Criticality.LOW,
        settings=base.settings.drills().model_dump(),
    )


def _events(parts: Parts) -> tuple[Loop, ...]:
    """What is stored; recordings end first, because clips of events may need them."""
    writer, recordings = parts.base.writer, parts.base.recordings
    return (
        Loop(
            name="recordings",
            stage=Stage.EVENTS,
            run=recordings.run,
            close=recordings.close,
            criticality=CRITICAL,
            after=("event-writer",),
        ),
        Loop(
            name="event-writer",
            stage=Stage.EVENTS,
            run=writer.run,
            close=writer.close,
            criticality=CRITICAL,
            health=parts.writer_health,
        ),
    )


def _outputs(parts: Parts) -> tuple[Loop, ...]:
    """Who is told; the relay ends first, because it hands events to the notifier."""
    relay = parts.base.relay
    return (
        Loop(
            name="relay",
            stage=Stage.OUTPUTS,
            run=relay.run,
            close=relay.close,
            criticality=CRITICAL,
            after=("notifier", "mqtt"),
            limits=ModuleLimits(stop_s=TELL_S),
        ),
        Loop(
            name="notifier",
            stage=Stage.OUTPUTS,
            run=parts.deliver,
            close=parts.stop_delivering,
            criticality=HIGH,
            health=parts.delivery_health,
        ),
        Loop(
            name="mqtt",
            stage=Stage.OUTPUTS,
            run=parts.home.run,
            close=parts.home.close,
            health=parts.home.health,
        ),
        Loop(name="janitor", stage=Stage.STORAGE, run=parts.janitor.run),
    )


def _status(parts: Parts) -> tuple[Loop, ...]:
    """Who looks after the rest."""
    loops = [
        Loop(name="accuracy", stage=Stage.STATUS, run=parts.accuracy.run),
        Loop(name="bus-reporter", stage=Stage.STATUS, run=parts.reporter.run),
        Loop(name="board", stage=Stage.STATUS, run=parts.board.run),
        Loop(name="service-manager", stage=Stage.STATUS, run=parts.manager.run),
    ]
    if (live := parts.live_settings) is not None:
        watch = SettingsWatch(live, live.file, parts.base.bus, parts.base.clock)
        medium = Criticality.MEDIUM
        loops.append(Loop(name="settings", stage=Stage.STATUS, run=watch.run, criticality=medium))
    return tuple(loops)


def _door(build: Callable[[], Module]) -> ModulePlan:
    return ModulePlan(
        name="door",
        build=build,
        stage=Stage.DASHBOARD,
        criticality=HIGH,
        renewable=False,
        limits=ModuleLimits(stop_s=DOOR_S),
    )


def _bus(parts: Parts) -> Loop:
    bus = parts.base.bus
    return Loop(name="bus", stage=Stage.BUS, run=bus.run, close=bus.close, criticality=CRITICAL)
