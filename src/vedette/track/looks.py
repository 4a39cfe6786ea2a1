"""What does it look like? Colours of the upper and lower half, to tell crossing people apart.

Histograms of the three planes over two stripes of the box (Swain and Ballard, Color indexing,
International Journal of Computer Vision, 1991), compared by the Bhattacharyya coefficient, which
for square roots is a dot product. They describe clothes, not faces, live as long as the track, and
are never stored.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from vedette.contracts.frame import Frame
from vedette.contracts.sight import F32, Detections

BINS = 8
STRIPES = ((0.12, 0.48), (0.50, 0.90))
"""Upper body and legs, as parts of the box's height."""
_ACROSS = (0.2, 0.8)
"""Part of the box's width: less of the background beside a walker."""
_RANGES = ((16.0, 235.0), (96.0, 160.0), (96.0, 160.0))
"""Range of the bins of luma and both chroma planes; outdoor chroma hardly leaves it."""
_ROWS, _COLUMNS = 12, 8
"""Points looked at in a stripe."""
_MIDDLE, _BLACK, _GREY = 118.0, 16.0, 128.0
"""Luma that the whole picture is brought to before colours are compared; black; no colour."""
_GAIN = (0.4, 2.5)
"""At most so much darker or brighter."""
_EVERY = 8
"""The picture's light is measured at every so many points across and down."""
_SHIFT = 2
_LEVELS = 256 >> _SHIFT
"""Values are counted in steps of four before they are shared between bins."""
LENGTH = len(STRIPES) * len(_RANGES) * BINS


def describe(frame: Frame, found: Detections) -> Detections:
    """The same detections, with their looks filled in."""
    return replace(found, looks=looks(frame, found.boxes))


def looks(frame: Frame, boxes: F32) -> F32:
    """Describe what is in each box.

    Args:
        frame: the picture.
        boxes: (n, 4) x1 y1 x2 y2, fractions of the frame.
    Returns:
        (n, 48) unit vectors without negative numbers.
    """
    n = len(boxes)
    if not n:
        return np.zeros((0, LENGTH), dtype=np.float32)
    left, top, right, bottom = boxes.astype(np.float64).T
    across = np.linspace(*_ACROSS, _COLUMNS)
    x = left[:, None] + (right - left)[:, None] * across
    down = np.concatenate([np.linspace(*stripe, _ROWS) for stripe in STRIPES])
    y = top[:, None] + (bottom - top)[:, None] * down
    columns, rows = _pixels(x, frame.width), _pixels(y, frame.height)
    planes = (
        frame.y[rows[:, :, None], columns[:, None, :]],
        frame.u[rows[:, :, None] // 2, columns[:, None, :] // 2],
        frame.v[rows[:, :, None] // 2, columns[:, None, :] // 2],
    )
    tables = _tables(frame)
    histograms = np.stack(
        [
            _histograms(table[plane], shares)
            for table, plane, shares in zip(tables, planes, _SHARES, strict=True)
        ],
        axis=2,
    )
    points = _ROWS * _COLUMNS * len(STRIPES) * len(_RANGES)
    return np.sqrt(histograms.reshape(n, LENGTH) / points).astype(np.float32)


def _tables(frame: Frame) -> tuple[npt.NDArray[np.uint8], ...]:
    """(256,) each plane's levels in the middle light: an exposure that changes, a cloud, or dusk
    dresses nobody anew (von Kries 1902, with one factor for all colours)."""
    mean = max(float(frame.y[::_EVERY, ::_EVERY].mean()) - _BLACK, 1.0)
    gain = min(max((_MIDDLE - _BLACK) / mean, _GAIN[0]), _GAIN[1])
    levels = np.arange(256, dtype=np.float64)
    luma = np.clip((levels - _BLACK) * gain + _BLACK, 0.0, 255.0).astype(np.uint8)
    chroma = np.clip((levels - _GREY) * gain + _GREY, 0.0, 255.0).astype(np.uint8)
    return luma, chroma, chroma


def _pixels(part: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.intp]:
    return np.clip((part * size).astype(np.intp), 0, size - 1)


def _shares(low: float, high: float) -> npt.NDArray[np.float64]:
    """(levels, bins) each level shared between the two nearest bins, so that no edge matters."""
    values = np.arange(_LEVELS) * (1 << _SHIFT) + (1 << _SHIFT) / 2 - 0.5
    place = np.clip((values - low) / (high - low) * BINS - 0.5, 0.0, BINS - 1.0)
    nearness: npt.NDArray[np.float64] = 1.0 - np.abs(place[:, None] - np.arange(BINS))
    return np.maximum(nearness, 0.0)


_SHARES = [_shares(low, high) for low, high in _RANGES]


def _histograms(
    plane: npt.NDArray[np.uint8], shares: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """(n, stripes, bins) of the points (n, rows of all stripes, columns) of one plane."""
    count = plane.shape[0] * len(STRIPES)
    levels = (plane >> _SHIFT).reshape(count, -1).astype(np.intp)
    levels += np.arange(count)[:, None] * _LEVELS
    counted = np.bincount(levels.ravel(), minlength=count * _LEVELS).reshape(count, _LEVELS)
    return (counted @ shares).reshape(plane.shape[0], len(STRIPES), BINS)
