"""A camera's real pipeline around a script: real motion, detector for drawn things, tracker."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tests.surroundings import around
from vedette.app.build import build_camera
from vedette.app.camera_settings import CameraSettings
from vedette.contracts.bus import Bus
from vedette.contracts.frame import Frame
from vedette.contracts.payload import FractionBox
from vedette.contracts.sight import EndedTrack, Tracks
from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.detect.port import Detector
from vedette.detect.server import DetectorServer
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.sight import Sight
from vedette.sources.port import Source
from vedette.testing.fakes import FakeClock
from vedette.testing.scripted import RecordingSink, drawn
from vedette.zones.config import ZoneMap
from vedette.zones.zones import Zones

SECOND = 1_000_000
START = 1_700_000_000 * SECOND
PERSON: FractionBox = (0.40, 0.30, 0.50, 0.80)
SEEN = {"id": "seen", "type": "presence", "for_s": 0, "end_after_s": 1}


def film(
    *boxes: FractionBox, start_us: int = START, seconds: float = 4.0, fps: float = 5.0
) -> list[Frame]:
    """A picture that does not change."""
    count = round(seconds * fps)
    return [drawn(start_us + round(n * SECOND / fps), *boxes, number=n + 1) for n in range(count)]


def walk(*, start_us: int = START, seconds: float = 4.0, fps: float = 5.0) -> list[Frame]:
    """Somebody who goes to the right, 8 % of the picture a second."""
    left, top, right, bottom = PERSON
    frames = []
    for n in range(round(seconds * fps)):
        on = 0.08 * n / fps - 0.2
        box = (left + on, top, right + on, bottom)
        frames.append(drawn(start_us + round(n * SECOND / fps), box, number=n + 1))
    return frames


@contextmanager
def pipeline(
    source: Source,
    *,
    sink: RecordingSink,
    clock: FakeClock | None = None,
    bus: Bus | None = None,
    detector: Detector | None = None,
    parts: Path | None = None,
    **settings: Any,
) -> Iterator[CameraPipeline]:
    """The product's own pipeline, with another source."""
    clock = clock or FakeClock()
    camera = CameraSettings.model_validate(
        {"id": "yard", "source": "nowhere.mp4", "rules": [SEEN], **settings}
    )
    with DetectorServer(detector or BlobDetector(BlobConfig()), clock=clock) as server:
        built = build_camera(
            camera,
            around(sink, server, clock, bus=bus, parts=parts),
        )
        built.source = source
        built.ahead = False  # a script's steps and what comes of them follow each other
        yield built


def tracks(
    at_us: int,
    *ids: int,
    box: FractionBox = PERSON,
    score: float = 0.9,
    observed: bool = True,
    ended: Sequence[EndedTrack] = (),
) -> Tracks:
    """Confirmed people, all in the same place."""
    n = len(ids)
    return Tracks(
        at_us=at_us,
        ids=np.array(ids, dtype=np.int32),
        boxes=np.array([box] * n, dtype=np.float32).reshape(n, 4),
        scores=np.full(n, score, dtype=np.float32),
        classes=np.zeros(n, dtype=np.int16),
        observed=np.full(n, observed, dtype=np.bool_),
        confirmed=np.ones(n, dtype=np.bool_),
        first_us=np.full(n, at_us, dtype=np.int64),
        labels=("person", "car"),
        ended=tuple(ended),
    )


def ended(track: int, *, at_us: int = START, label: str = "car", score: float = 0.75) -> EndedTrack:
    """A track that was given up."""
    return EndedTrack(
        id=track,
        label=label,
        confirmed=True,
        code="left",
        seen=5,
        first_us=at_us - SECOND,
        last_us=at_us,
        median_score=score,
        best_score=0.9,
    )


def sight(frame: Frame, seen: Tracks, *, zones: Sequence[dict[str, Any]] = ()) -> Sight:
    """One moment, with samples as the real zones make them."""
    places = Zones(ZoneMap.model_validate({"zones": list(zones)}), camera_id="yard")
    _, samples, _ = places.step(places.start(), seen)
    return Sight(frame=frame, tracks=seen, samples=samples)
