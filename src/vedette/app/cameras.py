"""The cameras of the product, wherever they run; here: in threads of this process."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Protocol

from vedette.api.ports import LiveSource, Picture
from vedette.app.board import detector_report
from vedette.app.camera_health import camera_health, detector_health, loop_health
from vedette.app.camera_settings import CameraSettings, ModuleSettings
from vedette.app.latency_metrics import StageTimes
from vedette.app.metrics import Figures
from vedette.app.rig import Outside, Rig
from vedette.contracts.health import Health
from vedette.contracts.model import ModelExchange, ModelWish
from vedette.contracts.span import CONTROL
from vedette.contracts.status import DetectorReport, WorkerReport
from vedette.kit.garbage import Sweeper
from vedette.kit.heap import Heap
from vedette.pipeline.stats import CameraStats

log = logging.getLogger(__name__)


class Cameras(Protocol):
    """What the rest of the product knows of its cameras."""

    @property
    def pictures(self) -> Mapping[str, Picture]:
        """The live picture of each camera."""
        ...

    @property
    def streams(self) -> Mapping[str, LiveSource]:
        """The live video of each camera."""
        ...

    def stats(self) -> Mapping[str, CameraStats]:
        """What each camera counts."""
        ...

    async def run(self) -> None:
        """Let them watch, until `close`."""
        ...

    async def close(self) -> None:
        """Let them finish their events and clips, and end; what they say is still taken."""
        ...

    async def put(self, camera: CameraSettings) -> None:
        """Add a camera, or let it begin anew with these settings; the others go on.

        Raises:
            InvalidConfig: see `build_camera`; a camera that was there goes on as it was.
        """
        ...

    async def drop(self, camera_id: str) -> None:
        """Let a camera finish its events and clips, and forget it; the others go on."""
        ...

    def worker_of(self, camera_id: str) -> str:
        """Name of the process that has a camera; empty for this one."""
        ...

    def workers(self) -> tuple[WorkerReport, ...]: ...

    def detectors(self) -> tuple[DetectorReport, ...]: ...

    async def exchange(self, wish: ModelWish) -> Sequence[ModelExchange]:
        """Let another model detect while the cameras go on; one answer for each process.

        Raises:
            ModelUnavailable, InvalidInput: see `DetectorPool.exchange`.
        """
        ...

    async def detect_with(self, named: Mapping[str, ModuleSettings]) -> Sequence[str]:
        """Other settings for the detectors while the cameras go on; names of those exchanged.

        Raises:
            ModelUnavailable, InvalidInput: see `DetectorPool.take`; some may be exchanged already.
        """
        ...

    def health(self) -> Health:
        """How they are, with the loops and processes that they run in."""
        ...

    def figures(self) -> Figures:
        """Counters, by metric name without `vedette_` and `_total`."""
        ...

    def stages(self) -> StageTimes:
        """How long each stage takes, by process."""
        ...

    def heaps(self) -> Mapping[str, Heap]:
        """Memory of the other processes, by name."""
        ...

    def gauges(self) -> Figures:
        """Present values, by metric name without `vedette_`."""
        ...


class LocalCameras:
    """Implements `Cameras` with a thread each (`workers: 0`)."""

    def __init__(self, cameras: Sequence[CameraSettings], outside: Outside) -> None:
        """Build them; `run` lets them watch.

        Raises:
            InvalidConfig: see `build_camera`.
        """
        self._rig = Rig(cameras, outside)
        self._sweeper = Sweeper(outside.clock)
        self._over = asyncio.Event()

    @property
    def pictures(self) -> Mapping[str, Picture]:
        return _Pictures(self._rig)

    @property
    def streams(self) -> Mapping[str, LiveSource]:
        return self._rig.taps.streams

    def stats(self) -> Mapping[str, CameraStats]:
        return self._rig.stats()

    async def run(self) -> None:
        self._rig.start()
        self._sweeper.start()
        await self._over.wait()

    async def close(self) -> None:
        late = await asyncio.to_thread(self._rig.stop)
        await asyncio.to_thread(self._sweeper.stop)
        if late:
            log.warning("%s did not finish in time", ", ".join(late))
        self._over.set()

    async def put(self, camera: CameraSettings) -> None:
        await asyncio.to_thread(self._rig.put, camera)

    async def drop(self, camera_id: str) -> None:
        await asyncio.to_thread(self._rig.drop, camera_id)

    def worker_of(self, camera_id: str) -> str:
        del camera_id
        return ""

    def workers(self) -> tuple[WorkerReport, ...]:
        return ()

    def detectors(self) -> tuple[DetectorReport, ...]:
        return (detector_report(asdict(self._rig.detector.counters())),)

    async def exchange(self, wish: ModelWish) -> Sequence[ModelExchange]:
        return [await asyncio.to_thread(self._rig.detector.exchange, wish)]

    async def detect_with(self, named: Mapping[str, ModuleSettings]) -> Sequence[str]:
        return await asyncio.to_thread(self._rig.detector.take, named)

    def health(self) -> Health:
        others = loop_health(self._rig.stuck()), detector_health(self._rig.detector.problem)
        return camera_health(self._rig.stats(), others)

    def figures(self) -> Figures:
        return self._rig.figures()

    def stages(self) -> StageTimes:
        return {CONTROL: self._rig.stages()}

    def heaps(self) -> Mapping[str, Heap]:
        return {}

    def gauges(self) -> Figures:
        return self._rig.gauges()


class _Pictures(Mapping[str, Picture]):
    """The live pictures of the cameras that there are at the moment."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig

    def __getitem__(self, camera_id: str) -> Picture:
        return self._rig.pipelines[camera_id].live

    def __iter__(self) -> Iterator[str]:
        return iter(self._rig.pipelines)

    def __len__(self) -> int:
        return len(self._rig.pipelines)
