"""Detector, media desk and cameras of one process: the main one, or a media worker."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vedette.app.build import Surroundings, build_camera, change_scene
from vedette.app.camera_settings import CameraSettings, changes_in_place
from vedette.app.detectors import DetectorPool
from vedette.app.taps import Shelves, Taps
from vedette.contracts.bus import Bus
from vedette.contracts.sink import EventSink
from vedette.contracts.span import CONTROL
from vedette.kit.clock import Clock
from vedette.kit.histogram import Histogram
from vedette.link.box import BlackBox
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.desk import MediaDesk
from vedette.pipeline.fleet import STOP_S, Fleet
from vedette.pipeline.stats import CameraStats
from vedette.pipeline.stopwatch import Timed
from vedette.pipeline.watch import Patience

log = logging.getLogger(__name__)

FINISH_S = 2.0
"""At least so long the media desk may go on at the end."""
PRESSED_S = 0.15
"""Where pictures wait longer than this for the detector, animations wait for quieter times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a process with cameras gets from outside."""

    sink: EventSink
    bus: Bus
    detector: DetectorPool
    parts: Path
    """Folder of clips in the making."""
    clock: Clock
    shelves: Shelves | None = None
    """Where it records; None where nothing is recorded."""
    box: BlackBox | None = None
    component: str = CONTROL
    """The process."""
    patience: Patience = field(default_factory=Patience)


class Rig:
    """Cameras come and go; each has its own thread."""

    def __init__(self, cameras: Sequence[CameraSettings], outside: Outside) -> None:
        """Build the first cameras; `start` lets them watch.

        Raises:
            InvalidConfig: see `build_camera`.
        """
        self.detector = outside.detector
        self._clock = outside.clock
        self._desk = MediaDesk(
            pressed=lambda: outside.detector.wait_s() > PRESSED_S, clock=outside.clock
        )
        self.taps = Taps(outside.shelves, outside.clock)
        self._around = Surroundings(
            clock=outside.clock,
            bus=outside.bus,
            sink=outside.sink,
            detector=outside.detector,
            work=self._desk.submit,
            later=self._desk.later,
            parts=outside.parts,
            component=outside.component,
        )
        self._gone = {stage: Histogram() for stage in Timed}
        """Of cameras that are not there any more."""
        self._settings = {each.id: each for each in cameras}
        self._fleet = Fleet(
            [self._built(each) for each in cameras],
            outside.clock,
            patience=outside.patience,
            box=outside.box,
        )

    @property
    def pipelines(self) -> Mapping[str, CameraPipeline]:
        return self._fleet.pipelines

    def _built(self, camera: CameraSettings) -> CameraPipeline:
        """A camera with its taps."""
        pipeline = build_camera(camera, self._around)
        pipeline.taps = self.taps.of(camera, pipeline.source.live)
        pipeline.book.footage = self.taps.footage(camera.id)
        return pipeline

    def start(self) -> None:
        """Let the cameras watch."""
        self.taps.start()
        self._fleet.start()

    def put(self, camera: CameraSettings) -> None:
        """Let a new camera watch, or one with new settings in place of the old one; where only its
        name, zones, lines or rules are different, its stream goes on.

        Raises:
            InvalidConfig: see `build_camera`; the old one then goes on.
        """
        before, running = self._settings.get(camera.id), self._fleet.pipelines.get(camera.id)
        if before is not None and running is not None and changes_in_place(before, camera):
            change_scene(running, camera, self._around)
            self._settings[camera.id] = camera
            return
        fresh = self._built(camera)
        self._retire(camera.id)
        if not self._fleet.remove(camera.id):
            log.warning("%s did not finish in time; it is left to itself", camera.id)
            self._fleet.abandon(camera.id)
        self.taps.retire(camera.id)
        self._fleet.add(fresh)
        self._settings[camera.id] = camera

    def drop(self, camera_id: str) -> None:
        """Let a camera finish its events and clips, and forget it."""
        self._retire(camera_id)
        if not self._fleet.remove(camera_id):
            log.warning("%s did not finish in time; it is left to itself", camera_id)
            self._fleet.abandon(camera_id)
        self.taps.drop(camera_id)
        self._settings.pop(camera_id, None)

    def _retire(self, camera_id: str) -> None:
        """Counters only grow: what a camera counted outlives it."""
        if (pipeline := self._fleet.pipelines.get(camera_id)) is not None:
            for stage, took in pipeline.stopwatch.stages.items():
                self._gone[stage] = Histogram.sum((self._gone[stage], took))

    def stop(self, *, within_s: float = STOP_S) -> list[str]:
        """Let all cameras finish their events and clips; ids of those that did not in time."""
        until_s = self._clock.monotonic() + within_s
        self._desk.hurry()
        late = self._fleet.stop(within_s=within_s)
        self.taps.close()
        left_s = until_s - self._clock.monotonic()
        if not self._desk.close(within_s=max(FINISH_S, left_s)):
            log.warning("%d pictures and clips of events are not made", self._desk.waiting)
        return late

    def stats(self) -> Mapping[str, CameraStats]:
        return {name: pipeline.stats for name, pipeline in self._fleet.pipelines.items()}

    def stuck(self) -> dict[str, float]:
        """Cameras whose loop does not go on, and for how many seconds."""
        return self._fleet.stuck()

    def stages(self) -> dict[str, Histogram]:
        """How long each stage takes, of all cameras that there are or were."""
        watches = [each.stopwatch.stages for each in self._fleet.pipelines.values()]
        told = {
            stage.value: Histogram.sum([self._gone[stage], *(each[stage] for each in watches)])
            for stage in Timed
        }
        return {**told, "media": self._desk.took}

    def figures(self) -> dict[str, float]:
        """Counters, by metric name without `vedette_` and `_total`."""
        server = self.detector.counters()
        return {
            "detector_busy_seconds": server.busy_s,
            "media_jobs": self._desk.done,
            "animations_left_out": self._desk.left_out,
            **self.taps.figures(),
        }

    def gauges(self) -> dict[str, float]:
        """Present values, by metric name without `vedette_`."""
        return {
            "media_desk_waiting": self._desk.waiting,
            "cameras_watching": self._fleet.watching,
            **self.taps.gauges(),
        }
