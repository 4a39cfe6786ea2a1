"""The parts of a running product as modules, put together once store and cameras can be had."""

import asyncio
import random
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from fastapi import FastAPI

from vedette import __version__
from vedette.api.context import ApiContext, CameraCard
from vedette.api.server import create_app
from vedette.app.accuracy_metrics import AccuracyMetrics
from vedette.app.basement import Basement
from vedette.app.board import Board
from vedette.app.cameras import Cameras
from vedette.app.door import Door, address_of
from vedette.app.exposition import Exposition, MachineMetrics
from vedette.app.extra_modules import extra_plans
from vedette.app.loop_module import Loop, LoopModule
from vedette.app.metrics import Figures, ProductMetrics
from vedette.app.module_metrics import ModuleMetrics
from vedette.app.module_plan import ModuleLimits, ModulePlan
from vedette.app.notices import build_notifier
from vedette.app.orchestrator import Orchestrator, OrchestratorLimits
from vedette.app.service_manager import ServiceManager
from vedette.contracts.bus import Handler
from vedette.contracts.facts import CameraState, CameraStatus
from vedette.contracts.health import Criticality, Health, HealthLevel
from vedette.contracts.module import Stage
from vedette.contracts.payload import Payload
from vedette.contracts.status import ProductReport
from vedette.services.accuracy import Accuracy
from vedette.services.bus_reporter import BusReporter
from vedette.services.health_keeper import HealthKeeper
from vedette.services.health_reporter import HealthReporter
from vedette.services.janitor import Janitor
from vedette.services.local_jobs import LocalJobs
from vedette.services.notifier import Notifier
from vedette.services.playback import Player
from vedette.services.resilience import ResilienceTester
from vedette.services.retention import Retention
from vedette.store.scope import SiteScope

TELL_S = 10.0
"""At the end, facts may take this long to reach their listeners; the rest is told next time."""
CAMERAS_S = 120.0
"""Cameras may take this long to finish their events and clips, and workers to hand theirs over."""

