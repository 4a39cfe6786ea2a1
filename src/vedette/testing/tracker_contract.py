"""What every tracker must do. Subclass, provide `make`, and run pytest."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from vedette.contracts.errors import InvalidInput
from vedette.contracts.sight import Detections, EndedTrack, Tracks
from vedette.track.port import Tracker

LABELS = ("person", "car")
TICK_US = 100_000
"""Ten frames a second."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in fractions of the frame."""


def detections(boxes: Sequence[Box], *, score: float = 0.9, label: str = "person") -> Detections:
    """What a detector would have found."""
    n = len(boxes)
    return Detections(
        boxes=np.array(boxes, dtype=np.float32).reshape(n, 4),
        scores=np.full(n, score, dtype=np.float32),
        classes=np.full(n, LABELS.index(label), dtype=np.int16),
        labels=LABELS,
    )


def walker(tick: int, *, x: float = 0.1, y: float = 0.4, speed: float = 0.01) -> Box:
    """A person of a fifth of the frame's height, going right."""
    return (x + speed * tick, y, x + speed * tick + 0.05, y + 0.2)


def walk(tracker: Tracker, ticks: range, boxes: Sequence[dict[str, float]]) -> Iterator[Tracks]:
    """Show walkers for some frames."""
    for tick in ticks:
        found = detections([walker(tick, **one) for one in boxes])
        yield tracker.update(found, tick * TICK_US)


class TrackerContract:
    """The suite."""

    lost_s: float = 4.0
    """After how many seconds of looking in vain the tracker gives up an object, at most."""

    def make(self) -> Tracker:
        raise NotImplementedError

    def test_an_object_keeps_its_number_and_is_confirmed(self) -> None:
        seen = list(walk(self.make(), range(20), [{}]))
        assert {int(tracks.ids[0]) for tracks in seen} == {1}
        assert all(len(tracks) == 1 for tracks in seen)
        last = seen[-1]
        assert last.confirmed.all()
        assert last.observed.all()
        assert last.first_us.tolist() == [0]
        assert last.labels[int(last.classes[0])] == "person"
        np.testing.assert_allclose(last.boxes[0], walker(19), atol=0.02)

    def test_two_objects_have_two_numbers(self) -> None:
        seen = list(walk(self.make(), range(20), [{"y": 0.1}, {"y": 0.6, "speed": -0.003}]))
        assert all(sorted(tracks.ids.tolist()) == [1, 2] for tracks in seen)

    def test_rows_have_the_promised_types_and_boxes_stay_in_the_frame(self) -> None:
        tracker = self.make()
        for tick in range(30):
            tracks = tracker.update(detections([walker(tick, x=0.7)]), tick * TICK_US)
            n = len(tracks)
            for column, kind, shape in (
                (tracks.ids, "int32", (n,)),
                (tracks.boxes, "float32", (n, 4)),
                (tracks.scores, "float32", (n,)),
                (tracks.classes, "int16", (n,)),
                (tracks.observed, "bool", (n,)),
                (tracks.confirmed, "bool", (n,)),
                (tracks.first_us, "int64", (n,)),
            ):
                assert (column.dtype.name, column.shape) == (kind, shape)
            assert tracks.at_us == tick * TICK_US
            assert ((tracks.boxes >= 0.0) & (tracks.boxes <= 1.0)).all()

    def test_an_object_that_is_missed_for_a_moment_comes_back_as_the_same(self) -> None:
        tracker = self.make()
        *_, before = walk(tracker, range(15), [{}])
        for tick in range(15, 19):
            hidden = tracker.update(detections([]), tick * TICK_US)
            assert not hidden.observed.any()
        *_, after = walk(tracker, range(19, 25), [{}])
        assert after.ids.tolist() == before.ids.tolist()

    def test_an_object_that_is_gone_ends_once_with_its_numbers(self) -> None:
        tracker = self.make()
        *_, before = walk(tracker, range(10), [{"speed": 0.0}])
        ended: list[EndedTrack] = []
        tick = 10
        for tick in range(10, 12 + round(self.lost_s * 10)):
            ended += tracker.update(detections([]), tick * TICK_US).ended
        assert [(end.id, end.code, end.confirmed) for end in ended] == [
            (int(before.ids[0]), "lost", True)
        ]
        assert (ended[0].seen, ended[0].first_us, ended[0].last_us) == (10, 0, 9 * TICK_US)
        assert ended[0].label == "person"
        assert ended[0].median_score == pytest.approx(0.9, abs=0.02)
        assert ended[0].best_score == pytest.approx(0.9)
        fresh = tracker.update(detections([walker(0)]), (tick + 1) * TICK_US)
        assert fresh.ids.tolist() != before.ids.tolist(), "a number is never used twice"

    def test_time_without_a_look_makes_nothing_old(self) -> None:
        tracker = self.make()
        *_, before = walk(tracker, range(10), [{"speed": 0.0}])
        hour_us = 3_600_000_000
        after = tracker.update(detections([walker(0)]), hour_us)
        assert after.ids.tolist() == before.ids.tolist()
        assert after.ended == ()

    def test_a_single_sight_is_not_an_object(self) -> None:
        tracker = self.make()
        tracks = tracker.update(detections([walker(0)]), 0)
        assert not tracks.confirmed.any()
        ended: list[EndedTrack] = []
        for tick in range(1, 40):
            ended += tracker.update(detections([]), tick * TICK_US).ended
        assert [(end.code, end.confirmed, end.seen) for end in ended] == [("unconfirmed", False, 1)]

    def test_finish_gives_up_everything(self) -> None:
        tracker = self.make()
        list(walk(tracker, range(10), [{"y": 0.1}, {"y": 0.6}]))
        final = tracker.finish(10 * TICK_US)
        assert len(final) == 0
        assert sorted((end.id, end.confirmed) for end in final.ended) == [(1, True), (2, True)]
        assert tracker.finish(10 * TICK_US).ended == ()

    def test_an_empty_scene_is_fine(self) -> None:
        tracker = self.make()
        assert len(tracker.finish(0)) == 0
        assert len(tracker.update(detections([]), 1)) == 0
        assert len(tracker.finish(2)) == 0

    def test_time_that_goes_backwards_is_refused(self) -> None:
        tracker = self.make()
        tracker.update(detections([walker(0)]), 2 * TICK_US)
        tracker.update(detections([walker(0)]), 2 * TICK_US)
        with pytest.raises(InvalidInput, match="backwards"):
            tracker.update(detections([walker(0)]), TICK_US)

    def test_the_same_input_gives_the_same_tracks(self) -> None:
        def run() -> list[tuple[list[int], bytes]]:
            rng, tracker = np.random.default_rng(3), self.make()
            out: list[tuple[list[int], bytes]] = []
            for tick in range(60):
                boxes = [
                    walker(tick, y=0.1 * lane, speed=float(0.004 * (lane - 3)), x=0.5)
                    for lane in range(7)
                    if rng.random() < 0.8
                ]
                tracks = tracker.update(detections(boxes), tick * TICK_US)
                out.append((tracks.ids.tolist(), tracks.boxes.tobytes()))
            return out

        assert run() == run()
