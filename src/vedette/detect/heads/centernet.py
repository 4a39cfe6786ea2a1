"""CenterNet: the graph itself finds its best peaks; here they are only picked."""

import numpy as np

from vedette.detect.heads.base import Candidates, Outputs, Question, take


def decode(outputs: Outputs, asked: Question) -> Candidates:
    """Output `detections` (1, n, 6): x1 y1 x2 y2 in pixels of the input, score, class."""
    rows = take(outputs, "detections", (None, 6), "centernet")
    classes = rows[:, 5].astype(np.intp)
    kept = (rows[:, 4] >= asked.score) & (classes >= 0) & (classes < asked.classes)
    return Candidates(boxes=rows[kept, :4], scores=rows[kept, 4], classes=classes[kept])
