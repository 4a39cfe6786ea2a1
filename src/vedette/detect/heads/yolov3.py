"""YOLOv3 and its tiny form, as the Darknet converter leaves them: only the grid is missing."""

import numpy as np

from vedette.detect.heads.base import (
    Candidates,
    Outputs,
    Question,
    best_class,
    joined,
    levels,
    take,
)


def decode(outputs: Outputs, asked: Question) -> Candidates:
    """Outputs `boxes_i` (1, h, w, anchors, 5 + classes): x y in the cell, w h in pixels, scores."""
    return joined(
        [_level(outputs, asked, level) for level in range(levels(outputs, "boxes", "yolov3"))]
    )


def _level(outputs: Outputs, asked: Question, level: int) -> Candidates:
    width = 5 + asked.classes
    grid = take(outputs, f"boxes_{level}", (None, None, None, width), "yolov3")
    rows, columns, per_cell = grid.shape[:3]
    flat = grid.reshape(-1, width)
    likely = np.flatnonzero(flat[:, 4] >= asked.score)  # a score is never above objectness
    scores = flat[likely, 5:] * flat[likely, 4:5]
    kept, classes, best = best_class(scores, asked.score)
    chosen = likely[kept]
    y, x = np.divmod(chosen // per_cell, columns)
    centre_x = (flat[chosen, 0] + x) * (asked.width / columns)
    centre_y = (flat[chosen, 1] + y) * (asked.height / rows)
    half_w, half_h = flat[chosen, 2] / 2, flat[chosen, 3] / 2
    boxes = np.stack(
        (centre_x - half_w, centre_y - half_h, centre_x + half_w, centre_y + half_h), axis=1
    )
    return Candidates(boxes=boxes.astype(np.float32), scores=best, classes=classes)
