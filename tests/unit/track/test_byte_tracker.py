"""What the tracker is good at: crossings, doubtful boxes, comings-back; and what it refuses."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from vedette.contracts.errors import InvalidInput
from vedette.contracts.sight import Detections, EndedTrack, Returned, Tracks
from vedette.testing.tracker_contract import LABELS, TICK_US, Box, detections, walker
from vedette.track.byte import ByteConfig, ByteTracker

RED = np.array([1.0, 0.0, 0.0], dtype=np.float32)
BLUE = np.array([0.0, 1.0, 0.0], dtype=np.float32)
REDDISH = np.array([0.94, 0.341, 0.0], dtype=np.float32)
"""Alike enough to be the same for a moment, not to be somebody who left."""


def tracker(**settings: float) -> ByteTracker:
    return ByteTracker(ByteConfig.model_validate(settings))


def found(
    boxes: Sequence[Box], scores: Sequence[float], looks: Sequence[object] = ()
) -> Detections:
    return Detections(
        boxes=np.array(boxes, dtype=np.float32).reshape(-1, 4),
        scores=np.array(scores, dtype=np.float32),
        classes=np.zeros(len(boxes), dtype=np.int16),
        labels=LABELS,
        looks=np.array(looks, dtype=np.float32).reshape(-1, 3) if looks else None,
    )


def number_at(tracks: Tracks, box: Box) -> int:
    """Number of the observed track nearest to a box."""
    off = np.abs(tracks.boxes - np.array(box, dtype=np.float32)).sum(axis=1)
    off[~tracks.observed] = np.inf
    return int(tracks.ids[off.argmin()])


def test_a_doubtful_box_continues_a_track_and_never_begins_one() -> None:
    byte = tracker()
    for tick in range(10):
        byte.update(found([walker(tick)], [0.8]), tick * TICK_US)
    for tick in range(10, 30):
        tracks = byte.update(
            found([walker(tick), (0.6, 0.1, 0.65, 0.3)], [0.3, 0.3]), tick * TICK_US
        )
        assert tracks.ids.tolist() == [1]
        assert tracks.observed.all()
        assert tracks.scores[0] == pytest.approx(0.3)
    ended = byte.finish(30 * TICK_US).ended
    assert (ended[0].seen, ended[0].code) == (30, "finished")
    assert ended[0].median_score == pytest.approx(0.3, abs=0.01)
    assert ended[0].best_score == pytest.approx(0.8)


def test_boxes_below_the_lowest_score_are_ignored() -> None:
    byte = tracker()
    for tick in range(10):
        byte.update(found([walker(tick)], [0.8]), tick * TICK_US)
    assert not byte.update(found([walker(10)], [0.1]), 10 * TICK_US).observed.any()


@pytest.mark.parametrize("hidden", [0, 4])
def test_people_who_pass_each_other_keep_their_numbers(hidden: int) -> None:
    byte = tracker()
    before = after = None
    for tick in range(60):
        left = walker(tick, x=0.1, y=0.4)
        right = walker(tick, x=0.7, y=0.41, speed=-0.01)
        behind = abs(tick - 30) < hidden
        boxes = [left] if behind else [left, right]
        tracks = byte.update(found(boxes, [0.9] * len(boxes)), tick * TICK_US)
        if tick == 10:
            before = (number_at(tracks, left), number_at(tracks, right))
        after = (number_at(tracks, left), number_at(tracks, right))
    assert before == after


def swapped(looks: Sequence[object]) -> bool:
    """Two people walk towards each other, meet for two seconds, and turn back."""
    byte = tracker()
    before = after = (0, 0)
    for tick in range(60):
        gap = 0.02 + 0.01 * max(abs(tick - 30) - 10, 0)
        left, right = (0.45 - gap, 0.4, 0.5 - gap, 0.6), (0.45 + gap, 0.4, 0.5 + gap, 0.6)
        # While they stand together the detector sees one person, in the middle.
        together = abs(tick - 30) <= 10
        boxes = [(0.45, 0.4, 0.5, 0.6)] if together else [left, right]
        own = list(looks)[: len(boxes)] if looks else []
        tracks = byte.update(found(boxes, [0.9] * len(boxes), own), tick * TICK_US)
        if tick == 15:
            before = (number_at(tracks, left), number_at(tracks, right))
        if tick == 50:
            after = (number_at(tracks, left), number_at(tracks, right))
    assert 0 not in before
    return before != after


def test_people_who_meet_and_turn_back_are_told_apart_by_their_looks() -> None:
    assert not swapped([RED, BLUE])
    assert swapped([]), "boxes alone cannot tell, or this scene proves nothing"


def test_who_comes_back_from_afar_must_look_alike() -> None:
    def number_after(looks: object) -> int:
        byte = tracker()
        for tick in range(10):
            byte.update(found([(0.3, 0.4, 0.35, 0.6)], [0.9], [RED]), tick * TICK_US)
        for tick in range(10, 30):
            byte.update(found([], []), tick * TICK_US)
        tracks = byte.update(found([(0.42, 0.4, 0.47, 0.6)], [0.9], [looks]), 30 * TICK_US)
        return number_at(tracks, (0.42, 0.4, 0.47, 0.6))

    assert number_after(RED) == 1
    assert number_after(BLUE) == 2


def test_a_comeback_further_than_anyone_walks_is_someone_else() -> None:
    byte = tracker()
    for tick in range(10):
        byte.update(found([(0.1, 0.4, 0.15, 0.6)], [0.9], [RED]), tick * TICK_US)
    byte.update(found([], []), 10 * TICK_US)
    tracks = byte.update(found([(0.8, 0.4, 0.85, 0.6)], [0.9], [RED]), 11 * TICK_US)
    assert number_at(tracks, (0.8, 0.4, 0.85, 0.6)) == 2


def test_who_walks_out_of_the_picture_has_left() -> None:
    byte = tracker()
    ended: list[EndedTrack] = []
    for tick in range(60):
        box = walker(tick, x=0.8, speed=0.02)
        boxes = [(*box[:2], min(box[2], 1.0), box[3])] if box[0] < 0.99 else []
        ended += byte.update(found(boxes, [0.9] * len(boxes)), tick * TICK_US).ended
    assert [(end.id, end.code) for end in ended] == [(1, "left")]


def test_a_second_box_of_the_same_object_begins_no_track() -> None:
    byte = tracker()
    for tick in range(20):
        one = walker(tick)
        other = (one[0], one[1], one[2], one[3] - 0.03)
        tracks = byte.update(found([one, other], [0.9, 0.7]), tick * TICK_US)
        assert tracks.ids.tolist() == [1]


def test_the_class_is_what_most_boxes_said() -> None:
    byte = tracker()
    for tick in range(20):
        label = "car" if tick % 5 == 4 else "person"
        tracks = byte.update(detections([walker(tick)], label=label), tick * TICK_US)
        assert tracks.ids.tolist() == [1]
        assert LABELS[int(tracks.classes[0])] == "person"


@pytest.mark.parametrize("step_us", [33_333, 100_000, 400_000])
def test_frames_may_come_at_any_rate(step_us: int) -> None:
    byte = tracker()
    for tick in range(0, 6_000_000, step_us):
        tracks = byte.update(found([walker(0, x=0.1 + tick / 1e6 * 0.1)], [0.9]), tick)
    assert tracks.ids.tolist() == [1]


def test_looking_in_vain_for_longer_than_lost_s_ends_a_track_and_not_before() -> None:
    byte = tracker(lost_s=2.0)
    for tick in range(5):
        byte.update(found([walker(tick, speed=0.0)], [0.9]), tick * TICK_US)
    ends = [tick for tick in range(5, 40) if byte.update(found([], []), tick * TICK_US).ended]
    assert ends == [25]


def test_a_pause_counts_as_one_second_at_most() -> None:
    byte = tracker(lost_s=2.0, pause_s=1.0)
    byte.update(found([walker(0)], [0.9]), 0)
    byte.update(found([walker(0)], [0.9]), TICK_US)
    hour_us = 3_600_000_000
    assert not byte.update(found([], []), hour_us).ended
    assert not byte.update(found([], []), 2 * hour_us).ended
    assert byte.update(found([], []), 3 * hour_us).ended


def of_classes(labels: tuple[str, ...], label: str, *boxes: Box) -> Detections:
    n = len(boxes)
    return Detections(
        boxes=np.array(boxes, dtype=np.float32).reshape(n, 4),
        scores=np.full(n, 0.9, dtype=np.float32),
        classes=np.full(n, labels.index(label), dtype=np.int16),
        labels=labels,
    )


def test_another_detector_takes_over_without_losing_anyone() -> None:
    """Its classes have other numbers; one that it does not know stays as long as its objects."""
    byte, other = tracker(), (0.6, 0.1, 0.8, 0.2)
    for tick in range(5):
        byte.update(detections([walker(tick)]), tick * TICK_US)
    byte.update(of_classes(LABELS, "car", walker(5), other), 5 * TICK_US)
    byte.update(of_classes(LABELS, "car", walker(6), other), 6 * TICK_US)
    new = ("dog", "person", "van")
    for tick in range(7, 20):
        seen = byte.update(of_classes(new, "person", walker(tick)), tick * TICK_US)
    named = {
        int(number): seen.labels[int(kind)]
        for number, kind in zip(seen.ids, seen.classes, strict=True)
    }
    assert named == {1: "person", 2: "car"}
    assert seen.labels[: len(new)] == new, "numbers of the detector's classes are the detector's"
    ended = byte.update(of_classes(new, "dog"), 8_000_000).ended
    ended += byte.finish(9_000_000).ended
    assert {one.id: one.label for one in ended} == {1: "person", 2: "car"}


def test_what_was_not_looked_at_is_not_missing() -> None:
    """Two stand still; for a minute only the left half is looked at, and the left one is gone."""
    byte = tracker()
    left, right = (0.1, 0.4, 0.15, 0.6), (0.8, 0.4, 0.85, 0.6)
    for tick in range(10):
        byte.update(detections([left, right]), tick * TICK_US)
    half = replace(detections([]), areas=np.array([[0.0, 0.0, 0.5, 1.0]], dtype=np.float32))
    ended: list[EndedTrack] = []
    for tick in range(10, 610):
        tracks = byte.update(half, tick * TICK_US)
        assert not tracks.observed.any()
        ended += tracks.ended
    assert [(one.id, one.code) for one in ended] == [(1, "lost")]
    again = byte.update(detections([right]), 610 * TICK_US)
    assert (again.ids.tolist(), again.observed.tolist()) == ([2], [True])
    for tick in range(611, 660):
        ended += byte.update(detections([]), tick * TICK_US).ended
    assert [one.id for one in ended] == [1, 2], "looked for again, it is missed again"


def to_the_edge_and_back(byte: ByteTracker, colour: object, *, after_s: float = 3.0) -> Returned:
    """Someone in red walks out at the right; someone comes in there."""
    seen: list[Tracks] = []
    for tick in range(15):
        box = walker(tick, x=0.82)
        shown = found([box], [0.9], [RED]) if box[0] < 0.97 else found([], [])
        seen.append(byte.update(shown, tick * TICK_US))
    later = 15 + round(after_s * 10)
    seen += [byte.update(found([], []), tick * TICK_US) for tick in range(15, later)]
    assert [end.code for tracks in seen for end in tracks.ended] == ["left"]
    for tick in range(later, later + 12):
        box = walker(tick - later, x=0.93, speed=-0.01)
        seen.append(byte.update(found([box], [0.9], [colour]), tick * TICK_US))
    assert seen[-1].ids.tolist() == [2], "a number is never used twice"
    (returned,) = [one for tracks in seen for one in tracks.returned]
    return returned


def test_who_comes_back_within_seconds_is_recognised() -> None:
    returned = to_the_edge_and_back(tracker(), RED)
    assert (returned.id, returned.before) == (2, 1)
    assert returned.alike == pytest.approx(1.0)
    assert 3.0 <= returned.away_s <= 3.6


@pytest.mark.parametrize(
    ("settings", "colour", "after_s"),
    [({}, BLUE, 3.0), ({}, REDDISH, 3.0), ({}, RED, 11.0), ({"return_s": 0.0}, RED, 3.0)],
    ids=["someone else", "someone alike", "too late", "not asked for"],
)
def test_nobody_else_is_taken_for_one_who_left(
    settings: dict[str, float], colour: object, after_s: float
) -> None:
    with pytest.raises(ValueError, match="not enough values"):
        to_the_edge_and_back(tracker(**settings), colour, after_s=after_s)


def test_looks_may_begin_and_stop_without_losing_anyone() -> None:
    byte = tracker()
    for tick in range(30):
        known = [RED] if 10 <= tick < 20 else []
        tracks = byte.update(found([walker(tick)], [0.9], known), tick * TICK_US)
    assert tracks.ids.tolist() == [1]


def joints(*middles: Sequence[float]) -> np.ndarray:
    return np.array([[middle] * 17 for middle in middles], dtype=np.float32).reshape(-1, 17, 3)


def test_joints_go_with_the_object_whose_they_are() -> None:
    byte = tracker()
    left, right, late = (0.1, 0.4, 0.15, 0.6), (0.6, 0.4, 0.65, 0.6), (0.3, 0.1, 0.35, 0.3)
    byte.update(found([left, right], [0.9, 0.9]), 0)
    shown = found([late, right, left], [0.9, 0.15, 0.9])  # too doubtful to be anybody: the second
    shown = replace(shown, keypoints=joints((0.33, 0.2, 0.9), (0.63, 0.5, 0.9), (0.13, 0.5, 0.8)))
    tracks = byte.update(shown, TICK_US)
    assert (tracks.ids.tolist(), tracks.observed.tolist()) == ([1, 2, 3], [True, False, True])
    assert tracks.keypoints is not None
    assert tracks.keypoints.shape == (3, 17, 3)
    assert tracks.keypoints.dtype == np.float32
    np.testing.assert_allclose(tracks.keypoints[0], [(0.13, 0.5, 0.8)] * 17)
    assert not tracks.keypoints[1].any(), "nothing is guessed for who is not seen"
    np.testing.assert_allclose(tracks.keypoints[2], [(0.33, 0.2, 0.9)] * 17)
    assert byte.update(found([left], [0.9]), 2 * TICK_US).keypoints is None


def test_joints_come_while_somebody_leaves() -> None:
    """Rows go in the same moment; each that stays keeps its own."""
    byte = tracker(lost_s=0.2)
    boxes = [walker(0, y=0.1 + 0.3 * row, speed=0.0) for row in range(3)]
    for tick in range(4):
        byte.update(found(boxes, [0.9] * 3), tick * TICK_US)
    for tick in range(4, 7):
        middles = [(0.2, 0.1 * row, 0.9) for row in (1, 2)]
        shown = replace(found(boxes[1:], [0.9, 0.9]), keypoints=joints(*middles))
        tracks = byte.update(shown, tick * TICK_US)
    assert tracks.ids.tolist() == [2, 3]
    assert tracks.keypoints is not None
    np.testing.assert_allclose(tracks.keypoints[:, 0, 1], [0.1, 0.2])


def test_malformed_joints_are_refused() -> None:
    shown = replace(found([walker(0)], [0.9]), keypoints=np.zeros((1, 5, 3), dtype=np.float32))
    with pytest.raises(InvalidInput, match="1 detections come with boxes"):
        tracker().update(shown, 0)


def test_columns_that_go_out_twice_cannot_be_written_to() -> None:
    byte = tracker()
    for tick in range(3):
        tracks = byte.update(found([walker(tick)], [0.9]), tick * TICK_US)
    for column in (tracks.ids, tracks.classes, tracks.confirmed, tracks.first_us):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1


def test_scores_are_counted_however_long_a_track_is() -> None:
    """They are counted in batches, also while others come and go."""
    byte = tracker()
    rng = np.random.default_rng(5)
    scores: list[float] = []
    for tick in range(150):
        score = float(np.float32(rng.uniform(0.55, 0.95)))
        others = [(0.6, 0.1, 0.65, 0.3)] if tick % 11 < 4 else []
        shown = found([walker(0), *others], [score, *[0.7] * len(others)])
        tracks = byte.update(shown, tick * TICK_US)
        scores.append(score)
    (first, *_) = byte.finish(150 * TICK_US).ended
    assert (first.id, first.seen) == (1, 150)
    assert first.median_score == pytest.approx(float(np.median(scores)), abs=1 / 64)
    assert first.best_score == pytest.approx(max(scores))
    assert tracks.scores[0] == np.float32(scores[-1])


def test_settings_are_checked() -> None:
    with pytest.raises(ValidationError):
        tracker(lost_s=0.0)
    with pytest.raises(ValidationError):
        tracker(patience=3.0)
