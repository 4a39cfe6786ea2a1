"""The parts of a running product as modules, put together once store and cameras can be had."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi import FastAPI

from vedette import __version__
from vedette.api.context import ApiContext, CameraCard
from vedette.api.server import create_app
from vedette.app.accuracy_metrics import AccuracyMetrics
from vedette.app.basement import Basement
from vedette.app.cameras import Cameras
from vedette.app.commands import OF_MODULES, commands_of
from vedette.app.door import Door, address_of
from vedette.app.exposition import Exposition, MachineMetrics
from vedette.app.extra_modules import extra_plans
from vedette.app.gateway import build_gateway, door_plan
from vedette.app.gpu_metrics import GpuMetrics, NvmlProbe
from vedette.app.latency_metrics import ModuleLatency, StageMetrics
from vedette.app.live_settings import LiveSettings
from vedette.app.loop_module import LoopModule
from vedette.app.memory_metrics import MemoryMetrics
from vedette.app.metrics import Figures, ProductMetrics
from vedette.app.module_metrics import ModuleMetrics
from vedette.app.module_plan import ModulePlan
from vedette.app.orchestrator import Orchestrator, OrchestratorLimits
from vedette.app.own_modules import own_plans
from vedette.app.parts import Parts
from vedette.app.takers import takers_of
from vedette.contracts.bus import Handler
from vedette.contracts.facts import CameraState, CameraStatus
from vedette.contracts.health import HealthLevel, HealthSummary
from vedette.contracts.payload import Payload
from vedette.contracts.status import ProductReport
from vedette.services.commands import CommandDesk
from vedette.services.health_keeper import HealthKeeper
from vedette.services.health_reporter import HealthReporter
from vedette.services.playback import Player
from vedette.services.reasons import StoreReasons
from vedette.store.scope import SiteScope

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
        live: LiveSettings | None,
        stopping: Callable[[], bool],
        gateway: socket.socket | None = None,
    ) -> None:
        """Take what it needs.

        Args:
            listener: where the HTTP door opens.
            gateway: where the notification gateway opens, where there is to be one.
            live: the settings, where they can be changed.
            stopping: true as soon as the product is to end.
        """
        self.base = base
        self.cameras = cameras
        self._scope = scope
        self._listener = listener
        self._stopping = stopping
        self.parts = parts = Parts(base, cameras, live)
        self._latency = ModuleLatency(base.bus)
        settings, clock = base.settings, base.clock
        self._expose = self._exposition().text
        plans = [*own_plans(parts, self.door, self.wake), *self._gateway(gateway)]
        self.modules = Orchestrator(
            [*plans, *extra_plans(settings, base.bus, clock)],
            bus=base.bus,
            clock=clock,
            rng=parts.chance,
            limits=OrchestratorLimits(look_every_s=settings.health.every_s),
            reporters=(
                HealthReporter(base.bus).report,
                HealthKeeper(base.store).keep,
                parts.manager.report,
            ),
        )
        if live is not None:
            live.bus, live.takers = base.bus, takers_of(parts, self.modules)

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
            self.parts.manager.ready(address_of(self._listener))
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(self.modules.run())
                await stop.wait()
                watching.cancel()
        finally:
            self.parts.manager.stopping()
            await self.modules.stop()

    def wake(self) -> None:
        self.modules.wake()

    def door(self) -> LoopModule:
        """The HTTP door; each life has a copy of the listener, because it closes it."""
        door = Door(self._app(), self._listener.dup())

        async def close() -> None:
            door.close()

        return LoopModule(
            "door", door.run_until_closed, end=close, ready=door.opened.wait, ended=self.wake
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
        bus.subscribe("event.opened", self.parts.alert, name="notifier")
        bus.subscribe("event.media.ready", self.parts.alert, name="follow-ups")
        bus.subscribe("event.opened", self.parts.accuracy.handle, name="accuracy")
        self.parts.home.subscribe()
        commands = commands_of(self.modules, self.parts.live_settings)
        CommandDesk(bus, self.base.clock, commands, others=OF_MODULES).open()
        for number, each in enumerate(listeners, start=1):
            bus.subscribe(each.pattern, each.handler, name=f"listener-{number}")

    def _gateway(self, listener: socket.socket | None) -> list[ModulePlan]:
        settings = self.base.settings.notify.gateway
        if settings is None or listener is None:
            return []
        gateway = build_gateway(self.base, settings, lambda: self.parts.notifier)
        health = self._look
        return [door_plan(gateway, settings, listener, health, self._expose, self.wake)]

    async def _look(self) -> HealthSummary:
        return await self.modules.look()

    def _exposition(self) -> Exposition:
        """All figures of this process."""
        disks = {"events": self.base.blobs.root, "recordings": self.base.tapes.root}
        product = ProductMetrics(
            cameras=self.cameras.stats,
            reports=self.parts.board.reports,
            detectors=self.cameras.detectors,
            figures=self._figures,
            gauges=self._gauges,
            bus=self.parts.reporter.status,
            channels=self.parts.channels,
        )
        others = (
            ModuleMetrics(lambda: self.modules.summary.modules),
            AccuracyMetrics(self.parts.accuracy),
            StageMetrics(self.cameras.stages),
            self._latency,
            MachineMetrics(disks),
            GpuMetrics(NvmlProbe()),
            MemoryMetrics(self.cameras.heaps),
        )
        return Exposition(product, *others)

    def _app(self) -> FastAPI:
        """The HTTP door's application."""
        return create_app(
            ApiContext(
                store=self.base.store,
                scope=self._scope,
                artifact_path=self.base.blobs.local_path,
                pictures=self.cameras.pictures,
                cameras=self._cards,
                modules=self.modules,
                settings=self.parts.live_settings,
                metrics=self._expose,
                report=self._report,
                exchange=self.cameras.exchange,
                films=Player(self.base.store, self.base.tapes),
                jobs=self.parts.jobs,
                post=self.parts.post,
                alerts=self.parts.alerts,
                advice=self.parts.suggester,
                job_file=self.base.exports.file,
                streams=lambda: self.cameras.streams,
                clock=self.base.clock,
                links=self.base.signer,
                reasons=StoreReasons(self.base.store, Player(self.base.store, self.base.tapes)),
                inbox=self.base.inbox,
                browsers=self.base.browsers,
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

    async def _report(self) -> ProductReport:
        """What `vedette status` shows."""
        summary = await self.modules.look()
        amiss = [each for each in summary.modules if each.level is not HealthLevel.HEALTHY]
        return ProductReport(
            version=__version__,
            at=self.base.clock.now(),
            started_at=self.parts.began,
            ready=summary.ready,
            checks={each.name: each.detail for each in amiss},
            cameras=self.parts.board.reports(),
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
            "loop_lag_seconds": self.parts.board.loop_lag_s,
            **{f"jobs_{state.value}": count for state, count in self.parts.jobs.counts.items()},
            **self.cameras.gauges(),
        }
