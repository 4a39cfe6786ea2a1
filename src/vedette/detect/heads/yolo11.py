"""The anchor-free YOLO exports (v8 and 11): one output, a column per candidate."""

import numpy as np

from vedette.contracts.errors import ModelUnavailable
from vedette.detect.heads.base import Candidates, Outputs, Question, take


def decode(outputs: Outputs, asked: Question, head: str = "yolo11") -> Candidates:
    """The only output (1, 4 + classes, n): centre x, centre y, width, height in pixels, scores."""
    if len(outputs) != 1:
        raise ModelUnavailable(
            f"the head {head!r} expects one output, the model has: {', '.join(outputs)}"
        )
    columns = take(outputs, next(iter(outputs)), (4 + asked.classes, None), head)
    scores = columns[4:]
    chosen = np.flatnonzero(scores.max(axis=0) >= asked.score)  # along the memory, not across
    own = scores[:, chosen]
    classes = own.argmax(axis=0)
    centre, half = columns[:2, chosen].T, columns[2:4, chosen].T / 2
    return Candidates(
        boxes=np.concatenate((centre - half, centre + half), axis=1).astype(np.float32),
        scores=own[classes, np.arange(len(chosen))],
        classes=classes,
    )
