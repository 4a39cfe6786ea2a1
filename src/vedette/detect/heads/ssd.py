"""SSD with MobileNet (TensorFlow Object Detection API): offsets from anchors on six grids.

Source: Liu et al., "SSD" (2016), section 2.2; the API's multiple_grid_anchor_generator and
faster_rcnn_box_coder with the scales of ssd_mobilenet_v2_coco. Anchors keep the size in pixels
that they have at 300 x 300, so that a larger input sees smaller objects.
"""

from functools import cache

import numpy as np

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

SIDE = 300
SMALLEST, LARGEST = 0.2, 0.95
RATIOS = (1.0, 2.0, 0.5, 3.0, 0.3333)
VARIANCES = (10.0, 10.0, 5.0, 5.0)
LONGEST = 4.0
"""Bound on the logarithm of an extent, so that a bad model cannot overflow."""


def decode(outputs: Outputs, asked: Question) -> Candidates:
    """Outputs `boxes_i` (1, h, w, anchors x 4) as ty tx th tw and `scores_i` (..., x classes + 1).

    Class 0 of the scores is the background.
    """
    count = levels(outputs, "boxes", "ssd")
    return joined([_level(outputs, asked, level, count) for level in range(count)])


def _level(outputs: Outputs, asked: Question, level: int, count: int) -> Candidates:
    shapes = anchors(level, count)
    per_cell = len(shapes)
    offsets = take(outputs, f"boxes_{level}", (None, None, per_cell * 4), "ssd")
    rows, columns = offsets.shape[:2]
    width = per_cell * (asked.classes + 1)
    scores = take(outputs, f"scores_{level}", (rows, columns, width), "ssd")
    chosen, classes, best = best_class(scores.reshape(-1, asked.classes + 1)[:, 1:], asked.score)
    cell, anchor = np.divmod(chosen, per_cell)
    y, x = np.divmod(cell, columns)
    height, breadth = shapes[anchor, 0], shapes[anchor, 1]
    ty, tx, th, tw = (offsets.reshape(-1, 4)[chosen] / np.array(VARIANCES, dtype=np.float32)).T
    centre_y = ty * height + (y + 0.5) * (asked.height / rows)
    centre_x = tx * breadth + (x + 0.5) * (asked.width / columns)
    half_h = np.exp(np.minimum(th, LONGEST)) * height / 2
    half_w = np.exp(np.minimum(tw, LONGEST)) * breadth / 2
    boxes = np.stack(
        (centre_x - half_w, centre_y - half_h, centre_x + half_w, centre_y + half_h), axis=1
    )
    return Candidates(boxes=boxes.astype(np.float32), scores=best, classes=classes)


@cache
def anchors(level: int, count: int) -> F32:
    """(anchors, 2) height and width in pixels of one grid's anchors."""
    step = (LARGEST - SMALLEST) / (count - 1) if count > 1 else 0.0
    scale = SMALLEST + step * level
    above = SMALLEST + step * (level + 1) if level < count - 1 else 1.0
    if level == 0:  # the finest grid has three, the first one half as large
        pairs = [(0.1, 1.0), (scale, 2.0), (scale, 0.5)]
    else:
        pairs = [(scale, ratio) for ratio in RATIOS]
        pairs.append((float(np.sqrt(scale * above)), 1.0))
    sizes = [(size / np.sqrt(ratio), size * np.sqrt(ratio)) for size, ratio in pairs]
    return np.array(sizes, dtype=np.float32) * SIDE
