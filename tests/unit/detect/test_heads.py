"""Every head finds the boxes that were planted in its raw tensors, within a pixel."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from vedette.contracts.errors import ModelUnavailable
from vedette.detect.heads import HEADS, head
from vedette.detect.heads.base import Question
from vedette.detect.heads.nanodet import expected
from vedette.detect.heads.ssd import anchors

F32 = npt.NDArray[np.float32]
Planted = list[tuple[tuple[float, float, float, float], float, int]]
"""Box in pixels, score, class."""

WIDTH, HEIGHT, CLASSES = 320, 192, 5
ASKED = Question(width=WIDTH, height=HEIGHT, classes=CLASSES, score=0.3)

PLANTED: Planted = [
    ((100.0, 60.0, 130.0, 140.0), 0.9, 0),
    ((5.0, 8.0, 45.0, 30.0), 0.5, 3),
    ((250.0, 100.0, 310.0, 185.0), 0.31, 4),
]


def nanodet(planted: Planted) -> dict[str, F32]:
    outputs = {}
    for level, stride in enumerate((8, 16, 32)):
        cells = WIDTH // stride * (HEIGHT // stride)
        outputs[f"scores_{level}"] = np.full((1, cells, CLASSES), 0.01, np.float32)
        outputs[f"boxes_{level}"] = np.zeros((1, cells, 4 * 11), np.float32)
    for level, ((x1, y1, x2, y2), score, label) in zip((1, 0, 2), planted, strict=False):
        stride = 8 * 2**level
        column, row = int((x1 + x2) / 2 // stride), int((y1 + y2) / 2 // stride)
        x, y = (column + 0.5) * stride, (row + 0.5) * stride
        cell = row * (WIDTH // stride) + column
        outputs[f"scores_{level}"][0, cell, label] = score
        for side, distance in enumerate((x - x1, y - y1, x2 - x, y2 - y)):
            low = int(distance // stride)
            part = distance / stride - low  # two neighbouring bins whose mean is the distance
            bins = outputs[f"boxes_{level}"][0, cell, side * 11 : side * 11 + 11]
            bins[:] = -50.0
            bins[low], bins[low + 1] = np.log(max(1 - part, 1e-9)), np.log(max(part, 1e-9))
    return outputs


def centernet(planted: Planted) -> dict[str, F32]:
    rows = np.zeros((1, 100, 6), np.float32)
    for index, (box, score, label) in enumerate(planted):
        rows[0, index] = (*box, score, label)
    return {"detections": rows}


def ssd(planted: Planted) -> dict[str, F32]:
    outputs = {}
    grids = [(12, 20), (6, 10), (3, 5)]
    for level, (rows, columns) in enumerate(grids):
        count = len(anchors(level, 3))
        outputs[f"boxes_{level}"] = np.zeros((1, rows, columns, count * 4), np.float32)
        outputs[f"scores_{level}"] = np.full((1, rows, columns, count * 6), 0.01, np.float32)
        outputs[f"scores_{level}"][..., ::6] = 0.99  # the background
    for level, ((x1, y1, x2, y2), score, label) in zip((1, 0, 2), planted, strict=False):
        rows, columns = grids[level]
        column, row = int((x1 + x2) / 2 * columns / WIDTH), int((y1 + y2) / 2 * rows / HEIGHT)
        anchor = 2
        height, width = anchors(level, 3)[anchor]
        ty = ((y1 + y2) / 2 - (row + 0.5) * HEIGHT / rows) / height * 10
        tx = ((x1 + x2) / 2 - (column + 0.5) * WIDTH / columns) / width * 10
        th, tw = np.log((y2 - y1) / height) * 5, np.log((x2 - x1) / width) * 5
        outputs[f"boxes_{level}"][0, row, column, anchor * 4 : anchor * 4 + 4] = (ty, tx, th, tw)
        outputs[f"scores_{level}"][0, row, column, anchor * 6 + 1 + label] = score
    return outputs


def yolov3(planted: Planted) -> dict[str, F32]:
    grids = [(6, 10), (12, 20)]
    outputs = {
        f"boxes_{level}": np.zeros((1, *grid, 3, 5 + CLASSES), np.float32)
        for level, grid in enumerate(grids)
    }
    for level, ((x1, y1, x2, y2), score, label) in zip((0, 1, 0), planted, strict=False):
        rows, columns = grids[level]
        x, y = (x1 + x2) / 2 * columns / WIDTH, (y1 + y2) / 2 * rows / HEIGHT
        cell = outputs[f"boxes_{level}"][0, int(y), int(x), 1]
        cell[:5] = (x % 1, y % 1, x2 - x1, y2 - y1, 0.95)
        cell[5 + label] = score / 0.95
    return outputs


def yolo11(planted: Planted) -> dict[str, F32]:
    columns = np.zeros((1, 4 + CLASSES, 8400), np.float32)
    for index, ((x1, y1, x2, y2), score, label) in enumerate(planted):
        columns[0, :4, index * 100] = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
        columns[0, 4 + label, index * 100] = score
    return {"output0": columns}


PLANT = {
    "centernet": centernet,
    "nanodet": nanodet,
    "ssd": ssd,
    "yolo11": yolo11,
    "yolov3": yolov3,
}


def test_every_head_is_tested() -> None:
    assert sorted(PLANT) == sorted(HEADS)


@pytest.mark.parametrize("name", sorted(PLANT))
def test_planted_boxes_are_found_within_a_pixel(name: str) -> None:
    found = HEADS[name](PLANT[name](PLANTED), ASKED)

    order = np.argsort(-found.scores)
    assert found.boxes.dtype == np.float32
    np.testing.assert_allclose(found.boxes[order], [box for box, _, _ in PLANTED], atol=0.5)
    np.testing.assert_allclose(found.scores[order], [s for _, s, _ in PLANTED], atol=1e-5)
    assert found.classes[order].tolist() == [label for _, _, label in PLANTED]


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


@pytest.mark.parametrize("name", sorted(set(PLANT) - {"centernet"}))
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
    with pytest.raises(ModelUnavailable, match=r"'detr'; there are: centernet, nanodet"):
        head("detr")
