"""Non-maximum suppression: by class, best first, ties in order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.detect.suppress import pairwise_iou, suppress

BOXES = np.array(
    [[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10], [0, 0, 10, 10], [5, 0, 15, 10]], np.float32
)


@pytest.mark.parametrize(
    ("scores", "classes", "iou", "kept"),
    [
        ([0.5, 0.9, 0.3, 0.4, 0.2], [0, 0, 0, 0, 0], 0.5, [1, 2, 4]),
        ([0.5, 0.9, 0.3, 0.4, 0.2], [0, 1, 0, 0, 0], 0.5, [1, 0, 2, 4]),
        ([0.5, 0.9, 0.3, 0.4, 0.2], [0, 0, 0, 0, 0], 0.3, [1, 2]),
        ([0.5, 0.9, 0.3, 0.4, 0.2], [0, 0, 0, 0, 0], 1.0, [1, 0, 3, 2, 4]),
        ([0.5, 0.5, 0.5, 0.5, 0.5], [0, 0, 0, 0, 0], 0.5, [0, 2, 4]),
    ],
)
def test_table(scores: list[float], classes: list[int], iou: float, kept: list[int]) -> None:
    found = suppress(BOXES, np.array(scores, np.float32), np.array(classes, np.intp), iou)

    assert found.tolist() == kept


def test_a_suppressed_box_suppresses_nothing() -> None:
    chain = np.array([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]], np.float32)
    scores = np.array([0.9, 0.8, 0.7], np.float32)

    assert suppress(chain, scores, np.zeros(3, np.intp), 0.3).tolist() == [0, 2]


def test_many_equal_scores_keep_their_order() -> None:
    apart = np.array([[x, 0, x + 1, 1] for x in range(200)], np.float32)

    scores = np.tile(np.array([0.5, 0.7, 0.5, 0.6], np.float32), 50)

    kept = suppress(apart, scores, np.zeros(200, np.intp), 0.5)

    assert kept.tolist() == sorted(range(200), key=lambda row: -scores[row])


def test_no_boxes() -> None:
    nothing = np.zeros((0, 4), np.float32)

    assert len(suppress(nothing, np.zeros(0, np.float32), np.zeros(0, np.intp), 0.5)) == 0


def test_boxes_without_area_are_harmless() -> None:
    points = np.array([[5, 5, 5, 5], [5, 5, 5, 5], [9, 9, 3, 3]], np.float32)

    assert np.isfinite(pairwise_iou(points)).all()
    kept = suppress(np.vstack((BOXES, points)), np.ones(8, np.float32), np.zeros(8, np.intp), 0.5)
    assert kept[kept < 5].tolist() == [0, 2, 4]  # what they do to each other does not matter


@given(st.lists(st.tuples(*[st.floats(0, 1, width=32)] * 5, st.integers(0, 2)), max_size=30))
def test_what_stays_never_overlaps_and_what_goes_had_a_better_neighbour(
    rows: list[tuple[float, float, float, float, float, int]],
) -> None:
    table = np.array([row[:5] for row in rows], np.float32).reshape(-1, 5)
    boxes = np.sort(table[:, :4].reshape(-1, 2, 2), axis=1).reshape(-1, 4)
    boxes[:, 2:] += np.float32(0.01)  # with an area
    classes = np.array([row[5] for row in rows], np.intp)

    kept = suppress(boxes, table[:, 4], classes, 0.5)

    overlap = pairwise_iou(boxes) * (classes[:, None] == classes[None, :])
    stays = overlap[np.ix_(kept, kept)] > 0.5 + 1e-5
    assert not (stays & ~np.eye(len(kept), dtype=np.bool_)).any()
    for gone in set(range(len(rows))) - set(kept.tolist()):
        assert any(overlap[gone, k] > 0.5 - 1e-5 and table[k, 4] >= table[gone, 4] for k in kept)
