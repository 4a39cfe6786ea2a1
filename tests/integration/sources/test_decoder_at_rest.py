"""A decoder that was emptied: it keeps no pictures, and what follows is decoded as before."""

import ctypes
from pathlib import Path
from typing import Any

import av
import pytest

from tests.servers.camera_video import camera_video
from vedette.contracts.errors import SourceLost
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet
from vedette.kit.clock import SystemClock
from vedette.kit.garbage import share_heap
from vedette.plugins.registry import build
from vedette.sources.decode import FrameDecoder
from vedette.sources.stats import SourceStats

GOP = 10
LARGE = (1920, 1080)
PICTURE_BYTES = LARGE[0] * LARGE[1] * 3 // 2


def packets_of(path: Path) -> tuple[list[Packet], Any]:
    """All packets, and the stream; nothing of it is decoded yet."""
    source = build("source", {"type": "file", "path": path}, camera_id="yard", clock=SystemClock())
    stream = source.open()
    return [packet.bare() for packet in stream.packets()], stream


def pictures(stream: Any, packets: list[Packet], *, empty_at: set[int]) -> list[Frame]:
    """What comes out where the decoder is emptied before some packets."""
    frames: list[Frame] = []
    for index, packet in enumerate(packets):
        if index in empty_at:
            frames += stream.flush()
        frames += stream.decode(packet)
    return [*frames, *stream.flush()]


@pytest.mark.parametrize("name", ["plain.ts", "plain.mp4", "reordered.ts", "hevc.ts", "hevc.mp4"])
def test_what_follows_a_rest_is_decoded_as_without_it(name: str, tmp_path: Path) -> None:
    more: dict[str, Any] = {"codec": "libx265"} if name.startswith("hevc") else {}
    if name.startswith("reordered"):
        more = {"options": {"preset": "fast", "bf": "2", "b-adapt": "0"}}
    path = camera_video(tmp_path / name, fps=25, duration_s=1.6, gop_s=0.4, **more)
    packets, stream = packets_of(path)
    keys = {index for index, packet in enumerate(packets) if packet.is_keyframe} - {0}
    assert len(keys) == 3
    rested = pictures(stream, packets, empty_at=keys)
    packets, stream = packets_of(path)
    straight = pictures(stream, packets, empty_at=set())

    assert [frame.at_us for frame in rested] == [frame.at_us for frame in straight]
    assert len(rested) == 40
    for one, other in zip(rested, straight, strict=True):
        assert (one.y == other.y).all()
        assert (one.u == other.u).all()


class _Heap(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def used_bytes() -> int:
    """What the C library has given out and not got back."""
    glibc = ctypes.CDLL(None)
    glibc.mallinfo2.restype = _Heap
    heap = glibc.mallinfo2()
    return int(heap.uordblks + heap.hblkhd)


def large(folder: Path, codec: str, *, gop_s: float) -> list[Packet]:
    """The packets of 0.8 s of large video."""
    library = {"h264": "libx264", "hevc": "libx265"}[codec]
    path = camera_video(
        folder / "large.ts", size=LARGE, fps=25, duration_s=0.8, gop_s=gop_s, codec=library
    )
    return packets_of(path)[0]


def new_decoder(codec: str) -> FrameDecoder:
    """For a stream that says all that it must know."""
    context: Any = av.CodecContext.create(codec, "r")
    return FrameDecoder(
        context,
        camera_id="yard",
        stats=SourceStats(),
        give_up=SourceLost,
        on_size=lambda width, height: None,
    )


def test_what_somebody_held_once_is_not_kept_for_ever(tmp_path: Path) -> None:
    """While nothing moves, one keyframe after the other is decoded, and the decoder rests."""
    share_heap()
    keys = [packet for packet in large(tmp_path, "h264", gop_s=0.08) if packet.is_keyframe]
    decoder = new_decoder("h264")
    before = used_bytes()

    def look(key: Packet) -> list[Frame]:
        return [*decoder.decode(key), *decoder.flush()]

    held = [frame for key in keys[:6] for frame in look(key)]
    assert len(held) == 6
    assert used_bytes() - before > 6 * PICTURE_BYTES, "this measures nothing"
    held.clear()
    for key in keys * 2:
        held = look(key)

    kept = (used_bytes() - before) / PICTURE_BYTES
    assert kept < 2.5, f"it keeps {kept:.1f} pictures, one of which is in use"


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_decoder_at_rest_keeps_no_pictures(codec: str, tmp_path: Path) -> None:
    share_heap()
    packets = large(tmp_path, codec, gop_s=0.8)
    decoder = new_decoder(codec)
    before = used_bytes()
    frames = [frame for packet in packets for frame in decoder.decode(packet)]
    assert used_bytes() - before > 10 * PICTURE_BYTES, "this measures nothing"
    count = len(frames)
    frames.clear()
    count += len(decoder.flush())

    assert count == 20
    kept = (used_bytes() - before) / PICTURE_BYTES
    assert kept < 1.5, f"it keeps {kept:.1f} pictures"
