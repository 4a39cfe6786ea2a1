"""Takes a background through a change of light, so that only what moved is left."""

import math

import cv2
import numpy as np
import numpy.typing as npt

from vedette.contracts.sight import F32

U8 = npt.NDArray[np.uint8]

BINS = 32
"""Groups of 8 levels."""
DETAIL = 1.5
"""Levels of detail that a part needs, or it does not tell a shadow from an object."""
LIKENESS, SURE_LIKENESS = 0.65, 0.9
"""Correlation of a large or small part's detail with what it was, from which on only the light
changed. People reach 0.3 (median 0.0) in large parts, and 0.8 in one small part of a hundred."""
_LEVELS = np.arange(256, dtype=np.float64)


def relight(background: U8, now: U8, watch: U8) -> F32:
    """How each level of the background looks in the present light.

    For each group of background levels the median present level is taken, and levels between
    are interpolated (beyond the ends the nearest difference goes on). So any change that treats
    equal levels alike (gain, offset, gamma, clipping) is followed, whatever less than half of
    each group does. The table is a comparagram (Mann 2000, "Comparametric equations").

    Args:
        background: (rows, columns) levels.
        now: (rows, columns) the present picture.
        watch: (rows, columns) 0 where pixels do not count.
    Returns:
        (256,) present level of each background level.
    """
    table = _counts([background, now], [0, 1], watch, [BINS, 256], [0, 256, 0, 256])
    levels = _counts([background], [0], watch, [256], [0, 256])
    totals = table.sum(axis=1)
    full = totals >= max(16.0, totals.sum() / 1000)
    if not full.any():
        return _LEVELS.astype(np.float32)
    middle = _medians(table[full])
    mean = (levels.ravel() * _LEVELS).reshape(BINS, -1).sum(axis=1)[full] / totals[full]
    known = np.clip(_LEVELS, mean[0], mean[-1])
    lit = np.interp(known, mean, middle) + (_LEVELS - known)
    table_of: F32 = np.clip(lit, 0.0, 255.0).astype(np.float32)
    return table_of


def same_detail(before: F32, now: F32, mask: npt.NDArray[np.bool_], *, large: bool) -> bool:
    """True where a part shows what it showed before, only darker or brighter: the shadow of a
    cloud, the beam of headlights. What stands in front hides the detail behind it.

    Args:
        before, now: (rows, columns) levels of the part, as it was and as it is.
        mask: (rows, columns) the points that changed; others do not count.
        large: there are many points, so that chance explains little.
    """
    old = cv2.subtract(before, cv2.blur(before, (7, 7)))[mask]
    power = float(np.vdot(old, old))
    if power < DETAIL**2 * len(old):
        return False
    new = cv2.subtract(now, cv2.blur(now, (7, 7)))[mask]
    both = math.sqrt(power * float(np.vdot(new, new)))
    return float(np.vdot(old, new)) >= (LIKENESS if large else SURE_LIKENESS) * both


def _counts(
    pictures: list[U8], channels: list[int], watch: U8, bins: list[int], ranges: list[float]
) -> npt.NDArray[np.float64]:
    counted = cv2.calcHist(pictures, channels, watch, bins, ranges)
    return np.asarray(counted, dtype=np.float64)


def _medians(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(n,) median level of each row of counts, to a part of a level."""
    sums = table.cumsum(axis=1)
    half = sums[:, -1:] / 2
    level = (sums >= half).argmax(axis=1)
    row = np.arange(len(table))
    here = table[row, level]
    median: npt.NDArray[np.float64] = level - 0.5 + (half[:, 0] - (sums[row, level] - here)) / here
    return median
