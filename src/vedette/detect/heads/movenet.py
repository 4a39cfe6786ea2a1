"""MoveNet: where the 17 joints of the one person in the middle of the picture are.

Source: the model card of MoveNet.SinglePose (Google, 2021) and the published graph: the person
whose centre is best, weighted by nearness to the middle; from there each joint is guessed, found
as the best peak near the guess, and refined by an offset. Joints in the order of COCO
(`vedette.contracts.sight.KEYPOINTS`).
"""

import numpy as np

from vedette.contracts.sight import F32, KEYPOINTS
from vedette.detect.heads.base import Candidates, Outputs, Question, take

JOINTS = len(KEYPOINTS)
NEAR = 1.8
"""Cells that are added to a distance before it divides a score; the graph's own constant."""
SURE = 0.2
"""Joints with less do not widen the box."""


def decode(outputs: Outputs, asked: Question) -> Candidates:
    """Outputs (1, h, w, channels): `heat` 17 scores of joints, `centre` 1 score of a person,
    `regress` 17 x (y x) from the centre to its joints, `offset` 17 x (y x) within the cell, in
    cells.

    One person or none: the score is the mean of all joints, the box holds the sure ones.
    """
    heat = take(outputs, "heat", (None, None, JOINTS), "movenet")
    rows, columns = heat.shape[:2]
    centre = take(outputs, "centre", (rows, columns, 1), "movenet")[..., 0]
    regress = take(outputs, "regress", (rows, columns, 2 * JOINTS), "movenet")
    offset = take(outputs, "offset", (rows, columns, 2 * JOINTS), "movenet")
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    person = _best(centre / (np.hypot(y - rows // 2, x - columns // 2) + NEAR))
    guess = regress[person].reshape(JOINTS, 2) + np.array(person, dtype=np.float32)
    away = np.hypot(y[..., None] - guess[:, 0], x[..., None] - guess[:, 1])
    near = (heat / (away + NEAR)).reshape(-1, JOINTS).argmax(axis=0)
    cell_y, cell_x = np.divmod(near, columns)
    every = np.arange(JOINTS)
    shift = offset[cell_y, cell_x].reshape(JOINTS, JOINTS, 2)[every, every]
    joints = np.stack(
        (
            (cell_x + shift[:, 1]) * (asked.width / columns),
            (cell_y + shift[:, 0]) * (asked.height / rows),
            heat[cell_y, cell_x, every],
        ),
        axis=1,
    ).astype(np.float32)
    return _person(joints, asked.score)


def _best(scores: F32) -> tuple[int, int]:
    row, column = divmod(int(scores.argmax()), scores.shape[1])
    return row, column


def _person(joints: F32, threshold: float) -> Candidates:
    """The person of these joints, or nobody where they are too doubtful."""
    sure = joints[:, 2] >= SURE
    score = float(joints[:, 2].mean())
    found = score >= threshold and sure.sum() >= 2 and bool(np.isfinite(joints).all())
    kept = slice(0, int(found))
    seen = joints[sure, :2] if found else joints[:1, :2]
    box = np.concatenate((seen.min(axis=0), seen.max(axis=0))).astype(np.float32)
    return Candidates(
        boxes=box[None][kept],
        scores=np.array([score], dtype=np.float32)[kept],
        classes=np.zeros(1, dtype=np.intp)[kept],
        keypoints=joints[None][kept],
    )
