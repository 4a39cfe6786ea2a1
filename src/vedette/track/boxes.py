"""Boxes as rows of numbers: overlap, growth, and the change between corners and centre."""

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
"""Everywhere in this feature: (4, n) left, top, right, bottom, or (4, n) centre x, centre y, width,
height; one column per object, fractions of the frame."""

Index = npt.NDArray[np.intp]

_TINY = 1e-9
_FEW = 1000
"""Pairs that are all looked at; of more, only those that can meet."""


def centred(corners: F64) -> F64:
    """(4, n) centre x, centre y, width, height of corners."""
    out = np.empty_like(corners)
    np.add(corners[:2], corners[2:], out=out[:2])
    out[:2] *= 0.5
    np.subtract(corners[2:], corners[:2], out=out[2:])
    np.maximum(out[2:], _TINY, out=out[2:])
    return out


def cornered(centres: F64) -> F64:
    """(4, n) left, top, right, bottom of centres and sizes."""
    half = centres[2:4] * 0.5
    return np.concatenate((centres[:2] - half, centres[:2] + half))


def grown(corners: F64, part: float) -> F64:
    """Boxes that reach out on each side by a part of their own width and height."""
    margin = (corners[2:] - corners[:2]) * part
    return np.concatenate((corners[:2] - margin, corners[2:] + margin))


def overlapping(a: F64, b: F64, apart: tuple[F64, F64] | None = None) -> tuple[Index, Index, F64]:
    """All pairs of boxes that overlap, with corners (4, n) and (4, m).

    Args:
        apart: (n,) and (m,) picture of each box, as distances on a line; None: all in one. Boxes of
            different pictures never overlap.
    Returns:
        rows, columns, intersection over union: (k,) each, by row.
    """
    if apart is None and a.shape[1] * b.shape[1] <= _FEW:
        every = _iou(a[:, :, None], b[:, None, :])
        rows, columns = np.nonzero(every)
        return rows, columns, every[rows, columns]
    if apart is None:
        rows, columns = _neighbours(a[0], a[2], b[0], b[2])
    else:
        x, y = apart
        rows, columns = _neighbours(a[0] + x, a[2] + x, b[0] + y, b[2] + y)
    meet = a[1][rows] < b[3][columns]
    meet &= b[1][columns] < a[3][rows]
    rows, columns = rows[meet], columns[meet]
    iou = _iou(a[:, rows], b[:, columns])
    some = iou.nonzero()[0]
    return rows[some], columns[some], iou[some]


def _iou(a: F64, b: F64) -> F64:
    """Of boxes with corners (4, ...), broadcast."""
    inside: F64 = np.minimum(a[2], b[2])
    inside -= np.maximum(a[0], b[0])
    np.maximum(inside, 0.0, out=inside)
    high = np.minimum(a[3], b[3])
    high -= np.maximum(a[1], b[1])
    np.maximum(high, 0.0, out=high)
    inside *= high
    either = (a[2] - a[0]) * (a[3] - a[1]) + ((b[2] - b[0]) * (b[3] - b[1]) + _TINY**2)
    either -= inside
    inside /= either
    return inside


def _neighbours(a_left: F64, a_right: F64, b_left: F64, b_right: F64) -> tuple[Index, Index]:
    """Pairs that may overlap: sorted by their left edges, only a stretch of `b` can reach a box."""
    order = np.argsort(b_left, kind="stable")
    lefts = b_left[order]
    widest = (b_right - b_left).max(initial=0.0)
    first = np.searchsorted(lefts, a_left - widest, side="left")
    count = np.maximum(np.searchsorted(lefts, a_right, side="right") - first, 0)
    rows = np.repeat(np.arange(len(a_left)), count)
    before = np.cumsum(count) - count
    columns = order[np.arange(len(rows)) + (first - before)[rows]]
    return rows, columns
