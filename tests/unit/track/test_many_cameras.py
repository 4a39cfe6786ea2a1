"""Several cameras in one pass of the tracker: exactly what each would have got by itself."""

from collections.abc import Sequence

import numpy as np
import pytest

from vedette.contracts.errors import InvalidInput
from vedette.contracts.sight import Detections, Tracks
from vedette.track.byte import ByteConfig, ByteTracker, advance
from vedette.track.port import Moment

LABELS = ("person", "car")
TICK_US = 100_000
SIZE = np.array([0.06, 0.14])


def joints(boxes: np.ndarray) -> np.ndarray:
    """Joints that tell whose they are: all in the middle of the box."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2.0
    rows = np.concatenate((middle, np.full((len(boxes), 1), 0.7)), axis=1)
    return np.repeat(rows[:, None], 17, axis=1).astype(np.float32)


def crowd(camera: int, *, objects: int, looks: bool, frames: int = 60) -> list[Detections]:
    """Objects that wander and meet; some are missed, some doubtful, classes waver, and now and
    then only a part of the frame is looked at."""
    rng = np.random.default_rng(camera)
    place = rng.uniform(0.05, 0.85, (objects, 2))
    speed = rng.normal(0.0, 0.012, (objects, 2))
    colours = np.abs(rng.normal(0.0, 1.0, (objects, 6)))
    shown = []
    for frame in range(frames):
        place += speed
        speed = np.where((place < -0.05) | (place > 0.95), -speed, speed)
        seen = rng.random(objects) < 0.9
        corner = (place + rng.normal(0.0, 0.002, place.shape))[seen]
        boxes = np.clip(np.concatenate((corner, corner + SIZE), axis=1), 0.0, 1.0)
        worn = np.abs(colours[seen] + rng.normal(0.0, 0.05, (int(seen.sum()), 6)))
        worn /= np.linalg.norm(worn, axis=1, keepdims=True)
        part = np.array([[0.0, 0.0, 0.6, 1.0]], dtype=np.float32)
        shown.append(
            Detections(
                boxes=boxes.astype(np.float32),
                scores=rng.uniform(0.1, 0.95, len(boxes)).astype(np.float32),
                classes=(rng.random(len(boxes)) < 0.1).astype(np.int16),
                labels=LABELS,
                looks=worn.astype(np.float32) if looks else None,
                areas=part if frame % 7 == camera % 7 else None,
                keypoints=joints(boxes) if camera % 2 else None,
            )
        )
    return shown


def times(camera: int) -> list[int]:
    """Each camera has its own rhythm, and a pause."""
    step = TICK_US * (1 + camera % 3)
    return [tick * step + (5_000_000 if tick > 30 + camera else 0) for tick in range(60)]


def same(one: Tracks, other: Tracks) -> bool:
    columns = ("ids", "boxes", "scores", "classes", "observed", "confirmed", "first_us")
    return (
        (one.at_us, one.labels, one.ended, one.returned)
        == (
            other.at_us,
            other.labels,
            other.ended,
            other.returned,
        )
        and all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in columns)
        and np.array_equal(np.array(one.keypoints), np.array(other.keypoints))
    )


@pytest.mark.parametrize("looks", [False, True])
@pytest.mark.parametrize("objects", [3, 40])
def test_a_pass_over_many_gives_each_what_it_would_get_alone(objects: int, looks: bool) -> None:
    cameras = range(6)
    shown = [crowd(camera, objects=objects, looks=looks) for camera in cameras]
    alone = [ByteTracker(ByteConfig()) for _ in cameras]
    together = [ByteTracker(ByteConfig()) for _ in cameras]
    ended = 0
    for tick in range(60):
        there = [camera for camera in cameras if (tick + camera) % 4]  # not all look each time
        moments = [
            Moment(
                tracker=together[camera],
                detections=shown[camera][tick],
                at_us=times(camera)[tick],
            )
            for camera in there
        ]
        for camera, got in zip(there, advance(moments), strict=True):
            wanted = alone[camera].update(shown[camera][tick], times(camera)[tick])
            assert same(got, wanted), f"camera {camera}, frame {tick}"
            ended += len(got.ended)
    assert ended, "nothing was ever given up: too easy"


def boxes(*corners: Sequence[float]) -> Detections:
    return Detections(
        boxes=np.array(corners, dtype=np.float32).reshape(-1, 4),
        scores=np.full(len(corners), 0.9, dtype=np.float32),
        classes=np.zeros(len(corners), dtype=np.int16),
        labels=LABELS,
    )


def test_cameras_of_different_kinds_go_together_too() -> None:
    """Other settings, other classes, other looks: a pass each, one call."""
    person = (0.4, 0.4, 0.5, 0.7)
    other = Detections.none(("dog",))
    trackers = [ByteTracker(ByteConfig(confirm_seen=seen)) for seen in (1, 3, 1)]
    for tick in range(2):
        found = [boxes(person), boxes(person), other]
        got = advance(
            [
                Moment(tracker=tracker, detections=shown, at_us=tick * TICK_US)
                for tracker, shown in zip(trackers, found, strict=True)
            ]
        )
    assert [one.confirmed.tolist() for one in got] == [[True], [False], []]
    assert [one.labels for one in got] == [LABELS, LABELS, ("dog",)]


def test_a_camera_whose_time_goes_backwards_spoils_nothing_of_the_others() -> None:
    good, bad = ByteTracker(ByteConfig()), ByteTracker(ByteConfig())
    person = boxes((0.4, 0.4, 0.5, 0.7))
    bad.update(person, 2 * TICK_US)
    moments = [
        Moment(tracker=good, detections=person, at_us=0),
        Moment(tracker=bad, detections=person, at_us=TICK_US),
    ]
    with pytest.raises(InvalidInput, match="backwards"):
        advance(moments)
    assert good.update(person, 0).ids.tolist() == [1]
    with pytest.raises(InvalidInput, match="two moments"):
        advance([moments[0], moments[0]])


def test_no_camera_is_no_answer() -> None:
    assert advance([]) == []
