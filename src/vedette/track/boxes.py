"""Boxes as rows of numbers: overlap, and the change between corners and centre."""

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
"""Everywhere in this feature: (4, n) left, top, right, bottom, or (4, n) centre x, centre y, width,
height; one column per object, fractions of the frame."""

Index = npt.NDArray[np.intp]

_TINY = np.array(1e-9)
_ZERO = np.array(0.0)
_FEW = 2000
"""Pairs whose overlap is all measured; of more, only that of those that meet."""


def centred(corners: F64, out: F64 | None = None) -> F64:
    """(4, n) centre x, centre y, width, height of corners; in the first rows of `out`."""
    out = np.empty_like(corners) if out is None else out
    low, high, centre, size = corners[:2], corners[2:], out[:2], out[2:4]
    np.add(low, high, out=centre)
    np.multiply(centre, 0.5, out=centre)
    np.subtract(high, low, out=size)
    np.maximum(size, _TINY, out=size)
    return out


def cornered(centres: F64) -> F64:
    """(4, n) left, top, right, bottom of centres and sizes."""
    out = np.empty_like(centres)
    centre, half = centres[:2], centres[2:4] * 0.5
    np.subtract(centre, half, out=out[:2])
    np.add(centre, half, out=out[2:])
    return out


def overlapping(
    a: F64, b: F64, *, least: float, grow: float = 0.0, apart: tuple[F64, F64] | None = None
) -> tuple[Index, Index, F64]:
    """All pairs of boxes that overlap enough, with centres and sizes (4, n) and (4, m).

    Args:
        least: least intersection over union, more than 0.
        grow: how far all boxes are made to reach out on each side, in widths and heights.
        apart: (n,) and (m,) picture of each box, as distances on a line; None: all in one. Boxes of
            different pictures never overlap.
    Returns:
        rows, columns, intersection over union: (k,) each, by row.
    """
    n = a.shape[1]
    low, high, area = _reach(np.concatenate((a, b), axis=1), grow)
    if apart is None and n * b.shape[1] <= _FEW:
        iou = _iou(
            (low[:, :n, None], high[:, :n, None], area[:n, None]),
            (low[:, n:], high[:, n:], area[n:]),
        )
        rows, columns = (iou >= least).nonzero()
        return rows, columns, iou[rows, columns]
    rows, columns = _meeting(low, high, n, apart)
    other = columns + n
    iou = _iou(
        (low.take(rows, axis=1), high.take(rows, axis=1), area.take(rows)),
        (low.take(other, axis=1), high.take(other, axis=1), area.take(other)),
    )
    enough = (iou >= least).nonzero()[0]
    return rows.take(enough), columns.take(enough), iou.take(enough)


def _reach(places: F64, grow: float) -> tuple[F64, F64, F64]:
    """(2, n) low and (2, n) high corners, (n,) areas of boxes that are made to grow."""
    centre, half = places[:2], places[2:] * (0.5 + grow)
    low, high = centre - half, centre + half
    half += half
    return low, high, half[0] * half[1]


def _iou(a: tuple[F64, F64, F64], b: tuple[F64, F64, F64]) -> F64:
    """Of boxes with low and high corners (2, ...) and areas (...), broadcast."""
    (low_x, low_y), (high_x, high_y) = a[0], a[1]
    (from_x, from_y), (to_x, to_y) = b[0], b[1]
    inside: F64 = np.minimum(high_x, to_x)
    inside -= np.maximum(low_x, from_x)
    np.maximum(inside, _ZERO, out=inside)
    high = np.minimum(high_y, to_y)
    high -= np.maximum(low_y, from_y)
    np.maximum(high, _ZERO, out=high)
    inside *= high
    either = a[2] + b[2]
    either -= inside
    inside /= either
    return inside


def _meeting(low: F64, high: F64, n: int, apart: tuple[F64, F64] | None) -> tuple[Index, Index]:
    """Pairs of the first n boxes with the others whose insides meet, by row."""
    x, y = (0.0, 0.0) if apart is None else apart
    rows, columns = _neighbours(low[0, :n] + x, high[0, :n] + x, low[0, n:] + y, high[0, n:] + y)
    other = columns + n
    bottom, top = low[1], high[1]
    meet = bottom.take(rows) < top.take(other)
    meet &= bottom.take(other) < top.take(rows)
    some = meet.nonzero()[0]
    return rows.take(some), columns.take(some)


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
