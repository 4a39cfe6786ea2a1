"""The small parts of the tracker: overlap, pairs, the filter, and the path as bytes."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.contracts.errors import InvalidInput, StorageFailed
from vedette.track import kalman
from vedette.track.assign import assign
from vedette.track.boxes import centred, cornered, overlapping
from vedette.track.path import Path, decode, encode


def test_overlap_equals_the_table() -> None:
    a = np.array([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 2.0, 2.0]]).T
    b = np.array([[0.0, 0.0, 10.0, 10.0], [5.0, 0.0, 15.0, 10.0], [20.0, 20.0, 30.0, 30.0]]).T
    rows, columns, iou = overlapping(centred(a), centred(b), least=0.01)
    assert (rows.tolist(), columns.tolist()) == ([0, 0, 1], [0, 1, 0])
    np.testing.assert_allclose(iou, [1.0, 1 / 3, 0.04])
    rows, columns, iou = overlapping(centred(a), centred(b), least=0.1)
    assert (rows.tolist(), columns.tolist()) == ([0, 0], [0, 1])
    _, _, iou = overlapping(centred(a), centred(b), least=0.1, grow=0.5)  # 20 wide, 5 apart
    np.testing.assert_allclose(iou[:2], [1.0, 0.6])


@pytest.mark.parametrize("count", [3, 30, 200])
def test_many_boxes_overlap_as_few_do(count: int) -> None:
    rng = np.random.default_rng(count)
    low = rng.uniform(0.0, 1.0, (2, 2, count))
    a, b = (np.concatenate((one, one + rng.uniform(0.01, 0.2, (2, count)))) for one in low)
    wide = np.minimum(a[2][:, None], b[2]) - np.maximum(a[0][:, None], b[0])
    high = np.minimum(a[3][:, None], b[3]) - np.maximum(a[1][:, None], b[1])
    inside = np.clip(wide, 0.0, None) * np.clip(high, 0.0, None)
    area = [(one[2] - one[0]) * (one[3] - one[1]) for one in (a, b)]
    rows, columns, iou = overlapping(centred(a), centred(b), least=1e-9)
    dense = np.zeros((count, count))
    dense[rows, columns] = iou
    np.testing.assert_allclose(dense, inside / (area[0][:, None] + area[1] - inside))
    assert len(rows) == np.count_nonzero(dense)
    far = np.zeros(count), np.zeros(count)
    apart = overlapping(centred(a), centred(b), least=1e-9, apart=far)
    order, same = np.lexsort((columns, rows)), np.lexsort((apart[1], apart[0]))
    for one, other in zip((rows, columns, iou), apart, strict=True):
        np.testing.assert_array_equal(one[order], other[same])


def test_corners_and_centres_are_the_same_boxes() -> None:
    boxes = np.array([[0.1, 0.2, 0.5, 0.4], [0.0, 0.0, 1.0, 1.0]]).T
    np.testing.assert_allclose(cornered(centred(boxes)), boxes)


@given(st.integers(0, 10_000), st.integers(0, 7), st.integers(0, 7))
@settings(max_examples=150, deadline=None)
def test_pairs_are_as_many_and_as_alike_as_an_exhaustive_search_finds(
    seed: int, n: int, m: int
) -> None:
    rng = np.random.default_rng(seed)
    likeness = np.where(rng.random((n, m)) < 0.5, rng.random((n, m)), 0.0)
    least = 0.2
    row, column = np.nonzero(likeness)
    rows, columns = assign(row, column, likeness[row, column], least)
    assert len(set(rows.tolist())) == len(rows)
    assert len(set(columns.tolist())) == len(columns)
    assert (likeness[rows, columns] >= least).all()
    wide = likeness if n <= m else likeness.T
    worth = np.where(wide >= least, 1.0 + wide, 0.0)
    best = max(
        sum(worth[row, column] for row, column in enumerate(chosen))
        for chosen in itertools.permutations(range(wide.shape[1]), wide.shape[0])
    )
    assert len(rows) + likeness[rows, columns].sum() == pytest.approx(best)


def test_the_filter_learns_a_steady_walk_and_predicts_it() -> None:
    def at(second: float) -> np.ndarray:
        return np.array([[0.2 + 0.05 * second], [0.5], [0.04], [0.2]])

    state = kalman.begin(at(0.0))
    steady = kalman.Filter(state)
    for tick in range(1, 41):
        steady.predict(0.1)
        steady.correct(at(tick / 10))
    assert state[kalman.VELOCITY][0, 0] == pytest.approx(0.05, rel=0.05)
    steady.predict(1.0)
    assert state[0, 0] == pytest.approx(0.2 + 0.05 * 5.0, abs=0.005)


def test_the_filter_is_the_textbooks() -> None:
    """Against matrices, written out for one axis."""
    box = np.array([[0.3], [0.4], [0.1], [0.2]])
    state = kalman.begin(box)
    mean = np.array([0.4, 0.0])
    covariance = np.diag([(0.05 * 0.2) ** 2, (1.5 * 0.2) ** 2])
    size = 0.2
    for tick in range(1, 6):
        dt = 0.1 * tick
        move = np.array([[1.0, dt], [0.0, 1.0]])
        noise = (0.4 * size) ** 2 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
        mean, covariance = move @ mean, move @ covariance @ move.T + noise
        measured = 0.4 + 0.02 * tick**2
        gain = covariance[:, 0] / (covariance[0, 0] + (0.05 * size) ** 2)
        mean = mean + gain * (measured - mean[0])
        covariance = covariance - np.outer(gain, covariance[0])
        filtered = kalman.Filter(state)
        filtered.predict(dt)
        filtered.correct(np.array([[0.3], [measured], [0.1], [0.2]]))
        np.testing.assert_allclose(state[[1, 9], 0], mean)
        np.testing.assert_allclose(
            state[[17, 5, 13], 0], [covariance[0, 0], covariance[0, 1], covariance[1, 1]]
        )


def test_who_is_missing_is_not_corrected() -> None:
    state = kalman.begin(np.array([[0.2, 0.5, 0.04, 0.2], [0.7, 0.4, 0.1, 0.1]]).T)
    kalman.Filter(state).predict(0.3)
    before = state.copy()
    kalman.Filter(state).correct(before[:4] + 0.02, np.array([1]))
    np.testing.assert_array_equal(state[:, 1], before[:, 1])
    assert (state[:4, 0] > before[:4, 0]).all()


def test_one_long_step_is_as_uncertain_as_many_short_ones() -> None:
    once = kalman.begin(np.array([[0.5], [0.5], [0.1], [0.2]]))
    often = once.copy()
    kalman.Filter(once).predict(1.0)
    for _ in range(100):
        kalman.Filter(often).predict(0.01)
    np.testing.assert_allclose(often, once, rtol=1e-3)


def test_each_column_of_the_filter_is_its_own() -> None:
    boxes = np.array([[0.2, 0.5, 0.04, 0.2], [0.7, 0.4, 0.1, 0.1]]).T

    def filtered(measured: np.ndarray) -> np.ndarray:
        state = kalman.begin(measured)
        steps = (0.3, 0.1, np.full(measured.shape[1], 0.2))  # one for all, one for each
        for step in steps:
            kalman.Filter(state).predict(step)
            kalman.Filter(state).correct(measured + 0.01)
        return state

    both = filtered(boxes)
    for column in range(2):
        np.testing.assert_array_equal(
            filtered(boxes[:, column : column + 1])[:, 0], both[:, column]
        )


def walk(n: int, seed: int = 0) -> Path:
    rng = np.random.default_rng(seed)
    steps = np.cumsum(rng.normal(60, 25, (n, 4)), axis=0) + 2000
    return Path(
        offsets_ms=np.cumsum(rng.integers(99, 102, n)).astype(np.uint32),
        boxes=np.clip(steps, 0, 65535).astype(np.uint16),
        scores=rng.integers(45000, 52000, n).astype(np.uint16),
    )


@given(st.integers(0, 40), st.integers(0, 10_000))
@settings(max_examples=100, deadline=None)
def test_a_path_comes_back_exactly(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    path = Path(
        offsets_ms=np.sort(rng.integers(0, 2**32, n, dtype=np.uint32)),
        boxes=rng.integers(0, 2**16, (n, 4), dtype=np.uint16),
        scores=rng.integers(0, 2**16, n, dtype=np.uint16),
    )
    back = decode(encode(path))
    for ours, theirs in (
        (path.offsets_ms, back.offsets_ms),
        (path.boxes, back.boxes),
        (path.scores, back.scores),
    ):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def test_a_walk_takes_about_ten_bytes_a_sample() -> None:
    assert len(encode(walk(600))) < 10 * 600


def test_a_path_that_makes_no_sense_is_refused() -> None:
    path = walk(5)
    with pytest.raises(InvalidInput, match="backwards"):
        encode(Path(offsets_ms=path.offsets_ms[::-1], boxes=path.boxes, scores=path.scores))
    with pytest.raises(InvalidInput, match="5 times has boxes"):
        encode(Path(offsets_ms=path.offsets_ms, boxes=path.boxes[:4], scores=path.scores))


def test_damaged_bytes_are_a_sentence_and_never_a_wrong_path() -> None:
    whole = encode(walk(50))
    for damaged in (b"", whole[:3], whole[:-4], b"\x09" + whole[1:], whole[:1] + b"\xff" * 4):
        with pytest.raises(StorageFailed, match="a stored path"):
            decode(damaged)
    flipped = bytearray(whole)
    flipped[20] ^= 0x10
    with pytest.raises(StorageFailed, match="a stored path"):
        decode(bytes(flipped))
    longer = bytearray(whole)
    longer[1] -= 1
    with pytest.raises(StorageFailed, match="should hold 49 samples"):
        decode(bytes(longer))
