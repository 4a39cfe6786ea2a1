"""Which pictures no other needs, read from their packets; on streams as encoders make them."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import PictureType
from hypothesis import given
from hypothesis import strategies as st

from vedette.motion.slices import dispensable

B_FRAMES = {
    "h264": ("libx264", {"bf": "2", "b-adapt": "0", "b-pyramid": "none", "preset": "ultrafast"}),
    "hevc": (
        "libx265",
        {
            "preset": "ultrafast",
            "x265-params": "bframes=2:b-adapt=0:b-pyramid=0:keyint=20:log-level=none",
        },
    ),
    "mpeg4": ("mpeg4", {"bf": "2"}),
}


def encode(path: Path, codec: str, options: dict[str, str]) -> None:
    rng = np.random.default_rng(1)
    still = rng.integers(0, 255, (96, 128), dtype=np.uint8)
    with av.open(str(path), "w") as writer:
        stream = writer.add_stream(codec, rate=10, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.codec_context.gop_size = 20
        stream.codec_context.time_base = Fraction(1, 10)
        for number in range(60):
            grey = np.roll(still, number, axis=1)
            picture = av.VideoFrame.from_ndarray(grey, format="gray").reformat(format="yuv420p")
            picture.pts, picture.time_base = number, Fraction(1, 10)
            writer.mux(stream.encode(picture))
        writer.mux(stream.encode(None))


def kinds(path: Path) -> dict[int, PictureType]:
    """Type of each picture, by PTS."""
    with av.open(str(path)) as container:
        return {p.pts or 0: PictureType(p.pict_type) for p in container.decode(video=0)}


def packets(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return [raw for raw in container.demux(video=0) if raw.size]


@pytest.mark.parametrize("codec", B_FRAMES)
@pytest.mark.parametrize("container", [".mp4", ".ts"])
def test_it_is_the_b_frames(tmp_path: Path, codec: str, container: str) -> None:
    path = tmp_path / f"video{container}"
    encode(path, *B_FRAMES[codec])
    kind = kinds(path)
    found = {raw.pts for raw in packets(path) if dispensable(codec, bytes(raw))}

    assert found == {pts for pts, one in kind.items() if one is PictureType.B}
    assert len(found) >= 30


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_what_is_left_decodes_without_an_error(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "video.mp4"
    encode(path, *B_FRAMES[codec])
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        kept = [
            raw
            for raw in container.demux(stream)
            if raw.size and not dispensable(codec, bytes(raw))
        ]
        pictures = [p for raw in kept for p in stream.decode(raw)] + list(stream.decode(None))

    assert len(pictures) == len(kept) < 35
    assert not any(picture.is_corrupt for picture in pictures)


def test_an_ip_camera_without_b_frames_has_none(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    encode(path, "libx264", {"bf": "0", "preset": "ultrafast"})

    assert not any(dispensable("h264", bytes(raw)) for raw in packets(path))


def test_what_stands_before_the_picture_is_passed_over() -> None:
    delimiter, needed, spare = b"\x09\xf0", b"\x41" + bytes(9), b"\x01" + bytes(9)
    for picture, expected in ((needed, False), (spare, True)):
        units = (delimiter, b"\x06\x05\x01", picture)
        with_lengths = b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
        with_codes = b"".join(b"\x00\x00\x00\x01" + unit for unit in units)
        assert dispensable("h264", with_lengths) is expected
        assert dispensable("h264", with_codes) is expected


@pytest.mark.parametrize("codec", ["vp9", "av1", "mjpeg", "rawvideo", ""])
def test_of_other_codecs_nothing_is_dispensable(codec: str) -> None:
    assert not dispensable(codec, b"\x00\x00\x00\x01\x01" + bytes(20))


@given(codec=st.sampled_from(["h264", "hevc", "mpeg4"]), data=st.binary(max_size=300))
def test_damaged_data_does_no_harm(codec: str, data: bytes) -> None:
    dispensable(codec, data)
    dispensable(codec, b"\x00\x00\x01" + data)
    dispensable(codec, b"\x00\x00\x00\x00" * 40 + data)
