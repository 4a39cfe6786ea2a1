"""Of overlapping boxes of one class, only the best stays (greedy non-maximum suppression)."""

import numpy as np
import numpy.typing as npt

from vedette.contracts.sight import F32

MOST = 1000
"""Candidates looked at; more can only come from a threshold far too low."""


def suppress(
    boxes: F32, scores: F32, classes: npt.NDArray[np.intp], iou: float
) -> npt.NDArray[np.intp]:
    """The rows that stay, best first; ties keep their order.

    Args:
        boxes: (n, 4) x1 y1 x2 y2.
        scores: (n,).
        classes: (n,) boxes of different classes never suppress each other.
        iou: a box that overlaps a better one by more than this goes.
    Returns:
        (m,) indices into the n rows.
    """
    order = np.argsort(-scores, kind="stable")[:MOST]
    overlap = pairwise_iou(boxes[order]) > iou
    overlap &= classes[order][:, None] == classes[order][None, :]
    alive = np.ones(len(order), dtype=np.bool_)
    for row in range(len(order)):
        if alive[row]:
            alive[row + 1 :] &= ~overlap[row, row + 1 :]
    return order[alive]


def pairwise_iou(boxes: F32) -> F32:
    """(n, n) intersection over union of each box with each."""
    top_left = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    bottom_right = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    sides = np.clip(bottom_right - top_left, 0.0, None)
    shared = sides[..., 0] * sides[..., 1]
    area = np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0.0, None), axis=1)
    union = area[:, None] + area[None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-12), dtype=np.float32)
