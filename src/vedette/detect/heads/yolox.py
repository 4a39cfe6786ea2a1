"""YOLOX, as its authors export it: a row per cell of three grids, without anchors.

Source: Ge et al., "YOLOX: Exceeding YOLO Series in 2021", section 2.2; Megvii-BaseDetection/YOLOX
(`tools/export_onnx.py` without `--decode_in_inference`, demo/ONNXRuntime).
"""

from functools import lru_cache

import numpy as np

from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.sight import F32
from vedette.detect.heads.base import Candidates, Outputs, Question, best_class, take

STRIDES = (8, 16, 32)
LONGEST = 12.0
"""Bound on the logarithm of an extent, so that a bad model cannot overflow."""


def decode(outputs: Outputs, asked: Question) -> Candidates:
    """The only output (1, cells, 5 + classes): x y from the cell's corner and the logarithms of w
    h, all in strides; objectness and scores as probabilities. Finest grid first, row by row."""
    if len(outputs) != 1:
        raise ModelUnavailable(
            f"the head 'yolox' expects one output, the model has: {', '.join(outputs)}"
        )
    grid = cells(asked.width, asked.height)
    rows = take(outputs, next(iter(outputs)), (len(grid), 5 + asked.classes), "yolox")
    likely = np.flatnonzero(rows[:, 4] >= asked.score)  # a score is never above objectness
    scores = rows[likely, 5:] * rows[likely, 4:5]
    kept, classes, best = best_class(scores, asked.score)
    chosen = likely[kept]
    corner, stride = grid[chosen, :2], grid[chosen, 2:]
    centre = (rows[chosen, :2] + corner) * stride
    half = np.exp(np.minimum(rows[chosen, 2:4], LONGEST)) * stride / 2
    return Candidates(
        boxes=np.concatenate((centre - half, centre + half), axis=1).astype(np.float32),
        scores=best,
        classes=classes,
    )


@lru_cache(maxsize=16)
def cells(width: int, height: int) -> F32:
    """(cells, 3) column, row and stride of every cell of all grids."""
    parts = []
    for stride in STRIDES:
        columns, rows = width // stride, height // stride
        row, column = np.divmod(np.arange(columns * rows), max(columns, 1))
        parts.append(np.stack((column, row, np.full_like(row, stride)), axis=1))
    return np.concatenate(parts).astype(np.float32)
