"""Directed lines: who crossed, and which way.

Forward (+1) is from the left to the right of a walker who goes from a to b:

            b
            ^
     left   |   right         The picture's y axis points down, so in coordinates a is
            |                 (0.5, 0.9) and b is (0.5, 0.1); going from x = 0.3 to x = 0.7
   o--------|-------->  +1    is forward, and back again is backward.
            |
     <------|--------o  -1
            a
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vedette.contracts.sample import I8, QUANTUM
from vedette.zones.config import LineConfig

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def _cross(ax: I64, ay: I64, bx: I64, by: I64) -> I64:
    """Twice the signed area of two vectors; positive when b is to the right of a on a screen."""
    return ax * by - ay * bx


class LineMap:
    """All lines of one camera as columns; exact integer arithmetic in 1/65535 of the frame."""

    def __init__(self, lines: Sequence[LineConfig]) -> None:
        ends = [(*line.a, *line.b) for line in lines]
        table = np.rint(np.asarray(ends, dtype=np.float64).reshape(-1, 4) * QUANTUM)
        a_x, a_y, b_x, b_y = table.astype(np.int64).T
        self._a_x, self._a_y = a_x, a_y
        self._dx, self._dy = b_x - a_x, b_y - a_y
        length = np.hypot(self._dx, self._dy)
        margin = np.array([line.margin for line in lines], dtype=np.float64)
        self._clear = np.ceil(margin * QUANTUM * length).astype(np.int64)
        self._centre = np.array([line.anchor == "centre" for line in lines], dtype=np.bool_)

    def __len__(self) -> int:
        return len(self._dx)

    def points(self, foot: I32, centre: I32) -> I32:
        """(n, l, 2) the point of each object that counts for each line."""
        both: I32 = np.where(self._centre[None, :, None], centre[:, None, :], foot[:, None, :])
        return both

    def passed(self, before: I32, now: I32) -> I8:
        """Which way each step went through each segment, exactly.

        A point on a line counts as left of it, and an end of a segment on the path as left of
        the path: two lines that share an end are never both missed, nor both crossed.

        Args:
            before, now: (n, l, 2) where the object was, and where it is.
        Returns:
            (n, l) +1 forward, -1 backward, 0 not through.
        """
        from_side, to_side = self._side(before), self._side(now)
        step = (now - before).astype(np.int64)
        to_a_x, to_a_y = self._a_x - before[..., 0], self._a_y - before[..., 1]
        a_side = _cross(step[..., 0], step[..., 1], to_a_x, to_a_y) > 0
        b_side = _cross(step[..., 0], step[..., 1], to_a_x + self._dx, to_a_y + self._dy) > 0
        through = ((from_side > 0) != (to_side > 0)) & (a_side != b_side)
        way: I8 = np.where(through, np.where(to_side > 0, 1, -1), 0).astype(np.int8)
        return way

    def clear(self, now: I32) -> I8:
        """(n, l) -1 clear of the line on its left, +1 on its right, 0 within its margin."""
        side = self._side(now)
        far = np.abs(side) > self._clear
        clear: I8 = (np.sign(side) * far).astype(np.int8)
        return clear

    def _side(self, points: I32) -> I64:
        """(n, l) distance from the infinite line times its length; positive on the right."""
        x, y = points[..., 0] - self._a_x, points[..., 1] - self._a_y
        return _cross(self._dx, self._dy, x, y)


def settle(net: I8, passed: I8, clear: I8) -> tuple[I8, I8]:
    """Count a crossing once the object is clear of the line on the side that it went to.

    Passes through the segment add up until the object is clear of the line, so jitter on the
    line cancels itself, and walking around an end of the line is no crossing.

    Args:
        net: (n, l) sum of the passes since the object was last clear of the line.
        passed, clear: see `LineMap`.
    Returns:
        The new sums, and (n, l) +1, -1 or 0: the crossings of this step.
    """
    total = np.clip(net + passed, -1, 1)
    crossed: I8 = np.where((clear != 0) & (np.sign(total) == clear), clear, 0).astype(np.int8)
    remaining: I8 = np.where(clear != 0, 0, total).astype(np.int8)
    return remaining, crossed