SEEN = {CameraState.ONLINE, CameraState.DEGRADED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Somebody in this process who wants facts (the terminal of `vedette demo`)."""

    pattern: str
    handler: Handler


class House:
    """Everything that runs. The orchestrator has it begin and end in order."""

    def __init__(
        self,
        base: Basement,
        cameras: Cameras,
        scope: SiteScope,
        listener: socket.socket,
        *,
        stopping: Callable[[], bool],
    ) -> None:
        """Take what it needs.

        Args:
            listener: where the HTTP door opens.
            stopping: true as soon as the product is to end.
        """
        self.base = base
        self.cameras = cameras
        self._scope = scope
        self._listener = listener
        self._stopping = stopping
        settings, clock = base.settings, base.clock
        self.notifier: Notifier = build_notifier(
            settings, base.store, base.blobs, base.relay, clock
        )
        self.janitor = Janitor(
            base.store,
            base.blobs,
            keep=Retention(
                max_bytes=round(settings.retention.max_gb * 1000**3),
                max_age=timedelta(days=settings.retention.max_days),
            ),
            bus=base.bus,
            clock=clock,
            every_s=settings.retention.check_every_s,
            shelf=base.shelf(),
        )
        base.recordings.full = self.janitor.wake
        exports_age = timedelta(days=settings.retention.exports_days)
        self.janitor.chore = lambda now: base.exports.tidy(now, exports_age)
        self.board = Board(
            cameras.stats,
            names={camera.id: camera.title for camera in settings.cameras},
            worker_of=cameras.worker_of,
            clock=clock,
        )
        chance = random.Random()  # noqa: S311 - jitter, not a secret
        self.jobs = LocalJobs(
            base.store,
            {kind.name: kind for kind in (base.exports.kind(),)},
            clock,
            rng=chance,
        )
        self.accuracy = Accuracy(base.store, clock)
        self.reporter = BusReporter(base.bus, clock, every_s=settings.bus.status_every_s)
        self.began = clock.now()
        self._chance = chance
        self._manager = ServiceManager(clock)
        self.modules = Orchestrator(
            [*self._plans(), *extra_plans(settings, base.bus, clock)],
            bus=base.bus,
            clock=clock,
            rng=chance,
            limits=OrchestratorLimits(look_every_s=settings.health.every_s),
            reporters=(
                HealthReporter(base.bus).report,
                HealthKeeper(base.store).keep,
                self._manager.report,
            ),
        )

    async def live(
        self, listeners: Sequence[Listener], stop: asyncio.Event, started: Callable[[], None]
    ) -> None:
        """Run every module until `stop`, then end them in the order in which work flows.

        Raises:
            VedetteError: a module without which the product is of no use says why it cannot be.
        """
        self._subscribe(listeners)
        await self.modules.start()
        try:
            started()
            self._manager.ready(address_of(self._listener))
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(self.modules.run())
                await stop.wait()
                watching.cancel()
        finally:
            self._manager.stopping()
            await self.modules.stop()

    def _plans(self) -> list[ModulePlan]:
        """What runs, in what stage of the end it ends, and what it needs until then."""
        base, critical = self.base, Criticality.CRITICAL
        loops = (
            Loop(
                name="bus",
                stage=Stage.BUS,
                run=base.bus.run,
                close=base.bus.close,
                criticality=critical,
            ),
            Loop(name="service-manager", stage=Stage.STATUS, run=self._manager.run),
            Loop(name="board", stage=Stage.STATUS, run=self.board.run),
            Loop(name="bus-reporter", stage=Stage.STATUS, run=self.reporter.run),
            Loop(name="accuracy", stage=Stage.STATUS, run=self.accuracy.run),
            Loop(name="janitor", stage=Stage.STORAGE, run=self.janitor.run),
            Loop(
                name="notifier",
                stage=Stage.OUTPUTS,
                run=self.notifier.run,
                close=self.notifier.stop,
                criticality=Criticality.HIGH,
            ),
            Loop(
                name="relay",
                stage=Stage.OUTPUTS,
                run=base.relay.run,
                close=base.relay.close,
                criticality=critical,
                after=("notifier",),
                limits=ModuleLimits(stop_s=TELL_S),
            ),
            Loop(
                name="event-writer",
                stage=Stage.EVENTS,
                run=base.writer.run,
                close=base.writer.close,
                criticality=critical,
                health=self._writer_health,
            ),
            Loop(
                name="recordings",
                stage=Stage.EVENTS,
                run=base.recordings.run,
                close=base.recordings.close,
                criticality=critical,
                after=("event-writer",),
            ),
            Loop(name="jobs", stage=Stage.PROCESSING, run=self.jobs.run, close=self.jobs.close),
            Loop(
                name="cameras",
                stage=Stage.INPUTS,
                run=self.cameras.run,
                close=self.cameras.close,
                criticality=critical,
                health=self.cameras.health,
                limits=ModuleLimits(stop_s=CAMERAS_S),
            ),
        )
        door = ModulePlan(
            name="door",
            build=self._door,
            stage=Stage.DASHBOARD,
            criticality=Criticality.HIGH,
            renewable=False,
            limits=ModuleLimits(stop_s=10.0),
        )
        resilience = ModulePlan(
            name="resilience",
            build=lambda: ResilienceTester(base.bus, base.clock, self._chance),
            stage=Stage.PROCESSING,
            criticality=Criticality.LOW,
            settings=base.settings.resilience.model_dump(),
        )
        return [*(loop.plan(self._wake) for loop in loops), door, resilience]

    def _wake(self) -> None:
        self.modules.wake()

    def _door(self) -> LoopModule:
        """The HTTP door; each life has a copy of the listener, because it closes it."""
        door = Door(self._app(), self._listener.dup())

        async def close() -> None:
            door.close()

        return LoopModule(
            "door", door.run_until_closed, end=close, ready=door.opened.wait, ended=self._wake
        )

    def _subscribe(self, listeners: Sequence[Listener]) -> None:
        async def remember(topic: str, fact: Payload) -> None:
            del topic
            if isinstance(fact, CameraStatus):
                seen = fact.at if fact.state in SEEN else None
                async with self.base.store.write() as unit:
                    cameras = unit.cameras(self._scope)
                    await cameras.seen(fact.camera_id, fact.state.value, seen)

        bus = self.base.bus
        bus.subscribe("camera.*.status", remember, name="places")
        bus.subscribe("event.opened", self.notifier.handle, name="notifier")
        bus.subscribe("event.opened", self.accuracy.handle, name="accuracy")
        for number, each in enumerate(listeners, start=1):
            bus.subscribe(each.pattern, each.handler, name=f"listener-{number}")

    def _app(self) -> FastAPI:
        """The HTTP door's application."""
        disks = {"events": self.base.blobs.root, "recordings": self.base.tapes.root}
        product = ProductMetrics(
            cameras=self.cameras.stats,
            reports=self.board.reports,
            detectors=self.cameras.detectors,
            figures=self._figures,
            gauges=self._gauges,
            bus=self.reporter.status,
            channels=self.notifier.stats,
        )
        others = (
            ModuleMetrics(lambda: self.modules.summary.modules),
            AccuracyMetrics(self.accuracy),
            MachineMetrics(disks),
        )
        return create_app(
            ApiContext(
                store=self.base.store,
                scope=self._scope,
                artifact_path=self.base.blobs.local_path,
                pictures=self.cameras.pictures,
                cameras=self._cards,
                modules=self.modules,
                metrics=Exposition(product, *others).text,
                report=self._report,
                exchange=self.cameras.exchange,
                films=Player(self.base.store, self.base.tapes),
                jobs=self.jobs,
                job_file=self.base.exports.file,
                streams=lambda: self.cameras.streams,
                clock=self.base.clock,
                stopping=self._stopping,
                file_names=self.base.settings.file_names,
            )
        )

    def _cards(self) -> list[CameraCard]:
        stats = self.cameras.stats()
        return [
            CameraCard(
                id=camera.id,
                name=camera.title,
                state=stats[camera.id].state.value,
                detail=stats[camera.id].detail,
                fps=camera.detect.fps,
            )
            for camera in self.base.settings.cameras
            if camera.id in stats
        ]

    def _writer_health(self) -> Health:
        problem, waiting = self.base.writer.problem, self.base.writer.waiting
        figures = {"waiting": float(waiting)}
        if problem:
            told = f"events wait to be stored: {problem}"
            return Health(level=HealthLevel.UNHEALTHY, detail=told, figures=figures)
        return Health(detail=f"{waiting} waiting", figures=figures)

    async def _report(self) -> ProductReport:
        """What `vedette status` shows."""
        summary = await self.modules.look()
        amiss = [each for each in summary.modules if each.level is not HealthLevel.HEALTHY]
        return ProductReport(
            version=__version__,
            at=self.base.clock.now(),
            started_at=self.began,
            ready=summary.ready,
            checks={each.name: each.detail for each in amiss},
            cameras=self.board.reports(),
            workers=self.cameras.workers(),
            detectors=self.cameras.detectors(),
            modules=tuple(each.model_copy(update={"parts": ()}) for each in summary.modules),
        )

    def _figures(self) -> Figures:
        writer = self.base.writer.counts
        return {
            "events_stored": writer.stored,
            "events_failed": writer.failed,
            "media_failed": writer.media_failed,
            "segments_stored": self.base.recordings.counts.segments,
            "recording_rows_failed": self.base.recordings.counts.failed,
            "facts_told": self.base.relay.told,
            **self.cameras.figures(),
        }

    def _gauges(self) -> Figures:
        return {
            "event_writer_waiting": self.base.writer.waiting,
            "recording_rows_waiting": self.base.recordings.waiting,
            "loop_lag_seconds": self.board.loop_lag_s,
            **{f"jobs_{state.value}": count for state, count in self.jobs.counts.items()},
            **self.cameras.gauges(),
        }
