"""Pictures of an event: JPEG, clean or with boxes, labels, zones, lines and a caption."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any
from zlib import crc32

import cv2
import numpy as np
import numpy.typing as npt

from vedette.contracts.errors import StorageFailed
from vedette.contracts.frame import U8, Frame
from vedette.contracts.payload import FractionBox

Point = tuple[float, float]
"""x and y, fractions of the frame."""
Bgr = tuple[int, int, int]

_KNOWN: dict[str, Bgr] = {
    "person": (76, 175, 255),
    "car": (255, 170, 60),
    "truck": (220, 120, 60),
    "bus": (200, 90, 140),
    "motorcycle": (140, 110, 250),
    "bicycle": (120, 215, 90),
    "dog": (90, 205, 205),
    "cat": (180, 130, 230),
}
_OTHERS: tuple[Bgr, ...] = (
    (240, 190, 70),
    (110, 200, 110),
    (100, 130, 250),
    (210, 120, 210),
    (90, 200, 220),
    (230, 150, 130),
)
ZONE_COLOUR: Bgr = (222, 190, 90)
LINE_COLOUR: Bgr = (110, 220, 250)

_DARK: Bgr = (28, 24, 20)
_LIGHT: Bgr = (255, 255, 255)
_FILL = 0.14
_CAPTION_FILL = 0.55

_DRAWS = ThreadPoolExecutor(1, thread_name_prefix="draws")
"""The one thread that draws: OpenCV unpacks its fonts (6.5 MB) anew for each thread that writes
text, and keeps them for as long as that thread lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An object to point out."""

    box: FractionBox
    label: str
    score: float | None = None
    strong: bool = True
    """False for bystanders: drawn thinner, with a smaller label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A zone (closed) or a line (open, with an arrow in the direction that counts)."""

    points: tuple[Point, ...]
    name: str = ""
    closed: bool = True


def colour_of(label: str) -> Bgr:
    """The colour of a class, always the same."""
    return _KNOWN.get(label) or _OTHERS[crc32(label.encode()) % len(_OTHERS)]


def scaled(bgr: U8, max_width: int | None) -> U8:
    """The picture, made smaller where it is wider than `max_width`."""
    height, width = bgr.shape[:2]
    if max_width is None or width <= max_width:
        return bgr
    size = (max_width, max(1, round(height * max_width / width)))
    return np.asarray(cv2.resize(bgr, size, None, 0, 0, cv2.INTER_AREA), dtype=np.uint8)


def jpeg(bgr: U8, *, quality: int = 85) -> bytes:
    """JPEG of a picture.

    Args:
        bgr: (height, width, 3).
        quality: 1..100.
    Raises:
        StorageFailed: it cannot be encoded.
    """
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise StorageFailed(f"a picture of {bgr.shape[1]}x{bgr.shape[0]} could not be encoded")
    return bytes(data)


def snapshot(frame: Frame, *, quality: int = 90, max_width: int | None = None) -> bytes:
    """JPEG of a frame, clean."""
    return jpeg(scaled(frame.bgr(), max_width), quality=quality)


def annotated(
    frame: Frame,
    *,
    marks: Sequence[Mark] = (),
    outlines: Sequence[Outline] = (),
    caption: str = "",
    quality: int = 85,
    max_width: int | None = None,
) -> bytes:
    """JPEG of a frame with what was seen; made smaller first, so that its text stays readable."""
    bgr = scaled(frame.bgr(), max_width)
    return jpeg(draw(bgr, marks=marks, outlines=outlines, caption=caption), quality=quality)


def draw(
    bgr: U8,
    *,
    marks: Sequence[Mark] = (),
    outlines: Sequence[Outline] = (),
    caption: str = "",
) -> U8:
    """A copy of the picture with zones and lines, then boxes and labels, then the caption.

    Args:
        bgr: (height, width, 3).
        caption: one line at the bottom: camera, rule, time.
    """
    return _DRAWS.submit(_drawn, bgr, marks, outlines, caption).result()


def _drawn(bgr: U8, marks: Sequence[Mark], outlines: Sequence[Outline], caption: str) -> U8:
    picture = np.ascontiguousarray(bgr).copy()
    pen = _Pen(picture)
    for outline in outlines:
        pen.outline(outline)
    for mark in sorted(marks, key=lambda one: one.strong):  # the important ones on top
        pen.box(mark)
    for mark in sorted(marks, key=lambda one: one.strong):
        pen.label(mark)
    if caption:
        pen.caption(caption)
    return picture


@cache
def _font() -> Any:
    return cv2.FontFace("sans")


class _Pen:
    """Draws on one picture; widths and text grow with it."""

    def __init__(self, picture: U8) -> None:
        self._picture = picture
        self._height, self._width = picture.shape[:2]
        self._font = _font()
        self._text_px = int(min(64, max(11, round(self._width / 48))))
        self._line_px = max(1, round(self._width / 420))

    def outline(self, outline: Outline) -> None:
        if len(outline.points) < 2:
            return
        points = np.rint([self._at(point) for point in outline.points]).astype(np.int32)
        colour = ZONE_COLOUR if outline.closed else LINE_COLOUR
        if outline.closed:
            self._tint(points, colour)
        cv2.polylines(self._picture, [points], outline.closed, colour, self._line_px, cv2.LINE_AA)
        if not outline.closed:
            self._arrow(points, colour)
        if outline.name:
            top = points[int(np.argmin(points[:, 1]))]
            self._tag(outline.name, (int(top[0]), int(top[1])), colour, self._text_px * 4 // 5)

    def box(self, mark: Mark) -> None:
        left, top, right, bottom = self._corners(mark.box)
        colour = colour_of(mark.label)
        wide = self._line_px * (2 if mark.strong else 1)
        around = wide + max(1, self._line_px)
        cv2.rectangle(self._picture, (left, top), (right, bottom), _DARK, around, cv2.LINE_AA)
        cv2.rectangle(self._picture, (left, top), (right, bottom), colour, wide, cv2.LINE_AA)

    def label(self, mark: Mark) -> None:
        left, top, _, _ = self._corners(mark.box)
        text = mark.label if mark.score is None else f"{mark.label} {round(mark.score * 100)}%"
        size = self._text_px if mark.strong else self._text_px * 4 // 5
        self._tag(text, (left, top), colour_of(mark.label), size)

    def caption(self, text: str) -> None:
        size = self._text_px
        strip = self._picture[max(0, self._height - 2 * size) :]
        dark = np.full_like(strip, 16)
        cv2.addWeighted(dark, _CAPTION_FILL, strip, 1.0 - _CAPTION_FILL, 0.0, strip)
        room = self._width - size
        while self._text_width(text, size) > room and size > 8:
            size -= 1
        baseline = self._height - self._text_px + round(size * 0.36)
        self._write(text, (self._text_px // 2, baseline), _LIGHT, size, weight=500)

    def _tag(self, text: str, corner: tuple[int, int], colour: Bgr, size: int) -> None:
        """Text on a plate of its colour, above the corner, or below where there is no room."""
        pad = max(2, size // 4)
        wide, high = self._text_width(text, size) + 2 * pad, round(size * 1.15) + pad
        left = max(0, min(corner[0], self._width - wide))
        top = corner[1] - high if corner[1] - high >= 0 else corner[1]
        bottom = min(self._height, top + high)
        cv2.rectangle(self._picture, (left, top), (left + wide, bottom), colour, cv2.FILLED)
        ink = _DARK if _brightness(colour) > 120 else _LIGHT
        self._write(text, (left + pad, bottom - pad - size // 8), ink, size, weight=600)

    def _write(
        self, text: str, at: tuple[int, int], colour: Bgr, size: int, *, weight: int
    ) -> None:
        cv2.putText(self._picture, text, at, colour, self._font, size, weight)

    def _text_width(self, text: str, size: int) -> int:
        area = (self._width * 8, self._height)
        return int(cv2.getTextSize(area, text, (0, size), self._font, size, 600)[2])

    def _tint(self, points: npt.NDArray[np.int32], colour: Bgr) -> None:
        left, top, width, height = cv2.boundingRect(points)
        left, top = max(0, left), max(0, top)
        part = self._picture[top : top + height, left : left + width]
        if part.size == 0:
            return
        tinted = part.copy()
        cv2.fillPoly(tinted, [points - (left, top)], colour, cv2.LINE_AA)
        cv2.addWeighted(tinted, _FILL, part, 1.0 - _FILL, 0.0, part)

    def _arrow(self, points: npt.NDArray[np.int32], colour: Bgr) -> None:
        """Across the middle of the line, from its left to its right (seen from a to b)."""
        a, b = points[0].astype(float), points[-1].astype(float)
        along = b - a
        length = float(np.hypot(*along))
        if length == 0.0:
            return
        across = np.array([-along[1], along[0]]) / length * self._width / 28
        middle = (a + b) / 2
        tail, tip = np.rint(middle - across / 2), np.rint(middle + across)
        cv2.arrowedLine(
            self._picture,
            (int(tail[0]), int(tail[1])),
            (int(tip[0]), int(tip[1])),
            colour,
            self._line_px,
            cv2.LINE_AA,
            0,
            0.35,
        )

    def _at(self, point: Point) -> tuple[float, float]:
        return (point[0] * (self._width - 1), point[1] * (self._height - 1))

    def _corners(self, box: FractionBox) -> tuple[int, int, int, int]:
        left, top = self._at((box[0], box[1]))
        right, bottom = self._at((box[2], box[3]))
        return round(left), round(top), round(right), round(bottom)


def _brightness(colour: Bgr) -> float:
    blue, green, red = colour
    return 0.114 * blue + 0.587 * green + 0.299 * red
