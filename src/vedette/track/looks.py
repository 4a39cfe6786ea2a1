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
_ROWS, _COLUMNS = 16, 10
"""Points looked at in a stripe."""
LENGTH = len(STRIPES) * len(_RANGES) * BINS

_HISTOGRAMS = len(STRIPES) * len(_RANGES)


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
    points = np.stack(planes, axis=1).astype(np.float64)
    points = points.reshape(n, len(_RANGES), len(STRIPES), _ROWS * _COLUMNS)
    histograms = _histograms(points)
    return np.sqrt(histograms / (_ROWS * _COLUMNS * _HISTOGRAMS)).astype(np.float32)


def _pixels(part: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.intp]:
    return np.clip((part * size).astype(np.intp), 0, size - 1)


def _histograms(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(n, 48) each point shared between the two nearest bins, so that no edge matters."""
    low = np.array([low for low, _ in _RANGES])[:, None, None]
    wide = np.array([high - low for low, high in _RANGES])[:, None, None]
    place = np.clip((points - low) / wide * BINS - 0.5, 0.0, BINS - 1.0)
    lower = np.minimum(place.astype(np.intp), BINS - 2)
    share = place - lower
    count = points.shape[0] * _HISTOGRAMS
    offset = np.arange(count).reshape(*points.shape[:3], 1) * BINS
    at = (lower + offset).ravel()
    size = count * BINS
    total = np.bincount(at, (1.0 - share).ravel(), size).astype(np.float64)
    total += np.bincount(at + 1, share.ravel(), size)
    return total.reshape(points.shape[0], LENGTH)
