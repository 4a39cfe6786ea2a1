"""Planes of a decoded picture: 4:2:0, 8 bits, limited range, whatever the camera sends."""

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, VideoReformatter

from vedette.contracts.frame import U8
from vedette.kit.pixels import Matrix

WIDEST_PX = 16_384
"""No picture is wider or higher than this."""
MOST_PX = 36_000_000
"""No picture has more pixels than this (8K has 33 million): each takes 1.5 bytes a pixel, and a
decoder keeps several."""

_HALVED = {"yuv420p", "yuvj420p"}
"""4:2:0 with 8 bits; the second one says its range in its name."""
_FULL_RANGE = {"yuvj411p", "yuvj420p", "yuvj422p", "yuvj440p", "yuvj444p"}


_MATRICES = {
    **dict.fromkeys((4, 5, 6), Matrix.BT601),  # FCC, BT.470 BG, SMPTE 170M
    **dict.fromkeys((1, 7), Matrix.BT709),  # BT.709, SMPTE 240M
    **dict.fromkeys((9, 10), Matrix.BT2020),
}
"""By the number that a stream gives its colours (ITU-T H.273, table 4)."""
_HIGH_PX = (1280, 577)
"""A stream that does not say it, and is as wide or as high: BT.709, as players take it."""

_TURNS = {
    90: cv2.ROTATE_90_COUNTERCLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_CLOCKWISE,
}
"""By how much a picture is to be turned, counter-clockwise."""


def sane_size(width: int, height: int) -> bool:
    """True for a picture that may be decoded."""
    return 0 < width <= WIDEST_PX and 0 < height <= WIDEST_PX and width * height <= MOST_PX


def planes(picture: VideoFrame, reformatter: VideoReformatter) -> tuple[U8, U8, U8]:
    """Y, U and V of a picture, upright and read-only.

    Views into the decoder's own buffer where that is 4:2:0 with limited range already (the
    buffer lives as long as the views); else a converted copy. The colour matrix is left as is. A
    recording that is to be shown turned (telephones, uploads) is turned.

    Args:
        picture: as decoded.
        reformatter: kept by the caller, so that its tables are made once.
    Returns:
        (h, w), ((h + 1) // 2, (w + 1) // 2) twice.
    """
    turn = _TURNS.get(picture.rotation % 360)
    name = picture.format.name
    full = name in _FULL_RANGE or picture.color_range == ColorRange.JPEG
    if name not in _HALVED:
        full = False  # not any more, once it is converted
        picture = reformatter.reformat(
            picture,
            format="yuv420p",
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
    width, height = picture.width, picture.height
    half = ((width + 1) // 2, (height + 1) // 2)
    y, u, v = picture.planes[:3]
    found = _view(y, width, height), _view(u, *half), _view(v, *half)
    if full:
        found = _limited(*found)
    return found if turn is None else _turned(found, turn)


def matrix_of(picture: VideoFrame) -> Matrix:
    """What the colours of its planes mean."""
    if picture.format.is_rgb:
        return Matrix.BT601  # `planes` converts it so
    known = _MATRICES.get(int(picture.colorspace))
    if known is not None:
        return known
    high = picture.width >= _HIGH_PX[0] or picture.height >= _HIGH_PX[1]
    return Matrix.BT709 if high else Matrix.BT601


def _limited(y: U8, u: U8, v: U8) -> tuple[U8, U8, U8]:
    """From 0..255 to 16..235 (luma) and 16..240; eight times as quick as FFmpeg's scaler."""
    chroma = 128.0 * (1 - 224 / 255)
    return (
        _scaled(y, 219 / 255, 16.0),
        _scaled(u, 224 / 255, chroma),
        _scaled(v, 224 / 255, chroma),
    )


def _scaled(plane: U8, factor: float, offset: float) -> U8:
    levels = cv2.convertScaleAbs(np.ascontiguousarray(plane), None, factor, offset)
    done = np.asarray(levels, dtype=np.uint8)
    done.setflags(write=False)
    return done


def _turned(found: tuple[U8, U8, U8], turn: int) -> tuple[U8, U8, U8]:
    turned = (cv2.rotate(np.ascontiguousarray(plane), turn) for plane in found)
    y, u, v = (np.asarray(plane, dtype=np.uint8) for plane in turned)
    for plane in (y, u, v):
        plane.setflags(write=False)
    return y, u, v


def _view(plane: VideoPlane, width: int, height: int) -> U8:
    stride = abs(plane.line_size)
    rows: U8 = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, stride)
    view = rows[:height, :width]
    if plane.line_size < 0:  # stored from the bottom up
        view = view[::-1]
    view.setflags(write=False)
    return view
