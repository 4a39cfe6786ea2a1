"""NanoDet: per cell class scores, and each side's distance as a distribution over bins.

Source: Li et al., "Generalized Focal Loss" (2020), section 3.2; RangiLyu/nanodet.
"""

import numpy as np

from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.sight import F32
from vedette.detect.heads.base import (
    Candidates,
    Outputs,
    Question,
    best_class,
    joined,
    levels,
    take,
)

STRIDES = (8, 16, 32, 64)


def decode(outputs: Outputs, asked: Question) -> Candidates:
    """Outputs `scores_i` (1, cells, classes), `boxes_i` (1, cells, 4 x bins), finest first."""
    count = min(levels(outputs, "scores", "nanodet"), len(STRIDES))
    return joined([_level(outputs, asked, level) for level in range(count)])


def _level(outputs: Outputs, asked: Question, level: int) -> Candidates:
    stride = STRIDES[level]
    columns, rows = -(-asked.width // stride), -(-asked.height // stride)
    cells = columns * rows
    scores = take(outputs, f"scores_{level}", (cells, asked.classes), "nanodet")
    sides = take(outputs, f"boxes_{level}", (cells, None), "nanodet")
    if sides.shape[1] % 4:
        raise ModelUnavailable(
            f"the head 'nanodet' expects 4 x bins, boxes_{level} has {sides.shape}"
        )
    chosen, classes, best = best_class(scores, asked.score)
    distances = expected(sides[chosen].reshape(-1, 4, sides.shape[1] // 4)) * stride
    x = (chosen % columns + 0.5) * stride
    y = (chosen // columns + 0.5) * stride
    boxes = np.stack(
        (x - distances[:, 0], y - distances[:, 1], x + distances[:, 2], y + distances[:, 3]),
        axis=1,
    )
    return Candidates(boxes=boxes.astype(np.float32), scores=best, classes=classes)


def expected(logits: F32) -> F32:
    """Mean of 0, 1, 2 ... under a softmax of the last axis."""
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    bins = np.arange(logits.shape[-1], dtype=np.float32)
    total: F32 = weights.sum(axis=-1)
    return np.asarray(weights @ bins / total, dtype=np.float32)
