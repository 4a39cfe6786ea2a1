"""Every head finds the boxes that were planted in its raw tensors, within a pixel."""

from typing import Any

import numpy as np
import pytest

from tests.unit.detect.planting import CLASSES, HEIGHT, PLANT, WIDTH, Planted, centernet
from vedette.contracts.errors import ModelUnavailable
from vedette.detect.heads import HEADS, head
from vedette.detect.heads.base import Question
from vedette.detect.heads.nanodet import expected
from vedette.detect.heads.ssd import anchors

ASKED = Question(width=WIDTH, height=HEIGHT, classes=CLASSES, score=0.3)

PLANTED: Planted = [
    ((100.0, 60.0, 130.0, 140.0), 0.9, 0),
    ((5.0, 8.0, 45.0, 30.0), 0.5, 3),
    ((250.0, 100.0, 310.0, 185.0), 0.31, 4),
]


ONE_PERSON = {"movenet"}
"""Heads that find one box at most, of class 0."""


def planted_in(name: str) -> Planted:
    return PLANTED[:1] if name in ONE_PERSON else PLANTED


def test_every_head_is_tested() -> None:
    assert sorted(PLANT) == sorted(HEADS)


@pytest.mark.parametrize("name", sorted(PLANT))
def test_planted_boxes_are_found_within_a_pixel(name: str) -> None:
    found = HEADS[name](PLANT[name](PLANTED), ASKED)

    order = np.argsort(-found.scores)
    assert found.boxes.dtype == np.float32
    np.testing.assert_allclose(
        found.boxes[order], [box for box, _, _ in planted_in(name)], atol=0.5
    )
    np.testing.assert_allclose(found.scores[order], [s for _, s, _ in planted_in(name)], atol=1e-5)
    assert found.classes[order].tolist() == [label for _, _, label in planted_in(name)]


@pytest.mark.parametrize("name", sorted(PLANT))
def test_what_is_below_the_threshold_is_left_out(name: str) -> None:
    asked = Question(width=WIDTH, height=HEIGHT, classes=CLASSES, score=0.6)

    assert HEADS[name](PLANT[name](PLANTED), asked).scores.tolist() == pytest.approx([0.9])


@pytest.mark.parametrize("name", sorted(PLANT))
def test_nothing_planted_nothing_found(name: str) -> None:
    found = HEADS[name](PLANT[name]([]), ASKED)

    assert found.boxes.shape == (0, 4)
    assert found.scores.shape == found.classes.shape == (0,)


@pytest.mark.parametrize("name", sorted(PLANT))
def test_outputs_of_another_model_are_refused(name: str) -> None:
    for wrong in ({}, {"output": np.zeros((1, 3, 7), np.float32)}):
        with pytest.raises(ModelUnavailable, match=f"the head '{name}' expects"):
            HEADS[name](wrong, ASKED)


@pytest.mark.parametrize("name", sorted(set(PLANT) - {"centernet"} - ONE_PERSON))
def test_another_number_of_classes_is_refused_with_both_shapes(name: str) -> None:
    asked = Question(width=WIDTH, height=HEIGHT, classes=CLASSES + 1, score=0.3)

    with pytest.raises(ModelUnavailable, match=r"to be 1 x .*, it is 1 x "):
        HEADS[name](PLANT[name](PLANTED), asked)


@pytest.mark.parametrize("name", sorted(PLANT))
def test_a_missing_level_or_axis_is_refused(name: str) -> None:
    outputs: dict[str, Any] = {key: value[0] for key, value in PLANT[name](PLANTED).items()}

    with pytest.raises(ModelUnavailable):
        HEADS[name](outputs, ASKED)


def test_centernet_leaves_out_classes_that_have_no_label() -> None:
    assert len(HEADS["centernet"](centernet([((0, 0, 5, 5), 0.9, 5)]), ASKED).scores) == 0


def test_the_joints_of_a_person_are_pixels_and_scores() -> None:
    found = HEADS["movenet"](PLANT["movenet"](PLANTED), ASKED)

    assert found.keypoints is not None
    assert found.keypoints.shape == (1, 17, 3)
    np.testing.assert_allclose(found.keypoints[0, 9], [100.0, 60.0, 0.9], atol=1e-3)
    np.testing.assert_allclose(found.keypoints[0, 16], [130.0, 140.0, 0.9], atol=1e-3)
    np.testing.assert_allclose(found.keypoints[0, 0], [115.0, 100.0, 0.9], atol=1e-3)


def test_doubtful_joints_do_not_widen_the_box_and_no_numbers_are_nobody() -> None:
    outputs = PLANT["movenet"](PLANTED)
    outputs["heat"][..., 16] *= 0.1  # the right ankle, a corner of the box
    assert HEADS["movenet"](outputs, ASKED).boxes[0, 2] == pytest.approx(115.0, abs=0.01)

    outputs["offset"][:] = np.nan
    found = HEADS["movenet"](outputs, ASKED)
    assert len(found.boxes) == 0
    assert found.keypoints is not None
    assert len(found.keypoints) == 0


def test_an_absurd_size_does_not_overflow() -> None:
    outputs = PLANT["yolox"](PLANTED)
    outputs["output"][..., 2:4] = 1000.0

    assert np.isfinite(HEADS["yolox"](outputs, ASKED).boxes).all()


def test_the_mean_of_a_distribution() -> None:
    logits = np.log(np.array([[0.25, 0.5, 0.25], [1e-9, 1e-9, 1.0]], np.float32))

    np.testing.assert_allclose(expected(logits), [1.0, 2.0], atol=1e-6)
    np.testing.assert_allclose(expected(logits + 900), [1.0, 2.0], atol=1e-4)  # no overflow


def test_anchors_are_those_of_the_published_ssd() -> None:
    np.testing.assert_allclose(anchors(0, 6)[0], [30, 30], rtol=1e-5)
    np.testing.assert_allclose(
        anchors(0, 6)[1], [60 / 2**0.5, 60 * 2**0.5], rtol=1e-5
    )  # height, width
    np.testing.assert_allclose(anchors(1, 6)[5], [0.41833 * 300] * 2, rtol=1e-5)
    np.testing.assert_allclose(anchors(5, 6)[5], [0.974679 * 300] * 2, rtol=1e-5)
    assert [len(anchors(level, 6)) for level in range(6)] == [3, 6, 6, 6, 6, 6]


def test_an_unknown_head_lists_the_known_ones() -> None:
    with pytest.raises(ModelUnavailable, match=r"'detr'; there are: centernet, movenet"):
        head("detr")
