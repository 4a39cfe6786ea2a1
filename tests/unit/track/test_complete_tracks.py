"""Completing finished tracks: gaps are filled, accidents dropped, motion stays where it was."""

import numpy as np
import pytest

from vedette.track.smooth import CompleteConfig, Rows, complete

FRAMES = np.arange(1, 101, dtype=np.int64)
TIMES = FRAMES * 100_000
PLAIN = CompleteConfig(calm_s=0.0)


def track(
    frames: list[int], *, number: int = 1, speed: float = 2.0, score: float = 0.8, top: float = 50.0
) -> Rows:
    at = np.array(frames, dtype=np.float64)
    left = 10.0 + speed * at
    boxes = np.stack(
        [left, np.full_like(at, top), left + 20.0, np.full_like(at, top + 50.0)], axis=1
    )
    n = len(frames)
    return Rows(
        frames=np.array(frames, dtype=np.int64),
        ids=np.full(n, number, dtype=np.int32),
        boxes=boxes.astype(np.float32),
        scores=np.full(n, score, dtype=np.float32),
        classes=np.zeros(n, dtype=np.int16),
    )


def joined(*parts: Rows) -> Rows:
    return Rows(
        frames=np.concatenate([part.frames for part in parts]),
        ids=np.concatenate([part.ids for part in parts]),
        boxes=np.concatenate([part.boxes for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        classes=np.concatenate([part.classes for part in parts]),
    )


def whole(rows: Rows, config: CompleteConfig = PLAIN) -> Rows:
    return complete(rows, frames=FRAMES, at_us=TIMES, config=config)


def test_a_gap_is_filled_on_the_straight_line() -> None:
    seen = [*range(1, 11), *range(21, 31)]
    filled = whole(track(seen))
    assert filled.frames.tolist() == list(range(1, 31))
    np.testing.assert_allclose(filled.boxes, track(list(range(1, 31))).boxes, atol=1e-4)
    assert set(filled.ids.tolist()) == {1}
    np.testing.assert_allclose(filled.scores, 0.8)


def test_a_gap_longer_than_gap_s_stays_open() -> None:
    seen = [*range(1, 11), *range(41, 51)]
    for gap_s, rows in ((2.9, 20), (3.1, 50)):
        config = CompleteConfig(gap_s=gap_s, least_share=0.4)
        assert len(whole(track(seen), config)) == rows


def test_only_frames_that_were_looked_at_are_filled() -> None:
    every_third = FRAMES[::3]
    rows = track([1, 4, 7, 16, 19, 22])
    filled = complete(rows, frames=every_third, at_us=every_third * 100_000, config=PLAIN)
    assert filled.frames.tolist() == [1, 4, 7, 10, 13, 16, 19, 22]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (track([1, 2, 3]), "too short"),
        (track([1, 50]), "too few"),
        (track([*range(1, 10), *range(47, 56)]), "mostly not seen"),
        (track(list(range(1, 40)), score=0.45), "too doubtful"),
        (track(list(range(1, 40)), score=0.55, speed=0.0), "doubtful, and never moves"),
    ],
)
def test_accidents_are_dropped(rows: Rows, why: str) -> None:
    person = track(list(range(1, 40)), number=2, top=200.0)
    assert set(whole(joined(rows, person)).ids.tolist()) == {2}, why


def test_a_sure_object_may_stand_still_and_a_doubtful_one_may_walk() -> None:
    assert len(whole(track(list(range(1, 40)), speed=0.0, score=0.7))) == 39
    assert len(whole(track(list(range(1, 40)), speed=2.0, score=0.55))) == 39


def test_the_beginning_stays_however_it_was_called_then() -> None:
    assert whole(track(list(range(5, 30)))).frames[0] == 5


def test_rows_come_ordered_by_frame_then_track_whatever_their_order_was() -> None:
    rows = joined(track(list(range(1, 20)), number=7), track(list(range(1, 20)), number=3))
    mixed = rows.pick(np.random.default_rng(0).permutation(len(rows)))
    out = whole(mixed)
    assert out.frames.tolist() == sorted(out.frames.tolist())
    assert out.ids.tolist()[:4] == [3, 7, 3, 7]


def test_calming_takes_jitter_away_and_leaves_straight_motion_alone() -> None:
    straight = track(list(range(1, 60)))
    calm = CompleteConfig(calm_s=0.2)
    np.testing.assert_allclose(whole(straight, calm).boxes, straight.boxes, atol=1e-3)
    rng = np.random.default_rng(1)
    noise = rng.normal(0.0, 2.0, straight.boxes.shape).astype(np.float32)
    shaken = Rows(
        frames=straight.frames,
        ids=straight.ids,
        boxes=straight.boxes + noise,
        scores=straight.scores,
        classes=straight.classes,
    )
    left = np.abs(whole(shaken, calm).boxes - straight.boxes)[5:-5].mean()
    assert left < 0.6 * np.abs(noise[5:-5]).mean()


def test_nothing_in_nothing_out() -> None:
    nothing = track([])
    assert len(whole(nothing)) == 0
    assert complete(nothing, frames=FRAMES[:0], at_us=TIMES[:0]).boxes.shape == (0, 4)
