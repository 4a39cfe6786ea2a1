"""Takes a background through a change of light, so that only what moved is left."""

import cv2
import numpy as np
import numpy.typing as npt

from vedette.contracts.sight import F32

U8 = npt.NDArray[np.uint8]

BINS = 32
"""Groups of 8 levels."""
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
