"""What comes after cannot keep up: recording goes on, the lag is bounded, and it recovers."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.scenes import walker
from tests.surroundings import around
from vedette.app.build import build_camera
from vedette.app.camera_settings import CameraSettings
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.sight import Detections
from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.detect.server import DetectorServer
from vedette.kit.clock import SystemClock
from vedette.pipeline.camera import CameraPipeline
from vedette.sources.scene import Scene
from vedette.sources.scene_file import render_scene
from vedette.testing.scripted import RecordingSink

SPEED = 4.0
"""The film is played faster than it was taken, so that the test is short."""


class Quick(SystemClock):
    """A clock that runs faster."""

    def monotonic(self) -> float:
        return super().monotonic() * SPEED

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        return super().wait(stop, seconds / SPEED)


@dataclass(slots=True)
class SlowDetector:
    """Takes as long as a test says, by the quick clock."""

    clock: Quick
    takes_s: float = 0.0
    inner: BlobDetector = field(default_factory=lambda: BlobDetector(BlobConfig(contrast=60)))
    labels: tuple[str, ...] = BlobDetector(BlobConfig()).labels
    looks: int = 0

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        self.looks += len(frames)
        self.clock.wait(threading.Event(), self.takes_s)
        return self.inner.detect(frames)


@dataclass(slots=True)
class Tap:
    """Notes when packets are kept, and does something at some of them."""

    clock: Quick
    at: dict[int, Callable[[], None]]
    late_s: list[float] = field(default_factory=list)
    count: int = 0
    _began: tuple[float, int] | None = None

    def packet(self, info: StreamInfo, packet: Packet) -> None:
        now_s = self.clock.monotonic()
        self._began = self._began or (now_s, packet.at_us)
        due_s = self._began[0] + (packet.at_us - self._began[1]) / 1e6
        self.late_s.append(now_s - due_s)
        self.count += 1
        if act := self.at.get(self.count):
            act()

    def lost(self, cause: str) -> None:
        raise AssertionError(cause)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute in which somebody always walks."""
    path = tmp_path_factory.mktemp("slow") / "busy.mp4"
    actors = [walker((4.0 * n, 0.1, 0.5), (4.0 * n + 3.9, 0.9, 0.5)) for n in range(8)]
    scene = Scene(width=160, height=90, fps=10, duration_s=32.0, actors=tuple(actors))
    render_scene(scene, path, codec="libx264", options={"preset": "ultrafast"})
    return path


def test_a_detector_that_becomes_slow_makes_nobody_lag_and_it_recovers(busy: Path) -> None:
    clock, lags, levels = Quick(), [], []
    detector = SlowDetector(clock)
    sink = RecordingSink()

    def becomes(takes_s: float) -> Callable[[], None]:
        return lambda: setattr(detector, "takes_s", takes_s)

    tap = Tap(clock, {60: becomes(3.0), 180: becomes(0.0)})
    camera = CameraSettings.model_validate(
        {
            "id": "yard",
            "source": {"type": "file", "path": str(busy), "pace": "realtime"},
            "rules": [{"id": "seen", "type": "presence", "for_s": 0}],
        }
    )
    with DetectorServer(detector, clock=clock) as server:
        built: CameraPipeline = build_camera(
            camera,
            around(sink, server, clock),
        )
        built.ahead = True
        built.taps = (tap,)
        detect = built.look.detect

        def noted(frame: Frame) -> Future[Detections]:
            lags.append((tap.count / 10 - 0.1) - frame.at_us / 1e6)
            levels.append(built.effort.now)
            return detect(frame)

        built.look.detect = noted
        built.watch(threading.Event())
        built.finish("source_ended")

    assert tap.count == 320
    assert max(tap.late_s) < 2.5, "reading never waited for an answer, which takes 3 s"
    assert max(lags) < 2.0 + 3.0 + 2.5, "the bound, one answer, and a slow machine"
    assert max(levels) == 3
    skipped = built.stats.skipped
    assert skipped["lag"] + skipped["pressure"] + skipped["dispensable"] > 30
    assert built.stats.analysed < 320 / 2
    assert built.effort.now < 3, "it recovers by itself"
    assert lags[-1] < 2.0
    assert len(sink.events) >= 2
    assert built.stats.progress_s > 0.0
