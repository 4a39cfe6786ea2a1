"""The running product in one process: store, services, cameras and the HTTP door, in order."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from vedette import __version__
from vedette.api.context import ApiContext, CameraCard, Check
from vedette.api.server import create_app
from vedette.app.board import Board
from vedette.app.build import Surroundings, build_camera
from vedette.app.detectors import build_detector
from vedette.app.door import Door, address_of, listen
from vedette.app.folder import DataFolder
from vedette.app.metrics import Figures, ProductMetrics
from vedette.app.notices import build_notifier
from vedette.app.settings import Settings
from vedette.blobs.local import LocalBlobs
from vedette.bus.memory import MemoryBus
from vedette.contracts.bus import Handler
from vedette.contracts.facts import CameraState, CameraStatus
from vedette.contracts.payload import Payload
from vedette.contracts.status import DetectorReport, ProductReport
from vedette.detect.server import DetectorServer
from vedette.kit.clock import Clock
from vedette.models.fetch import Progress, silent
from vedette.pipeline.desk import MediaDesk
from vedette.pipeline.fleet import Fleet
from vedette.pipeline.stats import CameraStats
from vedette.services.event_writer import EventWriter
from vedette.services.finish_clip import finish_part
from vedette.services.janitor import Janitor, Retention
from vedette.services.notifier import Notifier
from vedette.services.relay import Relay
from vedette.services.repair import Repair
from vedette.store.places import Camera, Site
from vedette.store.scope import SiteScope
from vedette.store.store import Store

log = logging.getLogger(__name__)

TELL_S = 10.0
"""At the end, facts may take this long to reach their listeners; the rest is told next time."""

UNWELL = {CameraState.FAILED}
AWAY = {CameraState.LOST, CameraState.RETRYING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Somebody in this process who wants facts (the terminal of `vedette demo`)."""

    pattern: str
    handler: Handler


class Runtime:
    """One product. `run` returns when `stop` was called, or when a part failed for good."""

    def __init__(
        self,
        settings: Settings,
        data: Path,
        clock: Clock,
        *,
        listeners: Sequence[Listener] = (),
        progress: Progress = silent,
        started: Callable[[str], None] = lambda address: None,
    ) -> None:
        """Take what it needs; nothing is opened yet.

        Args:
            started: told the address of the page once requests are answered.
        """
        self._settings = settings
        self._folder = DataFolder(root=data)
        self._clock = clock
        self._listeners = tuple(listeners)
        self._progress = progress
        self._started = started
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """End `run`, closing open events and clips in order. Call it in the loop."""
        self._stop.set()

    async def run(self) -> None:
        """Start everything, wait for `stop`, and close everything.

        Raises:
            StorageFailed: the data folder or the store cannot be used.
            ModelUnavailable, InvalidConfig: see `build_detector` and `build_camera`.
        """
        async with AsyncExitStack() as stack:
            stack.enter_context(self._folder.held())
            listener = listen(self._settings.api.host, self._settings.api.port)
            stack.callback(listener.close)
            store = await Store.open(self._folder.database, self._clock)
            stack.push_async_callback(store.close)
            scope = await self._take_over_places(store)
            blobs = LocalBlobs(self._folder.artifacts)
            repair = Repair(store, blobs, parts=self._folder.parts, finish_clip=finish_part)
            await repair.run()
            detector = await asyncio.to_thread(
                build_detector, self._settings.detector, self._clock, self._progress
            )
            stack.callback(detector.close)
            if self._stop.is_set():  # asked to stop while the model was loading
                return
            house = _House(self._settings, self._folder, self._clock, store, blobs, detector)
            await house.live(
                scope,
                Door(house.app(scope, self._stop.is_set), listener),
                self._listeners,
                self._stop,
                lambda: self._open_for_all(address_of(listener)),
            )

    def _open_for_all(self, address: str) -> None:
        self._folder.note_address(address)
        self._started(address)

    async def _take_over_places(self, store: Store) -> SiteScope:
        settings = self._settings
        scope = SiteScope(site.id for site in settings.sites)
        async with store.write() as unit:
            await unit.sites(scope).save(
                [Site(id=s.id, name=s.name or s.id, enabled=s.enabled) for s in settings.sites]
            )
            await unit.cameras(scope).save(
                [Camera(id=c.id, site_id=c.site, name=c.title) for c in settings.cameras]
            )
        return scope


