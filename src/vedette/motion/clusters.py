"""Groups changed points that lie together."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
_SQUARE = np.ones((3, 3), dtype=np.uint8)


class Cluster(NamedTuple):
    """Points that touch each other, or nearly (a gap of one point is none)."""

    points: int
    """Changed points in its box."""
    x: int
    y: int
    wide: int
    tall: int

    @property
    def part(self) -> tuple[slice, slice]:
        """Its box as rows and columns."""
        return slice(self.y, self.y + self.tall), slice(self.x, self.x + self.wide)


def clusters(changed: U8, least: float) -> list[Cluster]:
    """The clusters of at least `least` points, the largest first.

    Only the part in which something changed is looked through, and outlines instead of labels:
    that is ten times as fast as connected components with their statistics.

    Args:
        changed: (rows, columns) 255 where something changed, else 0.
    """
    x, y, width, height = cv2.boundingRect(changed)
    part = changed[y : y + height, x : x + width]
    joined = cv2.dilate(part, _SQUARE)
    outlines, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for outline in outlines:
        left, top, wide, tall = cv2.boundingRect(outline)
        if wide * tall < least:
            continue
        count = cv2.countNonZero(part[top : top + tall, left : left + wide])
        if count >= least:
            found.append(Cluster(count, x + left, y + top, wide, tall))
    return sorted(found, key=lambda one: (-one.points, one))
