"""Draws a walking person as a detector of real people recognises one: proportions, limbs, clothes.

Drawn four times as large as it will be and then shrunk, so that edges are as soft as a camera's.
"""

import itertools
import math

import cv2
import numpy as np

from vedette.contracts.frame import U8

FINER = 4
STRIDE = 0.7
"""Way of two steps, in heights."""
SKIN, HAIR, SHOE = (120, 150, 205), (28, 34, 46), (36, 36, 40)
TROUSERS = (92, 62, 48)
FAR = 0.75
"""Light on what is turned away."""
SMALLEST = (2, 4)
"""Width and height in pixels below which there is nothing to draw."""

Colour = tuple[int, int, int]
Point = tuple[float, float]
"""Across, from the middle, in widths; and down, from the top, in heights."""


def draw_person(picture: U8, box: tuple[int, int, int, int], colour: Colour, way: float) -> None:
    """Draw somebody who fills a box and walks.

    Args:
        picture: (height, width, 3) BGR, changed in place.
        box: left, top, right, bottom in pixels; may reach out of the picture.
        colour: of the jacket, BGR.
        way: how far they have walked, in heights; who stands does not move a limb.
    """
    left, top, right, bottom = box
    size = (right - left, bottom - top)
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, right), min(height, bottom)
    if size[0] < SMALLEST[0] or size[1] < SMALLEST[1] or x1 <= x0 or y1 <= y0:
        return
    behind = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    rows, columns = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
    behind[rows, columns] = picture[y0:y1, x0:x1]
    large = (size[0] * FINER, size[1] * FINER)
    sheet = _Sheet(cv2.resize(behind, large, interpolation=cv2.INTER_NEAREST).astype(np.uint8))
    _paint(sheet, colour, math.sin(2.0 * math.pi * way / STRIDE))
    small = cv2.resize(sheet.pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    picture[y0:y1, x0:x1] = small[rows, columns]


class _Sheet:
    """Pixels with coordinates of the body: widths from the middle, heights from the top."""

    def __init__(self, pixels: U8) -> None:
        self.pixels = pixels
        self._height, self._width = pixels.shape[:2]

    def limb(self, points: tuple[Point, ...], colour: Colour, thick: float) -> None:
        for begin, end in itertools.pairwise(points):
            width = max(1, round(thick * self._width))
            cv2.line(self.pixels, self._at(begin), self._at(end), colour, width, cv2.LINE_AA)

    def oval(self, middle: Point, radii: Point, colour: Colour, from_deg: int = 0) -> None:
        """Filled; `from_deg` 180 draws the upper half."""
        axes = (round(radii[0] * self._width), round(radii[1] * self._height))
        cv2.ellipse(
            self.pixels,
            self._at(middle),
            axes,
            0,
            from_deg,
            360,
            colour,
            cv2.FILLED,
            cv2.LINE_AA,
        )

    def shape(self, points: tuple[Point, ...], colour: Colour) -> None:
        corners = np.array([self._at(point) for point in points], dtype=np.int32)
        cv2.fillPoly(self.pixels, [corners], colour, cv2.LINE_AA)

    def _at(self, point: Point) -> tuple[int, int]:
        return round((point[0] + 0.5) * self._width), round(point[1] * self._height)


def _paint(sheet: _Sheet, jacket: Colour, swing: float) -> None:
    """From back to front: legs, the arm behind, body, the arm in front, head."""
    for side, light in ((-swing, FAR), (swing, 1.0)):
        hip, knee = (0.02 * side, 0.50), (0.16 * side + 0.03, 0.73)
        foot = (0.33 * side, 0.93)
        sheet.limb((hip, knee), _lit(TROUSERS, light), 0.20)
        sheet.limb((knee, foot), _lit(TROUSERS, light), 0.16)
        sheet.oval((foot[0] + 0.05, 0.965), (0.13, 0.022), _lit(SHOE, light))
    _arm(sheet, 0.18, swing, _lit(jacket, FAR), _lit(SKIN, FAR))
    sheet.shape(
        ((-0.24, 0.185), (-0.10, 0.155), (0.10, 0.155), (0.24, 0.185), (0.21, 0.55), (-0.21, 0.55)),
        jacket,
    )
    shaded = ((0.06, 0.16), (0.24, 0.185), (0.21, 0.55), (0.08, 0.55))
    sheet.shape(shaded, _lit(jacket, FAR))
    _arm(sheet, -0.22, -swing, _lit(jacket, 0.88), SKIN)
    sheet.limb(((0.0, 0.13), (0.0, 0.17)), _lit(SKIN, FAR), 0.16)
    sheet.oval((0.0, 0.085), (0.155, 0.072), SKIN)
    sheet.oval((0.0, 0.070), (0.165, 0.068), HAIR, from_deg=180)
    sheet.oval((-0.1, 0.085), (0.07, 0.06), HAIR)


def _arm(sheet: _Sheet, shoulder: float, swing: float, sleeve: Colour, skin: Colour) -> None:
    out = math.copysign(0.06, shoulder)
    elbow, hand = shoulder + 0.5 * out + 0.13 * swing, shoulder + out + 0.16 * swing
    sheet.limb(((shoulder, 0.215), (elbow, 0.37)), sleeve, 0.13)
    sheet.limb(((elbow, 0.37), (hand, 0.49)), sleeve, 0.10)
    sheet.oval((hand, 0.51), (0.065, 0.018), skin)


def _lit(colour: Colour, light: float) -> Colour:
    blue, green, red = (min(255, round(channel * light)) for channel in colour)
    return blue, green, red
