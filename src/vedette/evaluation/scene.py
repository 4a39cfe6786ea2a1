"""Truth and tracks side by side, frame by frame: what every metric starts from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from vedette.evaluation.mot import F64, I64, Boxes

_SLACK = 1e-9
"""Two boxes of exactly the wanted overlap match, whatever the rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One judged frame: n objects of the truth, m of the tracker."""

    truth: I64
    """(n,) index of the object, ascending."""
    found: I64
    """(m,) index of the track, ascending."""
    iou: F64
    """(n, m) overlap."""

    def matching(self, iou: float) -> npt.NDArray[np.bool_]:
        """(n, m) true where the overlap is at least `iou`."""
        close: npt.NDArray[np.bool_] = self.iou >= iou - _SLACK
        return close


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All judged frames, in order."""

    sights: tuple[Sight, ...]
    objects: int
    """Number of different objects in the truth."""
    tracks: int
    """Number of different tracks in the judged frames."""

    @property
    def truth_boxes(self) -> int:
        return sum(len(sight.truth) for sight in self.sights)

    @property
    def found_boxes(self) -> int:
        return sum(len(sight.found) for sight in self.sights)


def intersection_over_union(a: F64, b: F64) -> F64:
    """Overlap of each pair of boxes.

    Args:
        a: (n, 4) left, top, right, bottom.
        b: (m, 4) same units.
    Returns:
        (n, m) 0..1.
    """
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inside = np.prod(np.clip(high - low, 0.0, None), axis=2)
    areas = np.prod(a[:, 2:] - a[:, :2], axis=1)[:, None] + np.prod(b[:, 2:] - b[:, :2], axis=1)
    overlap: F64 = inside / (areas - inside)
    return overlap


def best_pairs(worth: F64) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """One-to-one pairs of rows and columns with the largest sum; pairs worth 0 are left out."""
    rows, columns = linear_sum_assignment(worth, maximize=True)
    worthy = worth[rows, columns] > 0.0
    return rows[worthy], columns[worthy]


def lay_out(truth: Boxes, found: Boxes, frames: Sequence[int]) -> Scene:
    """Bring truth and tracks together in the frames to be judged."""
    judged = np.unique(np.asarray(frames, dtype=np.int64))
    truth, found = (boxes.pick(np.isin(boxes.frames, judged)) for boxes in (truth, found))
    objects, truth_index = np.unique(truth.ids, return_inverse=True)
    tracks, found_index = np.unique(found.ids, return_inverse=True)
    sights = []
    for frame in judged:
        n = slice(*np.searchsorted(truth.frames, (frame, frame + 1)))
        m = slice(*np.searchsorted(found.frames, (frame, frame + 1)))
        sights.append(
            Sight(
                truth=truth_index[n],
                found=found_index[m],
                iou=intersection_over_union(truth.boxes[n], found.boxes[m]),
            )
        )
    return Scene(sights=tuple(sights), objects=len(objects), tracks=len(tracks))
