"""The best picture of an event comes from the main stream, where a smaller one is looked at."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.scenes import BLOB, walker
from tests.surroundings import around
from vedette.app.build import build_camera
from vedette.app.camera_settings import CameraSettings
from vedette.app.detectors import build_detector
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.payload import FractionBox
from vedette.contracts.sink import NewArtifact
from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.kit.clock import SystemClock
from vedette.kit.pixels import planes_from_bgr
from vedette.media.best import Candidate
from vedette.models.fetch import silent
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.larger import larger_of
from vedette.sources.port import Source, Stream
from vedette.sources.scene import Scene
from vedette.sources.scene_file import render_scene
from vedette.sources.stats import SourceStats
from vedette.testing.scripted import RecordingSink, drawn

LENGTH_S = 16.0
LATE_S = 0.4
"""The main stream's clock is so much behind that of the small one."""
GREY = 116


@dataclass(slots=True, kw_only=True)
class InStep:
    """The small stream; before each of its packets comes what the main stream sent till then."""

    small: Source
    main: Source
    built: CameraPipeline
    live: bool = False

    def open(self) -> Stream:
        return _Both(self)


class _Both:
    def __init__(self, both: InStep) -> None:
        self._small, self._main, self._built = both.small.open(), both.main.open(), both.built
        self.info: StreamInfo = self._small.info
        self.stats: SourceStats = self._small.stats
        assert both.built.main is not None
        both.built.main._stream = self._main
        self._packets = iter(self._main.packets())
        self._next = next(self._packets, None)

    def packets(self) -> Iterator[Packet]:
        for packet in self._small.packets():
            while self._next is not None and self._next.at_us <= packet.at_us:
                self._built.keep(self._main.info, self._next)
                self._next = next(self._packets, None)
            yield packet

    def decode(self, packet: Packet) -> Sequence[Frame]:
        return self._small.decode(packet)

    def flush(self) -> Sequence[Frame]:
        return self._small.flush()

    def close(self) -> None:
        self._small.close()
        self._main.close()


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same scene in two sizes: somebody comes, stands, and goes."""
    folder = tmp_path_factory.mktemp("streams")
    actor = walker((2.0, 0.05, 0.5), (4.0, 0.5, 0.5), (6.0, 0.5, 0.5), (14.0, 0.95, 0.4))
    paths = []
    for name, width, height in (("small", 320, 180), ("main", 1280, 720)):
        scene = Scene(
            width=width, height=height, fps=10, duration_s=LENGTH_S, actors=(actor,), noise=1.0
        )
        paths.append(folder / f"{name}.mp4")
        render_scene(scene, paths[-1], codec="libx264", options={"preset": "ultrafast"})
    return paths[0], paths[1]


@contextmanager
def two_streams(
    small: Path, main: Path, parts: Path, sink: RecordingSink, **events: float
) -> Iterator[CameraPipeline]:
    clock = SystemClock()
    settings = CameraSettings.model_validate(
        {
            "id": "yard",
            "source": {"type": "file", "path": str(main), "start": f"1970-01-01T00:00:0{LATE_S}Z"},
            "detect_source": str(small),
            "detect": {"fps": 5},
            "events": {"pre_roll_s": 2, "post_roll_s": 1, **events},
            "rules": [{"id": "seen", "type": "presence", "for_s": 0, "end_after_s": 1}],
        }
    )
    with build_detector(BLOB, clock, silent) as detector:
        built = build_camera(
            settings,
            around(sink, detector, clock, parts=parts),
        )
        assert built.main is not None
        built.source = InStep(small=built.source, main=built.main.source, built=built)
        yield built


def snapshots(sink: RecordingSink, kind: ArtifactKind) -> list[NewArtifact]:
    found = (each for change in sink.changes for each in change.artifacts)
    return [each for each in found if each.kind is kind]


def place_in(artifact: NewArtifact) -> FractionBox:
    """Where the person is in a JPEG."""
    assert artifact.data is not None
    bgr = np.asarray(cv2.imdecode(np.frombuffer(artifact.data, np.uint8), 1), dtype=np.uint8)
    y, u, v = planes_from_bgr(bgr)
    frame = Frame(camera_id="yard", number=1, at_us=0, y=y, u=u, v=v)
    [found] = BlobDetector(BlobConfig.model_validate({**BLOB_SETTINGS})).detect([frame])
    [box] = found.boxes.tolist()
    left, top, right, bottom = box
    return (left, top, right, bottom)


BLOB_SETTINGS = {name: value for name, value in BLOB.items() if name != "type"}


def overlap(one: FractionBox, other: FractionBox) -> float:
    """IoU."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


@pytest.mark.parametrize("pre_roll_s", [2.0, 20.0])
def test_the_last_picture_of_an_event_is_the_main_streams_with_its_box_around_the_object(
    pre_roll_s: float, streams: tuple[Path, Path], tmp_path: Path
) -> None:
    """Also where the best moment is long gone from the ring when the event ends."""
    sink = RecordingSink()
    with two_streams(*streams, tmp_path, sink, pre_roll_s=pre_roll_s) as built:
        built.watch(threading.Event())
        built.finish("source_ended")

    first, last = snapshots(sink, ArtifactKind.SNAPSHOT)
    assert (first.width, first.height, last.width, last.height) == (320, 180, 1280, 720)
    assert last.revision == 2
    box = sink.events[0].box
    assert box is not None
    assert overlap(place_in(last), box) > 0.85
    _, drawn_on = snapshots(sink, ArtifactKind.SNAPSHOT_ANNOTATED)
    assert (drawn_on.width, drawn_on.height) == (1280, 720)
    assert built.stats.problems == []


def test_without_the_main_stream_the_small_picture_is_good_enough(
    streams: tuple[Path, Path], tmp_path: Path
) -> None:
    sink = RecordingSink()
    with two_streams(*streams, tmp_path, sink) as built:
        assert built.main is not None
        stream = built.source.open()
        built.main._stream = None
        built.source = Opened(stream)
        built.watch(threading.Event())
        built.finish("source_ended")

    assert {each.width for each in snapshots(sink, ArtifactKind.SNAPSHOT)} == {320}


@dataclass(slots=True)
class Opened:
    """A source that is open already."""

    stream: Stream
    live: bool = False

    def open(self) -> Stream:
        return self.stream


@pytest.mark.parametrize(
    ("size", "box", "taken"),
    [
        ((640, 360), (0.4, 0.3, 0.5, 0.8), True),
        ((640, 360), (0.46, 0.3, 0.56, 0.8), False),
        ((640, 360), (0.1, 0.3, 0.2, 0.8), False),
        ((160, 90), (0.4, 0.3, 0.5, 0.8), False),
    ],
)
def test_a_picture_of_something_else_or_no_larger_one_is_not_taken(
    size: tuple[int, int], box: FractionBox, *, taken: bool
) -> None:
    wanted: FractionBox = (0.4, 0.3, 0.5, 0.8)
    best = Candidate(frame=drawn(0, wanted), box=wanted, score=0.9, worth=0.5)

    found = larger_of(best, lambda at_us, cost: drawn(at_us, box, size=size))

    assert (found is not None) is taken
    if found is not None:
        assert (found.frame.width, found.box) == (640, wanted)
