"""Cameras in media workers: what the rest of the product sees of them."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vedette.api.ports import LiveSource, Picture
from vedette.app.board import detector_report
from vedette.app.camera_health import camera_health, detector_health
from vedette.app.camera_settings import CameraSettings, ModuleSettings
from vedette.app.detectors import OF_ONE_MODEL, named_detectors
from vedette.app.latency_metrics import StageTimes
from vedette.app.metrics import Figures
from vedette.app.remote_picture import ANSWER_S, RemotePicture
from vedette.app.remote_stream import RemoteStream
from vedette.app.settings import Settings
from vedette.app.worker_figures import heap_of, stages_of, summed
from vedette.app.worker_plan import assignment, memory_limit, seats_for
from vedette.contracts.assignment import CameraAssignment, WorkerAssignment
from vedette.contracts.bus import Bus
from vedette.contracts.errors import InvalidInput, ModelUnavailable, VedetteError
from vedette.contracts.facts import CameraState, CameraStatus
from vedette.contracts.health import Health, HealthLevel, PartHealth
from vedette.contracts.model import ModelExchange, ModelWish
from vedette.contracts.sink import EventChange
from vedette.contracts.status import DetectorReport, WorkerReport
from vedette.contracts.topics import status_topic
from vedette.kit.clock import Clock
from vedette.kit.garbage import Sweeper
from vedette.kit.heap import Heap
from vedette.kit.histogram import Histogram
from vedette.link.control_end import Ears, Hub
from vedette.link.messages import Durable, Story
from vedette.link.wire import Frame
from vedette.models.catalogue import DEFAULT_MODEL
from vedette.pipeline.stats import CameraStats
from vedette.services.event_writer import EventWriter
from vedette.services.leftovers import Leftovers
from vedette.services.recordings import RecordingKeeper
from vedette.services.worker_life import Life, WorkerLimits
from vedette.services.workers import Around, Seat, Workers

log = logging.getLogger(__name__)

SPARE_FROM = 2
"""Cameras from which on a spare worker waits; it costs memory that a single camera is not worth."""
EXCHANGE_S = 280.0
"""A worker may have to fetch the model first."""
_STATS: TypeAdapter[CameraStats] = TypeAdapter(CameraStats)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What the control process lends to the supervision of its workers."""

    keep: Callable[[Durable], Any]
    """Stores one message; a coroutine that returns when it is stored."""
    bus: Bus
    topics: Callable[[], Sequence[str]]
    """Patterns that somebody listens to."""
    leftovers: Leftovers
    socket: Path
    recordings: Path
    """Folder where workers record."""
    clock: Clock


