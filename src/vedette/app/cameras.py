"""The cameras of the product, wherever they run; here: in threads of this process."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from vedette.api.context import Check, Picture
from vedette.app.build import Surroundings, build_camera
from vedette.app.metrics import Figures
from vedette.app.settings import CameraSettings
from vedette.contracts.bus import Bus
from vedette.contracts.sink import EventSink
from vedette.contracts.status import DetectorReport, WorkerReport
from vedette.detect.server import DetectorServer
from vedette.kit.clock import Clock
from vedette.pipeline.desk import MediaDesk
from vedette.pipeline.fleet import Fleet
from vedette.pipeline.stats import CameraStats

log = logging.getLogger(__name__)


class Cameras(Protocol):
    """What the rest of the product knows of its cameras."""

    @property
    def pictures(self) -> Mapping[str, Picture]:
        """The live picture of each camera."""
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

    def worker_of(self, camera_id: str) -> str:
        """Name of the process that has a camera; empty for this one."""
        ...

    def workers(self) -> tuple[WorkerReport, ...]: ...

    def detectors(self) -> tuple[DetectorReport, ...]: ...

    def checks(self) -> list[Check]:
        """Are the loops and processes of the cameras well?"""
        ...

    def figures(self) -> Figures:
        """Counters, by metric name without `vedette_` and `_total`."""
        ...

    def gauges(self) -> Figures:
        """Present values, by metric name without `vedette_`."""
        ...


class LocalCameras:
    """Implements `Cameras` with a thread each (`workers: 0`)."""

    def __init__(
        self,
        cameras: Sequence[CameraSettings],
        *,
        sink: EventSink,
        bus: Bus,
        detector: DetectorServer,
        parts: Path,
        clock: Clock,
    ) -> None:
        """Build them; `run` lets them watch.

        Raises:
            InvalidConfig: see `build_camera`.
        """
        self._detector = detector
        self._desk = MediaDesk()
        around = Surroundings(
            clock=clock,
            bus=bus,
            sink=sink,
            detector=detector,
            work=self._desk.submit,
            parts=parts,
        )
        self._fleet = Fleet([build_camera(each, around) for each in cameras], clock)
        self._over = asyncio.Event()

    @property
    def pictures(self) -> Mapping[str, Picture]:
        return {name: pipeline.live for name, pipeline in self._fleet.pipelines.items()}

    def stats(self) -> Mapping[str, CameraStats]:
        return {name: pipeline.stats for name, pipeline in self._fleet.pipelines.items()}

    async def run(self) -> None:
        self._fleet.start()
        await self._over.wait()

    async def close(self) -> None:
        late = await asyncio.to_thread(self._fleet.stop)
        if late:
            log.warning("%s did not finish in time", ", ".join(late))
        await asyncio.to_thread(self._desk.close)
        self._over.set()

    def worker_of(self, camera_id: str) -> str:
        del camera_id
        return ""

    def workers(self) -> tuple[WorkerReport, ...]:
        return ()

    def detectors(self) -> tuple[DetectorReport, ...]:
        server = self._detector.counters()
        report = DetectorReport(
            frames=server.answered, failed=server.failed, waiting=server.waiting
        )
        return (report,)

    def checks(self) -> list[Check]:
        return [check_loops(self._fleet.stuck()), check_detector(self._detector.problem)]

    def figures(self) -> Figures:
        server = self._detector.counters()
        return {
            "detector_frames": server.answered,
            "detector_failed": server.failed,
            "detector_busy_seconds": server.busy_s,
            "media_jobs": self._desk.done,
        }

    def gauges(self) -> Figures:
        return {
            "media_desk_waiting": self._desk.waiting,
            "detector_waiting": self._detector.counters().waiting,
            "cameras_watching": self._fleet.watching,
        }


def check_loops(stuck: Mapping[str, float]) -> Check:
    """Unready where the loop of a camera hangs: whoever watches over us should start us again."""
    names = ", ".join(f"{name} for {spent_s:.0f} s" for name, spent_s in stuck.items())
    return Check(name="camera loops", ok=not stuck, detail=f"stuck: {names}" if stuck else "")


def check_detector(problem: str) -> Check:
    """Named, not unready: recordings and pictures go on without a detector."""
    return Check(name="detector", ok=True, detail=problem)
