"""A known colour comes out as itself, and a recording that is to be shown turned is upright."""

import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.video.reformatter import ColorRange

from tests.player import ffmpeg
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.detect.preprocess import picture
from vedette.media.clip import ClipWriter
from vedette.media.preview import small
from vedette.plugins.registry import build
from vedette.testing.fakes import FakeClock

U8 = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

COLOURS: tuple[Colour, ...] = (
    *((200, 30, 40), (30, 180, 60), (40, 60, 210), (128, 128, 128)),
    *((220, 200, 60), (20, 20, 20), (235, 235, 235), (150, 90, 60)),
)
"""Red, green, blue of the eight stripes of each video."""
SHARES = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}
"""Red and blue in luma, by the number of the colour space (ITU-T H.273, table 4)."""
UNSAID = 2
SMALL, LARGE = (640, 360), (1280, 720)
LEVELS = 4


def planes(size: tuple[int, int], space: int, *, full: bool) -> U8:
    """The stripes as the camera would send them, one plane below the other."""
    width, height = size
    y = np.zeros((height, width), np.uint8)
    u, v = (np.zeros((height // 2, width // 2), np.uint8) for _ in range(2))
    red, blue = SHARES[space]
    for number, colour in enumerate(COLOURS):
        r, g, b = (level / 255 for level in colour)
        luma = red * r + (1 - red - blue) * g + blue * b
        cb, cr = (b - luma) / (2 * (1 - blue)), (r - luma) / (2 * (1 - red))
        levels = (255 * luma, 255 * cb, 255 * cr) if full else (16 + 219 * luma, 224 * cb, 224 * cr)
        half = slice(number * width // 16, (number + 1) * width // 16)
        y[:, half.start * 2 : half.stop * 2] = round(levels[0])
        u[:, half], v[:, half] = round(128 + levels[1]), round(128 + levels[2])
    return np.concatenate((y.ravel(), u.ravel(), v.ravel())).reshape(-1, width)


def filmed(
    path: Path,
    sheet: U8,
    *,
    said: int = UNSAID,
    full: bool = False,
    codec: str = "libx264",
    turned: int = 0,
) -> Path:
    """Five frames of one picture."""
    with av.open(str(path), "w") as writer:
        stream = writer.add_stream(codec, rate=5)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = sheet.shape[1], sheet.shape[0] * 2 // 3
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if codec == "libx264":
            stream.codec_context.options = {"preset": "ultrafast", "qp": "5"}
        reach = ColorRange.JPEG if full else ColorRange.UNSPECIFIED
        stream.codec_context.colorspace, stream.codec_context.color_range = said, reach
        if turned:
            stream.set_display_rotation(turned)
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(sheet, format=stream.pix_fmt)
            frame.colorspace, frame.color_range = said, reach
            frame.pts, frame.time_base = number, Fraction(1, 5)
            writer.mux(stream.encode(frame))
        writer.mux(stream.encode(None))
    return path


def played(path: Path) -> tuple[StreamInfo, list[Packet], Frame]:
    """What the source makes of it, with the last frame."""
    source = {"type": "file", "path": str(path)}
    stream = build("source", source, camera_id="yard", clock=FakeClock()).open()
    packets = list(stream.packets())
    frames = [frame for packet in packets for frame in stream.decode(packet)]
    frames += stream.flush()
    stream.close()
    return stream.info, packets, frames[-1]


def stripes(rgb: U8) -> list[Colour]:
    """The colour in the middle of each stripe."""
    height, width = rgb.shape[:2]
    middle = [rgb[height // 2, (2 * n + 1) * width // 16].tolist() for n in range(8)]
    return [(red, green, blue) for red, green, blue in middle]


def farthest(found: Sequence[Colour]) -> int:
    pairs = zip(found, COLOURS, strict=True)
    return max(abs(a - b) for one, other in pairs for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize(
    ("space", "said", "size"),
    [
        (6, 6, SMALL),
        (6, 6, LARGE),
        (6, UNSAID, SMALL),
        (1, 1, SMALL),
        (1, 1, LARGE),
        (1, UNSAID, LARGE),
        (9, 9, LARGE),
    ],
)
def test_a_colour_is_the_same_in_snapshots_previews_and_before_the_detector(
    space: int, said: int, size: tuple[int, int], *, full: bool, tmp_path: Path
) -> None:
    """Who says nothing means BT.709 where the picture is large, as players have it."""
    sheet = planes(size, space, full=full)

    _, _, frame = played(filmed(tmp_path / "stripes.mp4", sheet, said=said, full=full))

    assert farthest(stripes(frame.bgr()[:, :, ::-1])) <= LEVELS
    assert farthest(stripes(picture(frame, 416, 256, rgb=True))) <= LEVELS
    assert farthest(stripes(picture(frame, 416, 256)[:, :, ::-1])) <= LEVELS
    assert farthest(stripes(small(frame, 320)[:, :, ::-1])) <= LEVELS


def test_jpeg_is_always_bt_601(tmp_path: Path) -> None:
    sheet = planes(LARGE, 6, full=True)

    _, _, frame = played(filmed(tmp_path / "stripes.mkv", sheet, full=True, codec="mjpeg"))

    assert farthest(stripes(frame.bgr()[:, :, ::-1])) <= LEVELS


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_picture_is_as_upright_as_a_player_shows_it(turned: int, tmp_path: Path) -> None:
    sheet = planes(SMALL, 6, full=False)
    sheet[:60] = 16  # a dark bar above
    path = filmed(tmp_path / "turned.mp4", sheet, said=6, turned=turned)

    _, _, frame = played(path)

    command = [ffmpeg(), "-v", "error", "-i", str(path), "-frames:v", "1"]
    command += ["-pix_fmt", "yuv420p", "-f", "rawvideo", "-"]
    shown = subprocess.run(command, capture_output=True, check=True).stdout
    mine = b"".join(np.ascontiguousarray(plane).tobytes() for plane in (frame.y, frame.u, frame.v))
    assert (frame.width, frame.height) == (SMALL if turned in {0, 180} else SMALL[::-1])
    assert mine == shown
    assert not frame.y.flags.writeable


@pytest.mark.parametrize("turned", [0, 90, 180])
def test_a_clip_of_a_turned_recording_is_turned_as_well(turned: int, tmp_path: Path) -> None:
    sheet = planes(SMALL, 6, full=False)
    info, packets, _ = played(filmed(tmp_path / "turned.mp4", sheet, said=6, turned=turned))
    writer = ClipWriter(tmp_path / "clip.part", info)
    writer.extend(info, packets)

    clip = writer.finish(tmp_path / "clip")

    assert clip is not None
    with av.open(str(clip.path)) as reader:
        assert abs(next(reader.decode(video=0)).rotation) == turned
