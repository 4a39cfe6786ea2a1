"""The anchor-free YOLO exports (v8, 11): one output, a column per candidate."""

import numpy as np

from vedette.contracts.errors import ModelUnavailable
from vedette.detect.heads.base import Candidates, Outputs, Question, best_class, take


def decode(outputs: Outputs, asked: Question) -> Candidates:
    """The only output (1, 4 + classes, n): centre x, centre y, width, height in pixels, scores."""
    if len(outputs) != 1:
        raise ModelUnavailable(
            f"the head 'yolo11' expects one output, the model has: {', '.join(outputs)}"
        )
    rows = take(outputs, next(iter(outputs)), (4 + asked.classes, None), "yolo11").T
    scores = rows[:, 4:]
    chosen, best = best_class(scores, asked.score)
    centre, half = rows[chosen, :2], rows[chosen, 2:4] / 2
    boxes = np.concatenate((centre - half, centre + half), axis=1).astype(np.float32)
    return Candidates(boxes=boxes, scores=best, classes=scores[chosen].argmax(axis=1))
