"""Our side of the benchmarks: real cameras of the product around detections that are known.

What is measured is everything but the network: the detector's answers come from a table, by time
within the stream, through the real detector server.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench import Bench
from benchmarks.detections import frames_of
from vedette.app.build import Surroundings, build_camera
from vedette.app.camera_settings import CameraSettings
from vedette.bus.memory import MemoryBus
from vedette.contracts.event import Event
from vedette.contracts.frame import Frame
from vedette.contracts.sight import F32, Detections
from vedette.contracts.sink import EventChange, TrackRecord
from vedette.contracts.verdict import Verdict
from vedette.detect.onnx import OnnxConfig, OnnxDetector
from vedette.detect.server import DetectorServer
from vedette.kit.clock import Clock
from vedette.models.catalogue import Catalogue
from vedette.models.store import ModelStore
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.capture import at_once

LABELS = ("person",)
SAMPLES_PER_S = 5
MODEL = "nanodet-640"
WATCH: dict[str, Any] = {
    "detect": {"fps": SAMPLES_PER_S, "labels": ["person"], "regions": False},
    "zones": [{"id": "path", "polygon": [[0.0, 0.3], [1.0, 0.3], [1.0, 1.0], [0.0, 1.0]]}],
    "rules": [{"id": "walker", "type": "presence", "zone": "path", "for_s": 1.0}],
}
"""Settings of a camera that is told of people in a zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a detector says of a stream, at `SAMPLES_PER_S` moments of each second."""

    moments: tuple[tuple[F32, F32], ...]
    """Boxes (n, 4) in fractions and scores (n,) of each moment."""

    def at(self, at_us: int) -> Detections:
        """The answer of the nearest moment; a stream that loops begins again."""
        index = round(at_us * SAMPLES_PER_S / 1e6) % len(self.moments)
        boxes, scores = self.moments[index]
        classes = np.zeros(len(scores), dtype=np.int16)
        return Detections(boxes=boxes, scores=scores, classes=classes, labels=LABELS)

    def write(self, path: Path) -> None:
        """As JSON, which peers read too."""
        plain = [
            [[*box, score] for box, score in zip(boxes.tolist(), scores.tolist(), strict=True)]
            for boxes, scores in self.moments
        ]
        path.write_text(json.dumps(plain), encoding="utf-8")

    @staticmethod
    def read(path: Path) -> "Answers":
        """The reverse of `write`."""
        moments = []
        for rows in json.loads(path.read_text(encoding="utf-8")):
            table = np.array(rows, dtype=np.float32).reshape(-1, 5)
            moments.append((table[:, :4].copy(), table[:, 4].copy()))
        return Answers(moments=tuple(moments))


class Remembered:
    """A `Detector` that looks answers up."""

    labels: tuple[str, ...] = LABELS

    def __init__(self, answers: Callable[[Frame], Detections]) -> None:
        self._answers = answers

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """One answer per frame."""
        return [self._answers(frame) for frame in frames]


@dataclass(slots=True)
class Kept:
    """An `EventSink` in memory."""

    events: dict[str, Event] = field(default_factory=dict)
    tracks: int = 0

    def submit(self, change: EventChange) -> None:
        self.events[str(change.event.id)] = change.event

    def record(self, track: TrackRecord, verdicts: Sequence[Verdict]) -> None:
        self.tracks += 1


def build(
    settings: CameraSettings, answers: Callable[[Frame], Detections], clock: Clock, sink: Kept
) -> tuple[CameraPipeline, DetectorServer]:
    """A camera of the product, without media of events; close the server when done."""
    server = DetectorServer(Remembered(answers), clock=clock)
    around = Surroundings(
        clock=clock,
        bus=MemoryBus(clock=clock),
        sink=sink,
        detector=server,
        work=at_once,
        parts=None,
    )
    return build_camera(settings, around), server


def answers_of(bench: Bench, video: Path) -> Path:
    """What the default model sees in a stream of 25 frames a second; made once."""
    kept = bench.build / f"{video.stem}.json"
    if not kept.exists():
        bench.say(f"detecting people in {video.name}")
        spec = Catalogue.load().get(MODEL)
        config = OnnxConfig(score=0.3, labels=LABELS)
        detector = OnnxDetector(config, spec=spec, path=ModelStore().pull(spec))
        person = detector.labels.index(LABELS[0])
        moments = []
        for frame in frames_of(video):
            if (frame.number - 1) % (25 // SAMPLES_PER_S):
                continue
            (seen,) = detector.detect([frame])
            seen = seen.pick(seen.classes == person)
            moments.append((seen.boxes, seen.scores))
        Answers(moments=tuple(moments)).write(kept)
    return kept
