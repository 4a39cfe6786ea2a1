"""The parts of a running product, put together once store and cameras can be had."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from fastapi import FastAPI

from vedette import __version__
from vedette.api.context import ApiContext, CameraCard, Check
from vedette.api.server import create_app
from vedette.app.board import Board
from vedette.app.cameras import Cameras
from vedette.app.door import Door
from vedette.app.exports import MOST_EXPORT_S, Exports
from vedette.app.exposition import Exposition, MachineMetrics
from vedette.app.folder import DataFolder
from vedette.app.metrics import Figures, ProductMetrics
from vedette.app.notices import build_notifier
from vedette.app.settings import Settings
from vedette.blobs.local import LocalBlobs
from vedette.bus.checked import CheckedBus
from vedette.bus.port import EventBus
from vedette.contracts.bus import Handler
from vedette.contracts.facts import CameraState, CameraStatus
from vedette.contracts.payload import Payload
from vedette.contracts.status import ProductReport
from vedette.kit.clock import Clock
from vedette.media.segment import mend
from vedette.plugins.registry import build
from vedette.services.bus_reporter import BusReporter
from vedette.services.event_writer import EventWriter
from vedette.services.janitor import Janitor
from vedette.services.local_jobs import LocalJobs
from vedette.services.make_room import Shelf
from vedette.services.notifier import Notifier
from vedette.services.playback import Player
from vedette.services.recordings import RecordingKeeper
from vedette.services.relay import Relay
from vedette.services.repair_recordings import RecordingRepair
from vedette.services.retention import Retention
from vedette.store.scope import SiteScope
from vedette.store.store import Store

TELL_S = 10.0
"""At the end, facts may take this long to reach their listeners; the rest is told next time."""

UNWELL = {CameraState.FAILED}
AWAY = {CameraState.LOST, CameraState.RETRYING, CameraState.DEGRADED}
SEEN = {CameraState.ONLINE, CameraState.DEGRADED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Somebody in this process who wants facts (the terminal of `vedette demo`)."""

    pattern: str
    handler: Handler


class Basement:
    """What cameras need of the product: a place for events, and a bus."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        blobs: LocalBlobs,
        folder: DataFolder,
        clock: Clock,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.store = store
        self.blobs = blobs
        adapter: EventBus = build(
            "bus", settings.bus.adapter, clock=clock, limits=settings.bus.limits()
        )
        self.bus = CheckedBus(adapter, clock)
        self.relay = Relay(store, self.bus, clock=clock)
        self.writer = EventWriter(
            store,
            blobs,
            sites={camera.id: camera.site for camera in settings.cameras},
            bus=self.bus,
            clock=clock,
            stored=self.relay.wake,
        )
        self.tapes = LocalBlobs(folder.recordings)
        self.exports = Exports(Player(store, self.tapes, most_s=MOST_EXPORT_S), folder.exports)
        self.recordings = RecordingKeeper(
            store,
            sites={camera.id: camera.site for camera in settings.cameras},
            clock=clock,
        )

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Have events and recordings written before anything else runs."""
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(part.run()) for part in (self.writer, self.recordings)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def begin_recording(self) -> None:
        """Repair what a crash left of recordings, and say since when nothing was recorded.

        Raises:
            StorageFailed: the store or the folder cannot be used.
        """
        await RecordingRepair(self.store, self.tapes, mend=mend).run()
        wanted = (camera for camera in self.settings.cameras if camera.record.mode != "off")
        await self.recordings.begin(frozenset(camera.id for camera in wanted))

    async def take_recordings(self, life: str) -> None:
        """Finish what a worker was recording that has ended."""
        await RecordingRepair(self.store, self.tapes, mend=mend).take(life)

    def shelf(self) -> Shelf:
        """The recordings, as retention knows them."""
        return Shelf(
            blobs=self.tapes,
            limits={
                camera.id: Retention(
                    max_bytes=_bytes(camera.record.max_gb), max_age=_days(camera.record.max_days)
                )
                for camera in self.settings.cameras
                if camera.record.max_gb or camera.record.max_days
            },
            min_free_bytes=_bytes(self.settings.retention.min_free_gb) or 0,
            free_bytes=lambda: shutil.disk_usage(self.tapes.root).free,
        )


