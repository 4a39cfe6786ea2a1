"""Several models for one camera: one table of labels, no object twice, failures and joints."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest

from vedette.contracts.errors import InvalidConfig, ModelUnavailable
from vedette.contracts.frame import Frame
from vedette.contracts.sight import KEYPOINTS, NO_BOXES, Detections
from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.detect.port import Detector
from vedette.detect.pose import MOST, PoseStage
from vedette.detect.server import DetectorServer
from vedette.detect.several import CameraDetector, LabelTable, merged
from vedette.kit.clock import SystemClock
from vedette.testing.detector_contract import a_scene

LONG_S = 30.0
MIDDLE = (0.4, 0.2, 0.6, 0.8)
LEFT, RIGHT = (0.1, 0.2, 0.3, 0.8), (0.6, 0.2, 0.8, 0.8)
Row = tuple[tuple[float, float, float, float], float, str]


class Fixed:
    """Says the same of every frame; or fails."""

    def __init__(self, labels: tuple[str, ...], *rows: Row, error: Exception | None = None) -> None:
        self.labels = labels
        self.rows = rows
        self.error = error
        self.frames: list[Frame] = []

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        self.frames += frames
        if self.error is not None:
            raise self.error
        return [detections(self.labels, *self.rows) for _ in frames]


class Joints:
    """A pose model: every joint in the middle of the picture; none where it is dark."""

    labels: tuple[str, ...] = ("person",)
    task = "pose"

    def __init__(self) -> None:
        self.frames: list[Frame] = []

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        self.frames += frames
        joints = np.full((1, len(KEYPOINTS), 3), 0.5, dtype=np.float32)
        return [
            Detections(
                boxes=np.array([[0.4, 0.4, 0.6, 0.6]], dtype=np.float32),
                scores=np.array([0.5], dtype=np.float32),
                classes=np.zeros(1, dtype=np.int16),
                labels=self.labels,
                keypoints=joints,
            ).pick(np.array([bool(frame.y.mean() > 20)]))
            for frame in frames
        ]


def detections(labels: tuple[str, ...], *rows: Row) -> Detections:
    return Detections(
        boxes=np.array([box for box, _, _ in rows], dtype=np.float32).reshape(-1, 4),
        scores=np.array([score for _, score, _ in rows], dtype=np.float32),
        classes=np.array([labels.index(label) for _, _, label in rows], dtype=np.int16),
        labels=labels,
    )


def rows_of(found: Detections) -> set[tuple[str, float]]:
    return {
        (found.labels[int(c)], round(float(s), 3))
        for c, s in zip(found.classes, found.scores, strict=True)
    }


@contextmanager
def served(*detectors: Detector) -> Iterator[list[DetectorServer]]:
    with ExitStack() as stack:
        clock = SystemClock()
        yield [stack.enter_context(DetectorServer(d, clock=clock)) for d in detectors]


def test_one_model_answers_as_it_is() -> None:
    plain = BlobDetector(BlobConfig())
    with served(BlobDetector(BlobConfig())) as servers:
        camera = CameraDetector(servers)
        found = camera.submit(a_scene()).result(LONG_S)

    assert camera.labels == found.labels == plain.labels
    assert found.boxes.tolist() == plain.detect([a_scene()])[0].boxes.tolist()


def test_labels_of_two_models_are_one_table_and_their_boxes_one_list() -> None:
    street = Fixed(("person", "car"), (LEFT, 0.9, "person"), (RIGHT, 0.8, "car"))
    animals = Fixed(("dog", "person"), (RIGHT, 0.7, "dog"))
    with served(street, animals) as servers:
        camera = CameraDetector(servers, wanted=("dog", "car"))
        found = camera.submit(a_scene()).result(LONG_S)

    assert camera.labels == found.labels == ("person", "car", "dog")
    assert rows_of(found) == {("person", 0.9), ("car", 0.8), ("dog", 0.7)}


def test_what_two_models_see_counts_once_with_the_better_score() -> None:
    near_left = (0.11, 0.2, 0.31, 0.8)
    one = Fixed(("person", "car"), (LEFT, 0.6, "person"), (RIGHT, 0.9, "car"))
    two = Fixed(("car", "person"), (near_left, 0.8, "person"), (RIGHT, 0.5, "person"))
    with served(one, two) as servers:
        found = CameraDetector(servers).submit(a_scene()).result(LONG_S)

    assert rows_of(found) == {("person", 0.8), ("car", 0.9), ("person", 0.5)}


def test_two_boxes_of_one_model_are_that_models_business() -> None:
    close = [(LEFT, 0.9, "person"), ((0.105, 0.2, 0.305, 0.8), 0.8, "person")]
    one = detections(("person",), *close)
    other = detections(("person",), (RIGHT, 0.7, "person"))

    assert len(merged([one, other], ("person",))) == 3


def test_a_model_that_fails_does_not_blind_the_camera() -> None:
    ill = Fixed(("dog",), error=ModelUnavailable("no memory"))
    well = Fixed(("person",), (LEFT, 0.9, "person"))
    with served(ill, well) as servers:
        camera = CameraDetector(servers)
        assert rows_of(camera.submit(a_scene()).result(LONG_S)) == {("person", 0.9)}
        assert servers[0].counters().failed == 1

        servers[0].close()  # refuses at once
        assert rows_of(camera.submit(a_scene()).result(LONG_S)) == {("person", 0.9)}


def test_where_all_fail_the_answer_is_a_failure_not_an_empty_frame() -> None:
    with served(Fixed(("dog",), error=ModelUnavailable("no memory"))) as servers:
        with pytest.raises(ModelUnavailable, match="no memory"):
            CameraDetector(servers).submit(a_scene()).result(LONG_S)
        servers[0].close()
        with pytest.raises(ModelUnavailable, match="closed"):
            CameraDetector(servers).submit(a_scene()).result(LONG_S)


def test_a_class_that_no_model_knows_is_refused() -> None:
    with (
        served(Fixed(("dog",)), Fixed(("person",))) as servers,
        pytest.raises(InvalidConfig, match="does not know 'cat'; it knows: dog, person"),
    ):
        CameraDetector(servers, wanted=("dog", "cat"))


def test_the_table_of_labels_only_grows_so_that_classes_keep_their_numbers() -> None:
    table = LabelTable()
    assert table.add(("person", "car")).tolist() == [0, 1]
    assert table.add(("cat", "car")).tolist() == [2, 1]
    assert table.names == ("person", "car", "cat")

    found = table.translated(detections(("cat", "car"), (LEFT, 0.9, "cat"), (RIGHT, 0.8, "car")))

    assert found.classes.tolist() == [2, 1]
    assert found.labels == ("person", "car", "cat")


def test_after_an_exchange_a_person_is_still_a_person() -> None:
    with served(Fixed(("person", "car"), (LEFT, 0.9, "person"))) as servers:
        camera = CameraDetector(servers, wanted=("person",))
        before = camera.submit(a_scene()).result(LONG_S)
        servers[0].exchange(Fixed(("cat", "person"), (LEFT, 0.8, "person"), (RIGHT, 0.7, "cat")))
        after = camera.submit(a_scene()).result(LONG_S)

    assert after.labels[: len(before.labels)] == before.labels
    assert before.classes[0] == after.classes[0] == 0
    assert rows_of(after) == {("person", 0.8), ("cat", 0.7)}
    assert camera.missing() == ()
    assert camera.missing(servers[0], ("cat",)) == ("person",)


def test_two_cameras_may_share_a_server_and_have_tables_of_their_own() -> None:
    shared = Fixed(("person",), (LEFT, 0.9, "person"))
    other = Fixed(("dog",), (RIGHT, 0.8, "dog"))
    with served(shared, other) as servers:
        one, two = CameraDetector(servers[:1]), CameraDetector(servers[::-1])
        assert one.submit(a_scene()).result(LONG_S).labels == ("person",)
        assert two.submit(a_scene()).result(LONG_S).labels == ("dog", "person")
        assert servers[0].counters().answered == 2


def test_joints_of_each_person_come_in_the_second_stage() -> None:
    finder = Fixed(
        ("person", "car"), (MIDDLE, 0.9, "person"), (RIGHT, 0.8, "car"), (RIGHT, 0.3, "person")
    )
    joints = Joints()
    frame = a_scene(640, 360)
    with served(finder, joints) as (first, second):
        camera = CameraDetector([first], pose=PoseStage(second))
        found = camera.submit(frame).result(LONG_S)

    assert found.keypoints is not None
    assert found.keypoints.shape == (3, len(KEYPOINTS), 3)
    row = int(found.scores.argmax())
    middle = (0.5, 0.5)  # of the box, hence of the square around it, hence of what the model saw
    np.testing.assert_allclose(found.keypoints[row, :, :2], [middle] * 17, atol=0.005)
    assert (found.keypoints[row, :, 2] == 0.5).all()
    assert (np.delete(found.keypoints, row, axis=0) == 0).all()  # a car; and someone too doubtful
    (shown,) = joints.frames
    assert abs(shown.width - shown.height) <= 4
    assert shown.height == pytest.approx(0.6 * 360 * 1.5, abs=6)


def test_only_the_best_people_are_looked_at_closely_and_nobody_waits_for_a_pose_model() -> None:
    crowd = [((x / 20, 0.2, x / 20 + 0.04, 0.4), 0.5 + x / 50, "person") for x in range(19)]
    joints = Joints()
    with served(Fixed(("person",), *crowd), joints) as (first, second):
        camera = CameraDetector([first], pose=PoseStage(second))
        found = camera.submit(a_scene()).result(LONG_S)
        assert found.keypoints is not None
        seen = np.flatnonzero(found.keypoints[:, 0, 2])
        assert sorted(seen.tolist()) == sorted(np.argsort(-found.scores)[:MOST].tolist())

        second.close()
        found = camera.submit(a_scene()).result(LONG_S)
        assert len(found) == 19
        assert found.keypoints is not None
        assert not found.keypoints.any()


def test_no_people_no_second_stage() -> None:
    joints = Joints()
    for labels in (("car",), ("person",)):
        with served(Fixed(labels), joints) as (first, second):
            found = CameraDetector([first], pose=PoseStage(second)).submit(a_scene())
            assert found.result(LONG_S).boxes.tolist() == NO_BOXES.tolist()
    assert joints.frames == []


def test_a_defect_in_putting_together_is_an_answer_too(caplog: pytest.LogCaptureFixture) -> None:
    class Torn(Fixed):
        def detect(self, frames: Sequence[Frame]) -> list[Detections]:
            found = detections(("person",), (LEFT, 0.9, "person"))
            return [
                Detections(
                    boxes=found.boxes,
                    scores=found.scores,
                    classes=np.array([7], dtype=np.int16),  # a class that it does not have
                    labels=("person",),
                )
                for _ in frames
            ]

    with served(Fixed(("dog",)), Torn(("person",))) as servers:
        answer = CameraDetector(servers).submit(a_scene())
        with pytest.raises(ModelUnavailable, match="IndexError"):
            answer.result(LONG_S)
    assert "putting detections together failed" in caplog.text


def test_many_cameras_with_several_models_all_get_their_own_answers() -> None:
    one, two = BlobDetector(BlobConfig()), BlobDetector(BlobConfig(tall="cat", wide="dog"))
    frames = [a_scene(seed=seed) for seed in range(6)]
    expected = [len(one.detect([frame])[0]) * 2 for frame in frames]
    wrong: list[int] = []
    with served(one, two) as servers:

        def watch(number: int) -> None:
            camera = CameraDetector(servers)
            counts = [len(camera.submit(frames[number]).result(LONG_S)) for _ in range(10)]
            wrong.extend(count for count in counts if count != expected[number])

        threads = [threading.Thread(target=watch, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONG_S)
    assert wrong == []
