"""A part of a frame as a frame of its own, without copying pixels; and boxes back again."""

from dataclasses import dataclass, replace

import numpy as np

from vedette.contracts.frame import Frame
from vedette.contracts.sight import F32

SMALLEST = 16
"""Pixels of the shorter side of a crop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """A part of a frame."""

    frame: Frame
    """The part; its planes are views of the whole frame's."""
    left: float
    """Where it begins, as a fraction of the whole frame's width."""
    top: float
    width: float
    """Of the part, as a fraction of the whole frame's width."""
    height: float

    def back(self, places: F32) -> F32:
        """(..., 2 or 4) x y ... in fractions of the part to fractions of the whole frame."""
        times = places.shape[-1] // 2
        offset = np.array((self.left, self.top) * times, dtype=np.float32)
        size = np.array((self.width, self.height) * times, dtype=np.float32)
        return np.asarray(places * size + offset, dtype=np.float32)


def crop(frame: Frame, box: F32) -> Crop:
    """The part of a frame that holds a box, grown to even pixels and at least `SMALLEST`.

    Args:
        box: (4,) x1 y1 x2 y2, fractions of the frame; what lies outside is left out.
    """
    left, right = _span(float(box[0]), float(box[2]), frame.width)
    top, bottom = _span(float(box[1]), float(box[3]), frame.height)
    chroma = (slice(top // 2, (bottom + 1) // 2), slice(left // 2, (right + 1) // 2))
    return Crop(
        frame=replace(
            frame,
            y=frame.y[top:bottom, left:right],
            u=frame.u[chroma],
            v=frame.v[chroma],
        ),
        left=left / frame.width,
        top=top / frame.height,
        width=(right - left) / frame.width,
        height=(bottom - top) / frame.height,
    )


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    """First and last pixel of a part of a line; the first one is even, as chroma needs it."""
    least = min(SMALLEST, size)
    first = min(max(int(low * size), 0), size - least) // 2 * 2
    last = max(min(int(np.ceil(high * size)), size), first + least)
    return first, min(last + (last - first) % 2, size)