class House:
    """Everything that runs, and the order in which it ends."""

    def __init__(self, base: Basement, cameras: Cameras) -> None:
        self.base = base
        self.cameras = cameras
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
        self.jobs = LocalJobs(
            base.store,
            {kind.name: kind for kind in (base.exports.kind(),)},
            clock,
            rng=random.Random(),  # noqa: S311 - jitter, not a secret
        )
        self.reporter = BusReporter(base.bus, clock, every_s=settings.bus.status_every_s)
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
        base = self.base
        self._subscribe(scope, listeners)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(base.bus.run())
            telling = tasks.create_task(base.relay.run())
            tasks.create_task(base.writer.run())
            tasks.create_task(base.recordings.run())
            tasks.create_task(self.notifier.run())
            tasks.create_task(self.jobs.run())
            leisurely = (self.janitor, self.board, self.reporter)
            at_leisure = [tasks.create_task(part.run()) for part in leisurely]
            tasks.create_task(door.run_until_closed())
            await door.opened.wait()
            started()
            tasks.create_task(self.cameras.run())
            try:
                await stop.wait()
            finally:
                for task in at_leisure:
                    task.cancel()
                await self._end(door, telling)

    async def _end(self, door: Door, telling: asyncio.Task[None]) -> None:
        """Cameras first, then what they still have to say, then those who listen."""
        self.jobs.close()
        await self.cameras.close()
        await self.base.recordings.close()
        await self.base.writer.close()
        self.base.relay.close()
        await asyncio.wait([telling], timeout=TELL_S)
        await self.notifier.stop()
        door.close()
        self.base.bus.close()

    def _subscribe(self, scope: SiteScope, listeners: Sequence[Listener]) -> None:
        async def remember(topic: str, fact: Payload) -> None:
            del topic
            if isinstance(fact, CameraStatus):
                seen = fact.at if fact.state in SEEN else None
                async with self.base.store.write() as unit:
                    await unit.cameras(scope).seen(fact.camera_id, fact.state.value, seen)

        bus = self.base.bus
        bus.subscribe("camera.*.status", remember, name="places")
        bus.subscribe("event.opened", self.notifier.handle, name="notifier")
        for number, each in enumerate(listeners, start=1):
            bus.subscribe(each.pattern, each.handler, name=f"listener-{number}")

    def app(self, scope: SiteScope, stopping: Callable[[], bool]) -> FastAPI:
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
        return create_app(
            ApiContext(
                store=self.base.store,
                scope=scope,
                artifact_path=self.base.blobs.local_path,
                pictures=self.cameras.pictures,
                cameras=self._cards,
                checks=self._checks,
                metrics=Exposition(product, MachineMetrics(disks)).text,
                report=self._report,
                exchange=self.cameras.exchange,
                films=Player(self.base.store, self.base.tapes),
                jobs=self.jobs,
                job_file=self.base.exports.file,
                streams=lambda: self.cameras.streams,
                clock=self.base.clock,
                stopping=stopping,
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

    def _checks(self) -> list[Check]:
        return [
            self._check_cameras(),
            *self.cameras.checks(),
            self._check_writer(),
        ]

    def _check_writer(self) -> Check:
        problem, waiting = self.base.writer.problem, f"{self.base.writer.waiting} waiting"
        told = f"events wait to be stored: {problem}" if problem else waiting
        return Check(name="event writer", ok=not problem, detail=told)

    def _report(self) -> ProductReport:
        """What `vedette status` shows."""
        checks = self._checks()
        return ProductReport(
            version=__version__,
            at=self.base.clock.now(),
            started_at=self.began,
            ready=all(check.ok for check in checks),
            checks={check.name: check.detail for check in checks if not check.ok},
            cameras=self.board.reports(),
            workers=self.cameras.workers(),
            detectors=self.cameras.detectors(),
        )

    def _check_cameras(self) -> Check:
        """Unready where a source can never be used; a camera that is away is only named.

        A restart does not bring a camera back, and the others must go on.
        """
        states = {name: stats.state for name, stats in self.cameras.stats().items()}
        failed = [name for name, state in states.items() if state in UNWELL]
        away = [name for name, state in states.items() if state in AWAY]
        parts = [
            f"{words}: {', '.join(names)}"
            for words, names in (("cannot be used", failed), ("away", away))
            if names
        ]
        return Check(name="cameras", ok=not failed, detail="; ".join(parts))

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


def _bytes(gigabytes: float | None) -> int | None:
    return None if gigabytes is None else round(gigabytes * 1000**3)


def _days(days: float | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)
