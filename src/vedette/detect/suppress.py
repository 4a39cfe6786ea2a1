"""Of overlapping boxes of one class, only the best stays (greedy non-maximum suppression)."""

from typing import Any

import cv2
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
        scores: (n,) not negative.
        classes: (n,) boxes of different classes never suppress each other.
        iou: a box that overlaps a better one by more than this goes.
    Returns:
        (m,) indices into the n rows.
    """
    if not len(scores):
        return np.zeros(0, dtype=np.intp)
    corner_and_size = boxes.astype(np.float64)
    corner_and_size[:, 2:] -= corner_and_size[:, :2]
    best: Any = cv2.dnn.NMSBoxesBatched  # takes arrays, though its stubs say lists
    kept = best(corner_and_size, scores, classes.astype(np.int32), -1.0, iou, top_k=MOST)
    return np.asarray(kept, dtype=np.intp).reshape(-1)


def pairwise_iou(boxes: F32, others: F32 | None = None) -> F32:
    """(n, m) intersection over union of each box with each other one (of the same ones: None)."""
    others = boxes if others is None else others
    top_left = np.maximum(boxes[:, None, :2], others[None, :, :2])
    bottom_right = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    sides = np.clip(bottom_right - top_left, 0.0, None)
    shared = sides[..., 0] * sides[..., 1]
    union = _area(boxes)[:, None] + _area(others)[None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-12), dtype=np.float32)


def _area(boxes: F32) -> F32:
    return np.asarray(np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0.0, None), axis=1), np.float32)