class _House:
    """The parts of a running product, once store and detector are there."""

    def __init__(
        self,
        settings: Settings,
        folder: DataFolder,
        clock: Clock,
        store: Store,
        blobs: LocalBlobs,
        detector: DetectorServer,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.store = store
        self.blobs = blobs
        self.detector = detector
        self.bus = MemoryBus(clock=clock)
        self.relay = Relay(store, self.bus, clock=clock)
        self.writer = EventWriter(
            store,
            blobs,
            sites={camera.id: camera.site for camera in settings.cameras},
            bus=self.bus,
            clock=clock,
            stored=self.relay.wake,
        )
        self.notifier: Notifier = build_notifier(settings, store, blobs, self.relay, clock)
        self.janitor = Janitor(
            store,
            blobs,
            keep=Retention(
                max_bytes=round(settings.retention.max_gb * 1000**3),
                max_age=timedelta(days=settings.retention.max_days),
            ),
            bus=self.bus,
            clock=clock,
            every_s=settings.retention.check_every_s,
        )
        self.desk = MediaDesk()
        around = Surroundings(
            clock=clock,
            bus=self.bus,
            sink=self.writer,
            detector=detector,
            work=self.desk.submit,
            parts=folder.parts,
        )
        self.fleet = Fleet([build_camera(c, around) for c in settings.cameras], clock)
        self.board = Board(
            self._stats,
            names={camera.id: camera.title for camera in settings.cameras},
            clock=clock,
        )
        self.began = clock.now()

    async def live(
        self,
        scope: SiteScope,
        door: Door,
        listeners: Sequence[Listener],
        stop: asyncio.Event,
        started: Callable[[], None],
    ) -> None:
        """Run every part until `stop`, then end them in the order in which work flows."""
        self._subscribe(scope, listeners)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.bus.run())
            telling = tasks.create_task(self.relay.run())
            tasks.create_task(self.writer.run())
            tasks.create_task(self.notifier.run())
            at_leisure = [tasks.create_task(part.run()) for part in (self.janitor, self.board)]
            tasks.create_task(door.run_until_closed())
            await door.opened.wait()
            started()
            self.fleet.start()
            try:
                await stop.wait()
            finally:
                for task in at_leisure:
                    task.cancel()
                await self._end(door, telling)

    async def _end(self, door: Door, telling: asyncio.Task[None]) -> None:
        """Cameras first, then what they still have to say, then those who listen."""
        late = await asyncio.to_thread(self.fleet.stop)
        if late:
            log.warning("%s did not finish in time", ", ".join(late))
        await asyncio.to_thread(self.desk.close)
        await self.writer.close()
        self.relay.close()
        await asyncio.wait([telling], timeout=TELL_S)
        await self.notifier.stop()
        door.close()
        self.bus.close()

    def _subscribe(self, scope: SiteScope, listeners: Sequence[Listener]) -> None:
        async def remember(topic: str, fact: Payload) -> None:
            del topic
            if isinstance(fact, CameraStatus):
                seen = fact.at if fact.state is CameraState.ONLINE else None
                async with self.store.write() as unit:
                    await unit.cameras(scope).seen(fact.camera_id, fact.state.value, seen)

        self.bus.subscribe("camera.*.status", remember, name="places")
        self.bus.subscribe("event.opened", self.notifier.handle, name="notifier")
        for number, each in enumerate(listeners, start=1):
            self.bus.subscribe(each.pattern, each.handler, name=f"listener-{number}")

    def app(self, scope: SiteScope, stopping: Callable[[], bool]) -> FastAPI:
        """The HTTP door's application."""
        pipelines = self.fleet.pipelines
        metrics = ProductMetrics(
            cameras=self._stats,
            reports=self.board.reports,
            figures=self._figures,
            gauges=self._gauges,
            bus=self.bus.stats,
        )
        return create_app(
            ApiContext(
                store=self.store,
                scope=scope,
                artifact_path=self.blobs.local_path,
                pictures={name: pipeline.live for name, pipeline in pipelines.items()},
                cameras=self._cards,
                checks=self._checks,
                metrics=metrics.text,
                report=self._report,
                clock=self.clock,
                stopping=stopping,
            )
        )

    def _stats(self) -> dict[str, CameraStats]:
        return {name: pipeline.stats for name, pipeline in self.fleet.pipelines.items()}

    def _cards(self) -> list[CameraCard]:
        return [
            CameraCard(
                id=camera.id,
                name=camera.title,
                state=self.fleet.pipelines[camera.id].stats.state.value,
                detail=self.fleet.pipelines[camera.id].stats.detail,
                fps=camera.detect.fps,
            )
            for camera in self.settings.cameras
        ]

    def _checks(self) -> list[Check]:
        return [
            self._check_cameras(),
            Check(name="event writer", ok=True, detail=f"{self.writer.waiting} waiting"),
        ]

    def _report(self) -> ProductReport:
        """What `vedette status` shows."""
        checks, server = self._checks(), self.detector.counters()
        return ProductReport(
            version=__version__,
            at=self.clock.now(),
            started_at=self.began,
            ready=all(check.ok for check in checks),
            checks={check.name: check.detail for check in checks if not check.ok},
            cameras=self.board.reports(),
            detectors=(
                DetectorReport(
                    frames=server.answered, failed=server.failed, waiting=server.waiting
                ),
            ),
        )

    def _check_cameras(self) -> Check:
        """Unready where a source can never be used; a camera that is away is only named.

        A restart does not bring a camera back, and the others must go on.
        """
        states = {p.camera_id: p.stats.state for p in self.fleet.pipelines.values()}
        failed = [name for name, state in states.items() if state in UNWELL]
        away = [name for name, state in states.items() if state in AWAY]
        parts = [
            f"{words}: {', '.join(names)}"
            for words, names in (("cannot be used", failed), ("away", away))
            if names
        ]
        return Check(name="cameras", ok=not failed, detail="; ".join(parts))

    def _figures(self) -> Figures:
        writer, server = self.writer.counts, self.detector.counters()
        return {
            "events_stored": writer.stored,
            "events_failed": writer.failed,
            "media_failed": writer.media_failed,
            "facts_told": self.relay.told,
            "detector_frames": server.answered,
            "detector_failed": server.failed,
            "detector_busy_seconds": server.busy_s,
            "media_jobs": self.desk.done,
        }

    def _gauges(self) -> Figures:
        return {
            "event_writer_waiting": self.writer.waiting,
            "media_desk_waiting": self.desk.waiting,
            "detector_waiting": self.detector.counters().waiting,
            "cameras_watching": self.fleet.watching,
        }
