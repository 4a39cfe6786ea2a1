"""Planes of a decoded picture: 4:2:0, 8 bits, limited range, whatever the camera sends."""

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, VideoReformatter

from vedette.contracts.frame import U8

WIDEST_PX = 16_384
"""No picture is wider or higher than this."""
MOST_PX = 36_000_000
"""No picture has more pixels than this (8K has 33 million): each takes 1.5 bytes a pixel, and a
decoder keeps several."""

_FULL_RANGE = {"yuvj411p", "yuvj420p", "yuvj422p", "yuvj440p", "yuvj444p"}


def sane_size(width: int, height: int) -> bool:
    """True for a picture that may be decoded."""
    return 0 < width <= WIDEST_PX and 0 < height <= WIDEST_PX and width * height <= MOST_PX


def planes(picture: VideoFrame, reformatter: VideoReformatter) -> tuple[U8, U8, U8]:
    """Y, U and V of a picture, read-only.

    Views into the decoder's own buffer where that is 4:2:0 with limited range already (the
    buffer lives as long as the views); else a converted copy. The colour matrix is left as is.

    Args:
        picture: as decoded.
        reformatter: kept by the caller, so that its tables are made once.
    Returns:
        (h, w), ((h + 1) // 2, (w + 1) // 2) twice.
    """
    name = picture.format.name
    full = name in _FULL_RANGE or picture.color_range == ColorRange.JPEG
    if name != "yuv420p" or full:
        picture = reformatter.reformat(
            picture,
            format="yuv420p",
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
    width, height = picture.width, picture.height
    half = ((width + 1) // 2, (height + 1) // 2)
    y, u, v = picture.planes[:3]
    return _view(y, width, height), _view(u, *half), _view(v, *half)


def _view(plane: VideoPlane, width: int, height: int) -> U8:
    stride = abs(plane.line_size)
    rows: U8 = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, stride)
    view = rows[:height, :width]
    if plane.line_size < 0:  # stored from the bottom up
        view = view[::-1]
    view.setflags(write=False)
    return view
