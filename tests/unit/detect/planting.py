"""Raw outputs of every family of models with known boxes planted in them."""

import numpy as np
import numpy.typing as npt

from vedette.detect.heads.ssd import anchors
from vedette.detect.heads.yolox import cells

F32 = npt.NDArray[np.float32]
Outputs = dict[str, F32]
Planted = list[tuple[tuple[float, float, float, float], float, int]]
"""Box in pixels of the input, score, class."""

WIDTH, HEIGHT, CLASSES = 320, 192, 5


def nanodet(planted: Planted, width: int = WIDTH, height: int = HEIGHT) -> Outputs:
    outputs = {}
    for level, stride in enumerate((8, 16, 32)):
        cells = -(-width // stride) * -(-height // stride)
        outputs[f"scores_{level}"] = np.full((1, cells, CLASSES), 0.01, np.float32)
        outputs[f"boxes_{level}"] = np.zeros((1, cells, 4 * 11), np.float32)
    for level, ((x1, y1, x2, y2), score, label) in zip((1, 0, 2), planted, strict=False):
        while max(x2 - x1, y2 - y1) / 2 > 9.5 * 8 * 2**level:
            level += 1  # noqa: PLW2901 - a cell reaches no farther than ten strides
        stride = 8 * 2**level
        column, row = int((x1 + x2) / 2 // stride), int((y1 + y2) / 2 // stride)
        x, y = (column + 0.5) * stride, (row + 0.5) * stride
        cell = row * -(-width // stride) + column
        outputs[f"scores_{level}"][0, cell, label] = score
        for side, distance in enumerate((x - x1, y - y1, x2 - x, y2 - y)):
            low = int(distance // stride)
            part = distance / stride - low  # two neighbouring bins whose mean is the distance
            bins = outputs[f"boxes_{level}"][0, cell, side * 11 : side * 11 + 11]
            bins[:] = -50.0
            bins[low], bins[low + 1] = np.log(max(1 - part, 1e-9)), np.log(max(part, 1e-9))
    return outputs


def centernet(planted: Planted, width: int = WIDTH, height: int = HEIGHT) -> Outputs:
    rows = np.zeros((1, 100, 6), np.float32)
    for index, (box, score, label) in enumerate(planted):
        rows[0, index] = (*box, score, label)
    return {"detections": rows}


def ssd(planted: Planted, width: int = WIDTH, height: int = HEIGHT) -> Outputs:
    outputs = {}
    grids = [(-(-height // stride), -(-width // stride)) for stride in (16, 32, 64)]
    for level, (rows, columns) in enumerate(grids):
        count = len(anchors(level, 3))
        outputs[f"boxes_{level}"] = np.zeros((1, rows, columns, count * 4), np.float32)
        outputs[f"scores_{level}"] = np.full((1, rows, columns, count * 6), 0.01, np.float32)
        outputs[f"scores_{level}"][..., ::6] = 0.99  # the background
    for level, ((x1, y1, x2, y2), score, label) in zip((1, 0, 2), planted, strict=False):
        rows, columns = grids[level]
        column, row = int((x1 + x2) / 2 * columns / width), int((y1 + y2) / 2 * rows / height)
        anchor = 2
        high, wide = anchors(level, 3)[anchor]
        ty = ((y1 + y2) / 2 - (row + 0.5) * height / rows) / high * 10
        tx = ((x1 + x2) / 2 - (column + 0.5) * width / columns) / wide * 10
        th, tw = np.log((y2 - y1) / high) * 5, np.log((x2 - x1) / wide) * 5
        outputs[f"boxes_{level}"][0, row, column, anchor * 4 : anchor * 4 + 4] = (ty, tx, th, tw)
        outputs[f"scores_{level}"][0, row, column, anchor * 6 + 1 + label] = score
    return outputs


def yolov3(planted: Planted, width: int = WIDTH, height: int = HEIGHT) -> Outputs:
    grids = [(height // stride, width // stride) for stride in (32, 16)]
    outputs = {
        f"boxes_{level}": np.zeros((1, *grid, 3, 5 + CLASSES), np.float32)
        for level, grid in enumerate(grids)
    }
    for level, ((x1, y1, x2, y2), score, label) in zip((0, 1, 0), planted, strict=False):
        rows, columns = grids[level]
        x, y = (x1 + x2) / 2 * columns / width, (y1 + y2) / 2 * rows / height
        cell = outputs[f"boxes_{level}"][0, int(y), int(x), 1]
        cell[:5] = (x % 1, y % 1, x2 - x1, y2 - y1, 0.95)
        cell[5 + label] = score / 0.95
    return outputs


def yolo11(planted: Planted, width: int = WIDTH, height: int = HEIGHT) -> Outputs:
    columns = np.zeros((1, 4 + CLASSES, 8400), np.float32)
    for index, ((x1, y1, x2, y2), score, label) in enumerate(planted):
        columns[0, :4, index * 100] = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
        columns[0, 4 + label, index * 100] = score
    return {"output0": columns}


def yolox(planted: Planted, width: int = WIDTH, height: int = HEIGHT) -> Outputs:
    grid = cells(width, height)
    rows = np.zeros((1, len(grid), 5 + CLASSES), np.float32)
    for level, ((x1, y1, x2, y2), score, label) in zip((16, 8, 32), planted, strict=False):
        x, y = (x1 + x2) / 2 / level, (y1 + y2) / 2 / level
        own = np.flatnonzero((grid == (int(x), int(y), level)).all(axis=1))[0]
        rows[0, own, :5] = (
            x - int(x),
            y - int(y),
            np.log((x2 - x1) / level),
            np.log((y2 - y1) / level),
            0.95,
        )
        rows[0, own, 5 + label] = score / 0.95
    return {"output": rows}


def movenet(planted: Planted, width: int = WIDTH, height: int = HEIGHT) -> Outputs:
    """The first box only: wrist and ankle are at its corners, all other joints in its middle.

    A better centre lies at the edge, where it must not count; and every joint has a better peak
    far from where it is expected.
    """
    rows, columns = height // 4, width // 4
    maps = {
        name: np.zeros((1, rows, columns, channels), np.float32)
        for name, channels in (("heat", 17), ("centre", 1), ("regress", 34), ("offset", 34))
    }
    for (x1, y1, x2, y2), score, _ in planted[:1]:
        own_y, own_x = int((y1 + y2) / 8), int((x1 + x2) / 8)
        maps["centre"][0, own_y, own_x] = 0.9
        maps["centre"][0, 0, columns - 1] = 0.95
        for joint in range(17):
            x, y = {9: (x1, y1), 16: (x2, y2)}.get(joint, ((x1 + x2) / 2, (y1 + y2) / 2))
            row, column = min(int(y / 4), rows - 1), min(int(x / 4), columns - 1)
            maps["regress"][0, own_y, own_x, 2 * joint] = row + 0.4 - own_y
            maps["regress"][0, own_y, own_x, 2 * joint + 1] = column - 0.6 - own_x
            maps["heat"][0, row, column, joint] = score
            maps["heat"][0, (row + rows // 2) % rows, (column + 9) % columns, joint] = score + 0.05
            maps["offset"][0, row, column, 2 * joint : 2 * joint + 2] = (
                y / 4 - row,
                x / 4 - column,
            )
    return maps


PLANT = {
    "centernet": centernet,
    "movenet": movenet,
    "nanodet": nanodet,
    "ssd": ssd,
    "yolo11": yolo11,
    "yolov3": yolov3,
    "yolov8": yolo11,
    "yolox": yolox,
}
