"""MoveNet: where the 17 joints of the one person in the picture are.

Source: the model card of MoveNet.SinglePose (Google, 2021); joints in the order of COCO
(`vedette.contracts.sight.KEYPOINTS`).
"""

import numpy as np

from vedette.contracts.sight import KEYPOINTS
from vedette.detect.heads.base import Candidates, Outputs, Question, take

SURE = 0.2
"""Joints with less do not widen the box."""


def decode(outputs: Outputs, asked: Question) -> Candidates:
    """Output `keypoints` (1, 1, 17, 3): y x as fractions of the input, score.

    One person or none: the score is the mean of all joints, the box holds the sure ones.
    """
    rows = take(outputs, "keypoints", (1, len(KEYPOINTS), 3), "movenet")[0]
    sure = rows[:, 2] >= SURE
    score = float(rows[:, 2].mean())
    if score < asked.score or sure.sum() < 2 or not np.isfinite(rows).all():
        return Candidates(
            boxes=np.zeros((0, 4), dtype=np.float32),
            scores=np.zeros(0, dtype=np.float32),
            classes=np.zeros(0, dtype=np.intp),
            keypoints=np.zeros((0, len(KEYPOINTS), 3), dtype=np.float32),
        )
    joints = rows[:, [1, 0, 2]] * np.array((asked.width, asked.height, 1.0), dtype=np.float32)
    box = np.concatenate((joints[sure, :2].min(axis=0), joints[sure, :2].max(axis=0)))
    return Candidates(
        boxes=box[None].astype(np.float32),
        scores=np.array([score], dtype=np.float32),
        classes=np.zeros(1, dtype=np.intp),
        keypoints=joints[None].astype(np.float32),
    )
