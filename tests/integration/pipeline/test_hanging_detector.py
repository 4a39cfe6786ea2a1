"""A detector whose call never returns holds no camera: it is told, left behind, and replaced."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.surroundings import around
from tests.unit.pipeline.rig import walk
from vedette.app.build import build_camera
from vedette.app.camera_settings import CameraSettings
from vedette.contracts.frame import Frame
from vedette.contracts.sight import Detections
from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.detect.limits import ServerLimits
from vedette.detect.port import Detector
from vedette.detect.server import DetectorServer
from vedette.kit.clock import SystemClock
from vedette.pipeline.camera import CameraPipeline
from vedette.testing.scripted import RecordingSink, ScriptedSource, Step

HANG_S = 0.4
WITHIN_S = 20.0


@dataclass(slots=True)
class Hanging:
    """Answers some calls, and then never again (until the test is over)."""

    good: int
    over: threading.Event = field(default_factory=threading.Event)
    calls: int = 0
    inner: BlobDetector = field(default_factory=lambda: BlobDetector(BlobConfig()))
    labels: tuple[str, ...] = BlobDetector(BlobConfig()).labels

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        self.calls += 1
        if self.calls > self.good:
            self.over.wait()
        return self.inner.detect(frames)


@contextmanager
def camera(
    *steps: Step, good: int, ahead: bool, rebuild: Callable[[], Detector] | None
) -> Iterator[tuple[CameraPipeline, RecordingSink]]:
    clock, sink = SystemClock(), RecordingSink()
    detector = Hanging(good)
    rules = [{"id": "seen", "type": "presence", "for_s": 0, "end_after_s": 1}]
    settings = CameraSettings.model_validate(
        {"id": "yard", "source": "nowhere.mp4", "rules": rules, "gate": {"mode": "always"}}
    )
    limits = ServerLimits(hang_s=HANG_S)
    with DetectorServer(detector, clock=clock, limits=limits, rebuild=rebuild) as server:
        built = build_camera(
            settings,
            around(sink, server, clock),
        )
        built.source = ScriptedSource(list(steps), live=False)
        built.ahead = ahead
        try:
            yield built, sink
        finally:
            detector.over.set()


def watched(built: CameraPipeline) -> threading.Thread:
    thread = threading.Thread(target=built.watch, args=(threading.Event(),), daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("ahead", [False, True])
def test_where_another_detector_can_be_made_the_camera_goes_on_with_it(*, ahead: bool) -> None:
    frames = walk(seconds=4.0)
    until_replaced = threading.Event()

    def fresh() -> Detector:
        until_replaced.set()
        return BlobDetector(BlobConfig())

    steps = [*frames[:5], lambda: _wait(until_replaced), *frames[5:]] if ahead else frames
    with camera(*steps, good=2, ahead=ahead, rebuild=fresh) as (built, sink):
        watcher = watched(built)
        watcher.join(WITHIN_S)

        assert not watcher.is_alive(), "the camera waits for ever"
        assert until_replaced.is_set()
        assert built.stats.packets == len(frames)
        assert 1 <= built.stats.detector_failures <= 3
        assert "has not answered for 0.4 s" in built.stats.problems[0]
        assert built.stats.looked >= 3
        assert len(sink.events) == 1


def test_where_none_can_be_made_the_camera_is_looked_at_without_and_recorded() -> None:
    frames = walk(seconds=4.0)
    with camera(*frames, good=0, ahead=False, rebuild=None) as (built, sink):
        watcher = watched(built)
        watcher.join(WITHIN_S)

        assert not watcher.is_alive(), "the camera waits for ever"
        assert built.stats.packets == built.stats.frames == len(built.ring) == len(frames)
        assert built.stats.detector_failures >= 10
        assert built.stats.looked == 0
        assert sink.events == []


def _wait(event: threading.Event) -> None:
    assert event.wait(WITHIN_S)