class WorkerCameras:
    """Implements `Cameras` with supervised processes. Belongs to one loop."""

    def __init__(self, settings: Settings, office: Office) -> None:
        """Plan them; `run` starts them."""
        self._office = office
        self._loop = asyncio.get_running_loop()
        self._sweeper = Sweeper(office.clock)
        self._settings = {camera.id: camera for camera in settings.cameras}
        self._versions = dict.fromkeys(self._settings, 1)
        self._stats = {name: CameraStats() for name in self._settings}
        self._reports: dict[str, Mapping[str, Any]] = {}
        """The last full beat of each seat."""
        self._stages: dict[str, dict[str, Histogram]] = {}
        """What it says of its stages."""
        self._heaps: dict[str, Heap] = {}
        seats = seats_for(settings)
        self.pool = Workers(
            seats,
            template=WorkerAssignment(
                worker="w0",
                cameras=(),
                detectors=named_detectors(settings),
                workers=max(1, len(seats)),
                recordings=str(office.recordings),
            ),
            hub=self._hub,
            around=Around(
                assign=self._assign,
                keep=office.keep,
                left=self._left,
                fact=office.bus.publish,
                topics=office.topics,
                folders=office.leftovers.folders,
                figures=self._take,
                gone=self._gone,
            ),
            clock=office.clock,
            limits=WorkerLimits(
                memory_bytes=memory_limit(settings, len(seats)),
                spare=len(settings.cameras) >= SPARE_FROM,
            ),
        )

    # What the product asks.

    @property
    def pictures(self) -> Mapping[str, Picture]:
        return Pictures(self.pool, self._settings, self._office.clock)

    @property
    def streams(self) -> Mapping[str, LiveSource]:
        return {name: RemoteStream(name, self._ask_live, self._loop) for name in self._settings}

    async def _ask_live(self, camera_id: str, head: dict[str, Any]) -> Frame | None:
        return await self.pool.ask(camera_id, head, within_s=ANSWER_S)

    def stats(self) -> Mapping[str, CameraStats]:
        return self._stats

    async def run(self) -> None:
        self._sweeper.start()
        await self.pool.run()

    async def close(self) -> None:
        await self.pool.close()
        await asyncio.to_thread(self._sweeper.stop)
        for stats in self._stats.values():
            stats.state = CameraState.ENDED

    def worker_of(self, camera_id: str) -> str:
        seat = self.pool.seat_of(camera_id)
        return "" if seat is None else seat.name

    def workers(self) -> tuple[WorkerReport, ...]:
        return tuple(
            WorkerReport(
                name=seat.name,
                state=seat.state,
                pid=seat.life.process.pid if seat.life else None,
                cameras=tuple(seat.cameras),
                restarts=seat.restarts,
                heartbeat_age_s=round(self.pool.silent_s(seat), 2),
                rss_bytes=seat.life.process.rss_bytes() if seat.life else 0,
                detail=seat.detail,
            )
            for seat in self.pool.seats
        )

    def detectors(self) -> tuple[DetectorReport, ...]:
        found: list[DetectorReport] = []
        for seat in self.pool.seats:
            server = self._reports.get(seat.name, {}).get("detector", {})
            found.append(detector_report(server, worker=seat.name))
        return tuple(found)

    async def exchange(self, wish: ModelWish) -> Sequence[ModelExchange]:
        """Ask every worker; those that begin later begin with the new model.

        Raises:
            ModelUnavailable, InvalidInput: one of them said no, or nothing.
        """
        detectors = dict(self.pool.template.detectors)
        if wish.detector not in detectors:
            there = ", ".join(detectors)
            raise InvalidInput(f"no detector is called {wish.detector!r}; there are: {there}")
        before = detectors[wish.detector]
        done: list[ModelExchange] = []
        seats = [seat for seat in self.pool.seats if seat.cameras]
        try:
            for seat in seats:
                done += [await self._exchange_in(seat, wish)]
        except VedetteError:
            back = wish.model_copy(
                update={"model": before.get("model") or DEFAULT_MODEL, "anyway": True}
            )
            for seat in seats[: len(done)]:  # all workers or none
                await self._exchange_in(seat, back)
            raise
        kept = {key: value for key, value in before.items() if key not in OF_ONE_MODEL}
        detectors[wish.detector] = {**kept, "model": wish.model}
        self.pool.template = self.pool.template.model_copy(update={"detectors": detectors})
        return done

    async def detect_with(self, named: Mapping[str, ModuleSettings]) -> Sequence[str]:
        """Tell every worker; those that begin later begin with these."""
        before = self.pool.template
        self.pool.template = before.model_copy(update={"detectors": dict(named)})
        done: list[str] = []
        try:
            for seat in self.pool.seats:
                if seat.cameras:
                    done += await self._told(seat, {"named": dict(named)})
        except VedetteError:
            self.pool.template = before
            raise
        return list(dict.fromkeys(done))

    async def _exchange_in(self, seat: Seat, wish: ModelWish) -> ModelExchange:
        done = await self._told(seat, {"wish": wish.model_dump()})
        return ModelExchange.model_validate(done).model_copy(update={"worker": seat.name})

    async def _told(self, seat: Seat, wish: dict[str, Any]) -> Any:
        """What a worker says it has exchanged.

        Raises:
            ModelUnavailable, InvalidInput: it said no, or nothing.
        """
        question = {"what": "exchange", **wish}
        answer = await self.pool.ask(seat.cameras[0], question, within_s=EXCHANGE_S)
        head = {} if answer is None else answer.head
        if "done" in head:
            return head["done"]
        sentence = f"{seat.name}: {head.get('sentence', 'it does not answer')}"
        if head.get("error") in {"InvalidInput", "InvalidConfig"}:
            raise InvalidInput(sentence)
        raise ModelUnavailable(sentence)

    def health(self) -> Health:
        problems = [
            f"{name}: {report['problem']}"
            for name, report in self._reports.items()
            if report.get("problem")
        ]
        workers = [_worker_health(seat) for seat in self.pool.seats]
        return camera_health(self._stats, (*workers, detector_health("; ".join(problems))))

    def figures(self) -> Figures:
        return {
            **summed(report.get("figures") for report in self._reports.values()),
            "worker_restarts": sum(seat.restarts for seat in self.pool.seats),
        }

    def stages(self) -> StageTimes:
        return self._stages

    def heaps(self) -> Mapping[str, Heap]:
        return self._heaps

    def gauges(self) -> Figures:
        silent_s = [self.pool.silent_s(seat) for seat in self.pool.seats]
        rss = [seat.life.process.rss_bytes() for seat in self.pool.seats if seat.life]
        return {
            **summed(report.get("gauges") for report in self._reports.values()),
            "workers": len(self.pool.seats),
            "workers_running": sum(seat.state == "running" for seat in self.pool.seats),
            "worker_heartbeat_age_seconds": max(silent_s, default=0.0),
            "worker_rss_bytes": sum(rss),
        }

    # Changes while running.

    async def put(self, camera: CameraSettings) -> None:
        """Add a camera, or let it begin anew with these settings; the others go on."""
        self._settings[camera.id] = camera
        self._versions[camera.id] = self._versions.get(camera.id, 0) + 1
        self._stats.setdefault(camera.id, CameraStats())
        self.pool.put(camera.id)

    async def drop(self, camera_id: str) -> None:
        """Let a camera finish, and forget it; the others go on.

        Raises:
            InvalidInput: there is none of this id.
        """
        self.pool.drop(camera_id)
        del self._settings[camera_id], self._stats[camera_id]

    # What the supervisor asks and tells.

    def _hub(self, ears: Ears) -> Hub:
        return Hub(self._office.socket, ears, self._office.clock)

    def _assign(self, camera_id: str) -> CameraAssignment:
        return assignment(self._settings[camera_id], self._versions[camera_id])

    async def _left(self, life: Life) -> None:
        await self._office.leftovers.take(
            life.line.folders,
            told=life.line.stored,
            still_open=life.open_events,
        )

    def _take(self, seat: Seat, report: Mapping[str, Any]) -> None:
        """Bring the counters of a seat's cameras up to date, in place."""
        self._reports[seat.name] = report
        self._heaps[seat.name] = heap_of(seat.name, report.get("heap"))
        self._stages[seat.name] = stages_of(seat.name, report.get("stages"))
        for name, plain in report["cameras"].items():
            known = self._stats.get(name)
            if known is None or name not in seat.cameras:
                continue
            try:
                fresh = _STATS.validate_python(plain)
            except ValidationError as error:
                raise InvalidInput(f"the figures of {name} make no sense") from error
            for field in fields(CameraStats):
                setattr(known, field.name, getattr(fresh, field.name))

    def _gone(self, seat: Seat, why: str) -> None:
        """Nobody watches these cameras until the seat is taken again."""
        self._reports.pop(seat.name, None)
        self._heaps.pop(seat.name, None)
        for name in seat.cameras:
            stats = self._stats[name]
            stats.state, stats.detail = CameraState.LOST, f"its worker was replaced: {why}"
            stats.problem(f"{name}: {stats.detail}")
            fact = CameraStatus(
                camera_id=name,
                state=CameraState.LOST,
                at=self._office.clock.now(),
                detail=stats.detail,
            )
            self._office.bus.publish(status_topic(name), fact)


