"""The detections of one moment as columns, in the form that the tracker's sums need."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vedette.contracts.errors import InvalidInput
from vedette.contracts.sight import F32, I16, KEYPOINTS, Bools, Detections
from vedette.track.boxes import F64, Index, centred

SCORE = 4
"""Row of `Seen.block`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """m detections."""

    boxes: F32
    """(m, 4) as they came."""
    block: F64
    """(5, m) centre x, centre y, width, height, score."""
    classes: I16
    """(m,)"""
    kind: int | None
    """The class of all of them, where it is one."""
    sure: Bools
    """(m,) score high enough to be matched first."""
    all_sure: bool
    looks: F32 | None
    """(m, k)"""
    keypoints: F32 | None
    """(m, 17, 3)"""

    def __len__(self) -> int:
        return len(self.classes)


def as_columns(found: Detections, low_score: float, high_score: float, kind: int | None) -> Seen:
    """The detections that are worth anything, as columns; `kind`: their class where it is one."""
    sure = found.scores >= high_score
    all_sure = np.count_nonzero(sure) == len(sure) and low_score <= high_score
    if not all_sure:
        worth = found.scores >= low_score
        if np.count_nonzero(worth) < len(worth):
            found, sure = found.pick(worth), sure[worth]
    block = np.empty((5, len(sure)), dtype=np.float64)
    centred(np.array(found.boxes.T, dtype=np.float64, order="C"), out=block)
    block[SCORE] = found.scores
    return Seen(
        boxes=found.boxes,
        block=block,
        classes=found.classes,
        kind=kind,
        sure=sure,
        all_sure=all_sure,
        looks=found.looks,
        keypoints=found.keypoints,
    )


def kind_of(classes: npt.NDArray[np.integer]) -> int | None:
    """The class of all objects, where it is one."""
    if not len(classes):
        return None
    raw = classes.tobytes()
    alike = raw == raw[: classes.itemsize] * len(classes)
    return int(classes.item(0)) if alike else None


def joined(found: Sequence[Detections], low_score: float, high_score: float) -> tuple[Seen, Index]:
    """The detections of several cameras as columns, and which camera each one is of."""
    counts = [len(one) for one in found]
    looks = [one.looks for one in found if one.looks is not None and len(one)]
    every = Detections(
        boxes=np.concatenate([one.boxes for one in found]),
        scores=np.concatenate([one.scores for one in found]),
        classes=np.concatenate([one.classes for one in found]),
        labels=found[0].labels,
        looks=np.concatenate(looks) if looks else None,
        keypoints=_joints(found),
    )
    owner = np.repeat(np.arange(len(found)), counts)[every.scores >= low_score]
    return as_columns(every, low_score, high_score, kind_of(every.classes)), owner


def _joints(found: Sequence[Detections]) -> F32 | None:
    """Joints of all, none where nobody looked; None when nobody looked at any."""
    if all(one.keypoints is None for one in found):
        return None
    return np.concatenate(
        [no_joints(len(one)) if one.keypoints is None else one.keypoints for one in found]
    )


def no_joints(count: int) -> F32:
    """(count, 17, 3) of objects whose joints nobody knows: scores of 0."""
    return np.zeros((count, len(KEYPOINTS), 3), dtype=np.float32)


def check(found: Detections) -> int | None:
    """What one camera's detector gives must not spoil a pass of many.

    Returns:
        The class of all detections, where it is one.
    Raises:
        InvalidInput: the columns differ in length, or a class has no label.
    """
    n, classes = len(found.scores), found.classes
    fits = found.boxes.shape == (n, 4) and classes.shape == (n,)
    for rows in (found.looks, found.keypoints):
        fits = fits and (rows is None or len(rows) == n)
    fits = fits and (found.looks is None or found.looks.ndim == 2)
    fits = fits and (found.keypoints is None or found.keypoints.shape[1:] == (len(KEYPOINTS), 3))
    kind = None
    if fits and n:
        kind = kind_of(classes)
        low, high = (kind, kind) if kind is not None else (int(classes.min()), int(classes.max()))
        fits = 0 <= low <= high < len(found.labels)
    if not fits:
        looks, joints = (
            "no" if rows is None else str(rows.shape) for rows in (found.looks, found.keypoints)
        )
        raise InvalidInput(
            f"{n} detections come with boxes {found.boxes.shape}, classes {classes.shape}, "
            f"{len(found.labels)} labels, {looks} looks and {joints} joints"
        )
    return kind
