"""Boxes as rows of numbers: overlap, growth, and the change between corners and centre."""

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
"""Everywhere in this feature: (4, n) left, top, right, bottom, or (4, n) centre x, centre y, width,
height; one column per object, fractions of the frame."""

_TINY = 1e-9


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


def overlap(a: F64, b: F64) -> F64:
    """(n, m) intersection over union of each pair of boxes with corners (4, n) and (4, m)."""
    inside: F64 = np.minimum(a[2][:, None], b[2])
    inside -= np.maximum(a[0][:, None], b[0])
    np.maximum(inside, 0.0, out=inside)
    high = np.minimum(a[3][:, None], b[3])
    high -= np.maximum(a[1][:, None], b[1])
    np.maximum(high, 0.0, out=high)
    inside *= high
    either = ((a[2] - a[0]) * (a[3] - a[1]))[:, None] + ((b[2] - b[0]) * (b[3] - b[1]) + _TINY**2)
    either -= inside
    inside /= either
    return inside
