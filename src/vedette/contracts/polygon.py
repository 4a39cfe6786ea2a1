"""A polygon as people draw it on a picture: checked once, then turned into cells of a grid."""

from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Field
from shapely import Polygon as Outline
from shapely.validation import explain_validity

Coordinate = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
"""A fraction of the frame's width or height; `nan` and `inf` are refused."""

Point = tuple[Coordinate, Coordinate]
"""x (to the right), y (down), fractions of the frame."""

MOST_CORNERS = 256
FINEST = 1024
"""Cells a side of the finest grid in use; a polygon that covers none of its cells is refused."""

Cells = npt.NDArray[np.bool_]


def fill(corners: tuple[Point, ...], width: int, height: int) -> Cells:
    """The cells whose centre lies inside a polygon (even-odd rule, scan conversion).

    Every edge is half open (it owns its upper end, not its lower one; a centre on an edge lies
    to the edge's right). So two polygons that share an edge never both own a cell, and the
    rectangle 0,0 .. 1,1 owns every cell.

    Args:
        corners: 3 or more x, y, fractions of the frame; the last is joined to the first.
        width, height: cells.
    Returns:
        (height, width) True inside.
    """
    flips = np.zeros((height, width + 1), dtype=np.uint8)
    points = np.asarray(corners, dtype=np.float64) * (width, height)
    for (ax, ay), (bx, by) in zip(points, np.roll(points, -1, axis=0), strict=True):
        if ay == by:
            continue
        top, bottom = min(ay, by), max(ay, by)
        rows = np.arange(int(np.ceil(top - 0.5)), int(np.ceil(bottom - 0.5)))
        at_x = ax + (rows + 0.5 - ay) * ((bx - ax) / (by - ay))
        columns = np.clip(np.ceil(at_x - 0.5), 0, width).astype(np.intp)
        flips[rows, columns] ^= 1
    inside: Cells = np.bitwise_xor.accumulate(flips, axis=1)[:, :width].astype(np.bool_)
    return inside


def check_polygon(corners: tuple[Point, ...]) -> tuple[Point, ...]:
    """Refuse what is not the outline of an area; a repeated first corner at the end is dropped.

    Raises:
        ValueError: a sentence that says what is wrong and what would be right.
    """
    if len(corners) > 1 and corners[0] == corners[-1]:
        corners = corners[:-1]
    if len(set(corners)) < 3:
        raise ValueError(
            f"a polygon needs at least 3 different corners, this one has {len(set(corners))}"
        )
    outline = Outline(corners)
    if outline.convex_hull.area == 0.0:
        raise ValueError("the corners lie on one line, so the area is zero; move one of them")
    if not outline.is_valid:
        place = explain_validity(outline).partition("[")[2].rstrip("]").split()
        near = ", ".join(f"{float(part):.3f}" for part in place)
        raise ValueError(
            f"the edges cross themselves near ({near}); "
            "list the corners in order around the outline"
        )
    if not fill(corners, FINEST, FINEST).any():
        raise ValueError("the polygon is too thin or too small to hold anything; make it larger")
    return corners


Polygon = Annotated[
    tuple[Point, ...], Field(max_length=MOST_CORNERS), AfterValidator(check_polygon)
]
"""Corners in order around the outline."""
