"""Keeps the best picture of an event: sharp, large, whole, and surely what it is said to be."""

from dataclasses import dataclass
from math import sqrt

import cv2
import numpy as np
import numpy.typing as npt

from vedette.contracts.frame import Frame
from vedette.contracts.payload import FractionBox

BETTER = 1.12
"""A picture replaces the kept one only when its worth is higher by this factor."""

_BIG_ENOUGH = 0.06
"""Part of the frame from which on size counts no more."""
_SHARP_ENOUGH = 1500.0
"""Variance of the Laplacian from which on sharpness counts no more: half of the people in good
daylight reach it, and few of those that are smeared by motion reach half (docs/adr/0026)."""
_BORDER = 0.008
"""A box that comes this near to the edge of the frame is probably cut."""
_CROP_PX = 64
"""Sharpness is measured with the longer side of the object at this size: near and far compare, and
what has more detail is sharper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A picture that is, or was, the best."""

    frame: Frame
    box: FractionBox
    score: float
    worth: float


@dataclass(slots=True)
class BestPicture:
    """Holds at most one frame. Belongs to the camera's thread."""

    best: Candidate | None = None
    revision: int = 0
    """Grows with every better picture; 0 before the first."""

    def offer(self, frame: Frame, box: FractionBox, score: float) -> bool:
        """Take the picture if it is clearly better than the kept one.

        Args:
            box: of the object, fractions of the frame.
            score: of its track, 0..1.
        """
        held = 0.0 if self.best is None else self.best.worth * BETTER
        if self.best is not None and _limit(box, score) <= held:
            return False  # not even if it were perfectly sharp
        worth = picture_worth(frame, box, score)
        if self.best is not None and worth <= held:
            return False
        self.best = Candidate(frame=frame, box=box, score=score, worth=worth)
        self.revision += 1
        return True


def picture_worth(frame: Frame, box: FractionBox, score: float) -> float:
    """Worth of a picture of an object, 0..1: score x size x sharpness x completeness."""
    sharp = min(1.0, sharpness(frame, box) / _SHARP_ENOUGH)
    return _limit(box, score) * (0.35 + 0.65 * sharp)


def sharpness(frame: Frame, box: FractionBox) -> float:
    """Variance of the Laplacian of the object's luma, at a size that is always the same; 0 where
    empty (Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy")."""
    left, top = int(box[0] * frame.width), int(box[1] * frame.height)
    right, bottom = round(box[2] * frame.width), round(box[3] * frame.height)
    crop = frame.y[max(0, top) : bottom, max(0, left) : right]
    if min(crop.shape) < 3:
        return 0.0
    scale = _CROP_PX / max(crop.shape)
    size = (max(3, round(crop.shape[1] * scale)), max(3, round(crop.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    crop = np.asarray(cv2.resize(crop, size, None, 0, 0, way), dtype=np.uint8)
    edges: npt.NDArray[np.float64] = np.asarray(cv2.Laplacian(crop, cv2.CV_64F), dtype=np.float64)
    return float(edges.var())


def _limit(box: FractionBox, score: float) -> float:
    """Worth of the picture if it were perfectly sharp."""
    left, top, right, bottom = box
    area = max(0.0, right - left) * max(0.0, bottom - top)
    size = sqrt(min(1.0, area / _BIG_ENOUGH))
    cut = min(left, top, 1.0 - right, 1.0 - bottom) < _BORDER
    return max(0.0, score) * (0.25 + 0.75 * size) * (0.55 if cut else 1.0)
