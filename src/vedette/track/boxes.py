"""Boxes as rows of numbers: overlap, and the change between corners and centre."""

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
"""Everywhere in this feature: (4, n) left, top, right, bottom, or (4, n) centre x, centre y, width,
height; one column per object, fractions of the frame."""

Index = npt.NDArray[np.intp]

_TINY = np.array(1e-9)
_ZERO, _HALF = np.array(0.0), np.array(0.5)
_FEW = 2000
"""Pairs whose overlap is all measured; of more, only that of those that meet."""


def centred(corners: F64, out: F64 | None = None) -> F64:
    """(4, n) centre x, centre y, width, height of corners; in the first rows of `out`."""
    out = np.empty_like(corners) if out is None else out
    low, high, centre, size = corners[:2], corners[2:], out[:2], out[2:4]
    np.add(low, high, out=centre)
    np.multiply(centre, _HALF, out=centre)
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
    edges, area = _reach(np.concatenate((a, b), axis=1), grow)
    if apart is None and n * b.shape[1] <= _FEW:
        iou = _iou(edges[:, :n, None], edges[:, None, n:], area[:n, None], area[n:])
        rows, columns = (iou >= least).nonzero()
        return rows, columns, iou[rows, columns]
    rows, columns = _meeting(edges[:, :n], edges[:, n:], apart)
    other = columns + n
    iou = _iou(
        edges.take(rows, axis=1), edges.take(other, axis=1), area.take(rows), area.take(other)
    )
    enough = (iou >= least).nonzero()[0]
    return rows.take(enough), columns.take(enough), iou.take(enough)


def _reach(places: F64, grow: float) -> tuple[F64, F64]:
    """(4, n) right, bottom, left, top, the last two negative, and (n,) areas of boxes that grow."""
    centre, half = places[:2], places[2:] * (0.5 + grow)
    edges = np.empty_like(places)
    np.add(half, centre, out=edges[:2])
    np.subtract(half, centre, out=edges[2:])
    half += half
    return edges, half[0] * half[1]


def _iou(a: F64, b: F64, a_area: F64, b_area: F64) -> F64:
    """Of boxes with edges as in `_reach`, broadcast."""
    inner = np.minimum(a, b)
    sides = inner[:2]
    sides += inner[2:]
    np.maximum(sides, _ZERO, out=sides)
    inside: F64 = sides[0] * sides[1]
    either = a_area + b_area
    either -= inside
    inside /= either
    return inside


def _meeting(a: F64, b: F64, apart: tuple[F64, F64] | None) -> tuple[Index, Index]:
    """Pairs of boxes whose insides meet, by row; edges as in `_reach`."""
    x, y = (0.0, 0.0) if apart is None else apart
    rows, columns = _neighbours(x - a[2], a[0] + x, y - b[2], b[0] + y)
    meet = (a[1].take(rows) + b[3].take(columns)) > 0.0
    meet &= (b[1].take(columns) + a[3].take(rows)) > 0.0
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
