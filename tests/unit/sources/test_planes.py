"""Whatever the camera's pixels are, frames are 4:2:0, 8 bits, limited range, and read-only."""

import gc

import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, VideoReformatter

from vedette.kit.pixels import bgr_from_planes
from vedette.sources.planes import planes, sane_size

GREY = 128


def uniform(width: int, height: int, bgr: tuple[int, int, int]) -> VideoFrame:
    return VideoFrame.from_ndarray(np.full((height, width, 3), bgr, dtype=np.uint8), format="bgr24")


@pytest.mark.parametrize(
    "pixel_format",
    [
        *("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuv420p10le", "nv12", "nv21"),
        *("rgb24", "bgr24", "bgra", "yuyv422", "yuv411p"),
    ],
)
@pytest.mark.parametrize("size", [(64, 48), (63, 47), (16, 15)])
def test_every_format_becomes_the_same_picture(pixel_format: str, size: tuple[int, int]) -> None:
    colour = (60, 150, 210)
    source = uniform(*size, colour).reformat(format=pixel_format)
    y, u, v = planes(source, VideoReformatter())

    half = ((size[1] + 1) // 2, (size[0] + 1) // 2)
    assert (y.shape, u.shape, v.shape) == ((size[1], size[0]), half, half)
    assert y.dtype == u.dtype == v.dtype == np.uint8
    back = bgr_from_planes(y, u, v)[:-2, :-2].astype(int)
    assert np.abs(back - colour).max() <= 6


@pytest.mark.parametrize("pixel_format", ["gray", "gray10le"])
def test_grey_has_no_colour(pixel_format: str) -> None:
    y, u, v = planes(
        uniform(64, 48, (GREY, GREY, GREY)).reformat(format=pixel_format), VideoReformatter()
    )

    assert np.abs(y.astype(int) - round(16 + GREY * 219 / 255)).max() <= 2
    assert {*np.unique(u), *np.unique(v)} <= {127, 128, 129}


def test_full_range_that_is_only_flagged_is_converted() -> None:
    source = uniform(64, 48, (255, 255, 255)).reformat(format="yuvj420p")
    raw = np.concatenate([np.frombuffer(memoryview(p), np.uint8) for p in source.planes])
    plain = VideoFrame(64, 48, "yuv420p")
    offset = 0
    for plane in plain.planes:
        plane.update(raw[offset : offset + plane.buffer_size].tobytes())
        offset += plane.buffer_size
    plain.color_range = ColorRange.JPEG

    assert planes(plain, VideoReformatter())[0].max() == 235


def test_planes_are_read_only_views_that_outlive_the_picture() -> None:
    source = uniform(64, 48, (10, 200, 90)).reformat(format="yuv420p")
    y, u, v = planes(source, VideoReformatter())
    before = y.copy()

    assert np.shares_memory(y, np.frombuffer(memoryview(source.planes[0]), np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        y[0, 0] = 0
    assert [plane.flags.writeable for plane in (y, u, v)] == [False] * 3
    del source
    gc.collect()
    assert np.array_equal(y, before)


@pytest.mark.parametrize(
    ("width", "height", "sane"),
    [(1, 1, True), (7680, 4320, True), (0, 10, False), (16_385, 2, False), (10_000, 10_000, False)],
)
def test_absurd_sizes_are_refused(width: int, height: int, *, sane: bool) -> None:
    assert sane_size(width, height) is sane
