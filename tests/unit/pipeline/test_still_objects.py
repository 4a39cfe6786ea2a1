"""What stands still is looked at rarely, stays what it was, and is missed when it is gone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.unit.pipeline.rig import SECOND, START, pipeline, tracks
from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.frame import Frame
from vedette.contracts.payload import FractionBox
from vedette.contracts.sight import Detections
from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.still import Stillness
from vedette.testing.scripted import RecordingSink, ScriptedSource, drawn

CAR = (0.55, 0.50, 0.85, 0.75)
SIZE = (640, 360)


class Watching(BlobDetector):
    """Counts what it is asked; may fail to see what is on the right, or fail altogether."""

    def __init__(self) -> None:
        super().__init__(BlobConfig(smallest=0.0002))
        self.whole = self.parts = 0
        self.blind_right = self.parts_fail = False

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        answers = []
        for frame, found in zip(frames, super().detect(frames), strict=True):
            whole = frame.width == SIZE[0]
            self.whole += whole
            self.parts += not whole
            if self.parts_fail and not whole:
                raise ModelUnavailable("only whole frames")
            keep = found.boxes[:, 0] < (0.5 if self.blind_right and whole else 2.0)
            answers.append(found.pick(keep))
        return answers


def show(built: CameraPipeline, from_s: float, to_s: float, *boxes: FractionBox) -> None:
    """Five frames a second of a picture that does not change."""
    for tick in range(round(from_s * 5), round(to_s * 5)):
        built.see(drawn(START + tick * SECOND // 5, *boxes, number=tick + 1, size=SIZE))


def far(tick: int) -> FractionBox:
    """Somebody far away, who walks to and fro on the left."""
    x = 0.10 + 0.2 * abs((tick / 50) % 2 - 1)
    return (x, 0.30, x + 0.02, 0.38)


def show_walker(built: CameraPipeline, from_s: float, to_s: float, *boxes: FractionBox) -> None:
    for tick in range(round(from_s * 5), round(to_s * 5)):
        at_us = START + tick * SECOND // 5
        built.see(drawn(at_us, far(tick), *boxes, number=tick + 1, size=SIZE))


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()


def yard(detector: Watching, sink: RecordingSink, **detect: Any) -> Any:
    return pipeline(
        ScriptedSource([], live=False),
        sink=sink,
        detector=detector,
        rules=[],
        detect={"recheck_s": 2, "still_recheck_s": 10, **detect},
        motion={"type": "luma", "min_area": 0.0002},
    )


def ends(sink: RecordingSink) -> list[tuple[str, float]]:
    """Label of each track that ended, and seconds until it was last seen."""
    return [(track.label, (track.t1_us - START) / SECOND) for track, _ in sink.stories]


def test_a_parked_car_is_looked_at_every_ten_seconds(sink: RecordingSink) -> None:
    with yard(Watching(), sink) as built:
        show(built, 0, 10, CAR)
        looked = built.stats.looked
        show(built, 10, 70, CAR)
        assert 5 <= built.stats.looked - looked <= 7
        built.finish("source_ended")
    assert [label for label, _ in ends(sink)] == ["car"]


def test_it_stays_what_it_was_while_somebody_far_away_walks_about(sink: RecordingSink) -> None:
    detector = Watching()
    with yard(detector, sink) as built:
        show(built, 0, 8, CAR)
        detector.whole = detector.parts = 0
        show_walker(built, 8, 68, CAR)
        assert detector.parts >= 250, "the walker is looked at, closely, all the time"
        assert 28 <= detector.whole <= 45, "the whole frame every two seconds"
        assert ends(sink) == []
        (row,) = np.flatnonzero(built.look._tracks.classes == 1)
        assert built.look._tracks.ids[row] == 1
        built.finish("source_ended")
    assert sorted(label for label, _ in ends(sink)) == ["car", "person"]
    assert built.stats.tracks == 2


def test_it_is_missed_when_it_is_gone_although_only_others_move(sink: RecordingSink) -> None:
    """The detector sees it no more in the whole frame, which is looked at every two seconds."""
    detector = Watching()
    with yard(detector, sink) as built:
        show(built, 0, 8, CAR)
        show_walker(built, 8, 20, CAR)
        detector.blind_right = True
        show_walker(built, 20, 45, CAR)
        assert [label for label, _ in ends(sink)] == ["car"]
        built.finish("source_ended")


def test_without_regions_everything_is_looked_at_each_time(sink: RecordingSink) -> None:
    detector = Watching()
    with yard(detector, sink, regions=False) as built:
        show(built, 0, 8, CAR)
        detector.whole = 0
        show_walker(built, 8, 28, CAR)
        assert (detector.whole, detector.parts) == (100, 0)
        built.finish("source_ended")


def test_a_closer_look_that_fails_is_a_look_that_failed(sink: RecordingSink) -> None:
    """Nobody was seen to be gone because of it."""
    detector = Watching()
    with yard(detector, sink) as built:
        show(built, 0, 8, CAR)
        show_walker(built, 8, 12, CAR)
        detector.parts_fail = True
        show_walker(built, 12, 19, CAR)
        assert built.stats.detector_failures >= 30
        assert ends(sink) == []
        detector.parts_fail = False
        show_walker(built, 19, 22, CAR)
        built.finish("source_ended")
    assert [label for label, _ in ends(sink)].count("car") == 1


def test_beside_the_whole_frame_a_closer_look_may_fail(sink: RecordingSink) -> None:
    detector = Watching()
    detector.parts_fail = True
    with yard(detector, sink) as built:
        show(built, 0, 2)
        for tick in range(10, 30):
            x = 0.5 + tick / 200
            near = (x, 0.4, x + 0.1, 0.9)
            built.see(drawn(START + tick * SECOND // 5, far(tick), near, number=tick, size=SIZE))
        assert built.stats.detector_failures >= 10
        assert "only whole frames" in built.stats.problems[-1]
        built.finish("source_ended")
    assert [label for label, _ in ends(sink)] == ["person", "person"]


def test_stillness_is_a_matter_of_place_and_time() -> None:
    still = Stillness()
    everybody = np.ones(2, dtype=np.bool_)

    def at(second: int, *, x: float = 0.0, observed: bool = True) -> list[bool]:
        now = tracks(START + second * SECOND, 1, 2, observed=observed)
        now.boxes[1, [0, 2]] += np.float32(x)
        still.see(now, everybody)
        return [bool(each) for each in still.of(now)]

    assert at(0) == at(4) == [False, False]
    assert at(5) == [True, True]
    assert at(6, x=0.01) == [True, True], "a tenth of its width is no move"
    assert at(7, x=0.05) == [True, False]
    assert at(11, x=0.05) == [True, False]
    assert at(12, x=0.05) == [True, True]
    assert at(13, observed=False) == [False, False], "looked for and not found: look again soon"
    still.forget()
    assert at(30) == [False, False]