class Pictures(Mapping[str, Picture]):
    """The live pictures of all cameras, made when somebody asks for one."""

    def __init__(self, pool: Workers, cameras: Mapping[str, CameraSettings], clock: Clock) -> None:
        self._pool = pool
        self._cameras = cameras
        self._clock = clock
        self._made: dict[str, RemotePicture] = {}
        self._loop = asyncio.get_running_loop()

    def __getitem__(self, camera_id: str) -> Picture:
        if camera_id not in self._cameras:
            raise KeyError(camera_id)
        if camera_id not in self._made:

            async def ask(after_us: int) -> Any:
                head = {"what": "picture", "after_us": after_us}
                return await self._pool.ask(camera_id, head, within_s=ANSWER_S)

            self._made[camera_id] = RemotePicture(ask, self._loop, self._clock)
        return self._made[camera_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cameras)

    def __len__(self) -> int:
        return len(self._cameras)


def keeper_of(writer: EventWriter, recordings: RecordingKeeper) -> Callable[[Durable], Any]:
    """Where each kind of message is stored."""

    async def keep(said: Durable) -> None:
        if isinstance(said, EventChange | Story):
            await writer.keep(said)
        else:
            await recordings.keep(said)

    return keep


def _worker_health(seat: Seat) -> PartHealth:
    """Unhealthy while it has to be started again."""
    away = seat.state == "waiting" or (seat.state == "starting" and seat.restarts > 0)
    why = f"{seat.detail or seat.state} (it has {', '.join(seat.cameras)})" if away else ""
    level = HealthLevel.UNHEALTHY if away else HealthLevel.HEALTHY
    return PartHealth(name=f"worker {seat.name}", level=level, detail=why)
