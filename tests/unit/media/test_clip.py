"""Clips are packet copies: bit-exact, start at once in a browser, survive what happens to them."""

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import av
import pytest

from tests.servers.av_packets import footage
from tests.servers.camera_video import camera_video, film
from vedette.contracts.errors import StorageFailed
from vedette.contracts.packet import Packet, StreamInfo
from vedette.media.clip import Clip, ClipWriter, repair, same_format
from vedette.media.ring import PacketRing
from vedette.plugins.registry import build
from vedette.testing.fakes import FakeClock

EXAMPLE = Path(__file__).parents[3] / "examples" / "pedestrians.mp4"


def recorded(path: Path, **settings: object) -> tuple[StreamInfo, list[Packet]]:
    """Format and packets of a file."""
    source = {"type": "file", "path": str(path), **settings}
    stream = build("source", source, camera_id="yard", clock=FakeClock()).open()
    packets = list(stream.packets())
    stream.close()
    return stream.info, packets


@pytest.fixture(scope="module")
def example() -> tuple[StreamInfo, list[Packet]]:
    return recorded(EXAMPLE)


def written(
    folder: Path, info: StreamInfo, packets: Sequence[Packet], *, max_s: float = 300.0
) -> Clip:
    writer = ClipWriter(folder / "clip.part", info, max_s=max_s)
    writer.extend(info, packets)
    clip = writer.finish(folder / "clip")
    assert clip is not None
    assert not writer.part.exists()
    return clip


def read_back(path: Path) -> list[tuple[bytes, int, int]]:
    """Content, PTS and DTS of each packet."""
    with av.open(str(path)) as container:
        found = [p for p in container.demux(video=0) if p.size]
        return [(bytes(p), p.pts or 0, p.dts or 0) for p in found]


def decoded(path: Path) -> int:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    assert not any(frame.is_corrupt for frame in frames)
    return len(frames)


def nal_units(data: bytes) -> list[bytes]:
    """NAL units of a packet with start codes."""
    return [unit for unit in re.split(b"\0\0\0?\1", data) if unit]


def nal_units_with_length(data: bytes) -> list[bytes]:
    units, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        units.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return units


def test_packets_are_copied_bit_for_bit(
    example: tuple[StreamInfo, list[Packet]], tmp_path: Path
) -> None:
    info, packets = example
    chosen = packets[40:165]
    clip = written(tmp_path, info, chosen)

    found = read_back(clip.path)
    assert [data for data, _, _ in found] == [p.data for p in chosen]
    assert [pts for _, pts, _ in found] == [p.pts - chosen[0].pts for p in chosen]
    assert decoded(clip.path) == 125
    assert (clip.path.name, clip.media_type, clip.codec) == ("clip.mp4", "video/mp4", "h264")
    assert (clip.width, clip.height, clip.packets) == (768, 576, 125)
    assert (clip.start_us, clip.duration_s) == (chosen[0].at_us, 12.5)
    assert clip.intervals == ((4_000_000, 16_500_000),)
    assert clip.end_reason == "finished"


def test_a_clip_starts_before_its_last_byte_has_come(
    example: tuple[StreamInfo, list[Packet]], tmp_path: Path
) -> None:
    info, packets = example
    data = written(tmp_path, info, packets[:60]).path.read_bytes()

    assert 0 < data.find(b"moov") < data.find(b"mdat")
    assert b"Lavf" not in data  # no version of the library, which would change the bytes
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert "creation_time" not in container.metadata
        assert "comment" not in container.metadata
        assert container.duration == 6_000_000
        assert container.start_time == 0


def test_the_same_packets_give_the_same_file(
    example: tuple[StreamInfo, list[Packet]], tmp_path: Path
) -> None:
    info, packets = example
    files = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        files.append(written(tmp_path / name, info, packets[:60]).path.read_bytes())

    assert files[0] == files[1]


def test_a_clip_contains_its_event_and_begins_less_than_a_group_earlier(
    example: tuple[StreamInfo, list[Packet]], tmp_path: Path
) -> None:
    info, packets = example
    ring = PacketRing(max_s=10.0)
    for packet in packets[:133]:
        ring.add(info, packet)
    wanted_us = packets[107].at_us
    writer = ClipWriter(tmp_path / "clip.part", info)
    writer.extend(info, ring.cut(wanted_us))
    writer.extend(info, packets[133:150])
    clip = writer.finish(tmp_path / "clip")

    assert clip is not None
    assert wanted_us - 2_000_000 < clip.start_us <= wanted_us
    assert clip.intervals[0][1] == packets[149].at_us + 100_000


def test_what_comes_before_the_first_keyframe_is_left_out(
    example: tuple[StreamInfo, list[Packet]], tmp_path: Path
) -> None:
    info, packets = example
    clip = written(tmp_path, info, packets[5:50])

    assert (clip.start_us, clip.packets) == (packets[20].at_us, 30)


def test_what_is_shown_before_the_first_keyframe_is_left_out(
    example: tuple[StreamInfo, list[Packet]], tmp_path: Path
) -> None:
    """Open groups of pictures: such a picture depends on the group before, which is not there."""
    info, packets = example
    leading = replace(packets[21], at_us=packets[20].at_us - 100_000)
    clip = written(tmp_path, info, [packets[20], leading, *packets[22:40]])

    assert (clip.packets, clip.start_us) == (19, packets[20].at_us)


def test_a_clip_without_a_picture_is_no_clip(
    example: tuple[StreamInfo, list[Packet]], tmp_path: Path
) -> None:
    info, packets = example
    writer = ClipWriter(tmp_path / "clip.part", info)
    writer.extend(info, packets[1:9])

    assert writer.finish(tmp_path / "clip") is None
    assert list(tmp_path.iterdir()) == []


def test_a_clip_is_no_longer_than_allowed(
    example: tuple[StreamInfo, list[Packet]], tmp_path: Path
) -> None:
    info, packets = example
    writer = ClipWriter(tmp_path / "clip.part", info, max_s=3.0)

    assert [writer.add(info, p) for p in packets[:40]] == [True] * 30 + [False] * 10
    clip = writer.finish(tmp_path / "clip")
    assert clip is not None
    assert (clip.duration_s, clip.packets, clip.end_reason) == (3.0, 30, "max_length")


def test_a_clip_goes_on_after_a_reconnect_at_the_right_distance(
    example: tuple[StreamInfo, list[Packet]], tmp_path: Path
) -> None:
    info, packets = example
    again, fresh = recorded(EXAMPLE)
    later = [replace(p, at_us=p.at_us + 10_000_000) for p in fresh[:40]]
    writer = ClipWriter(tmp_path / "clip.part", info)
    writer.extend(info, packets[:40])
    assert writer.add(again, later[3])  # waits for a keyframe
    writer.extend(again, later)
    clip = writer.finish(tmp_path / "clip")

    assert clip is not None
    assert clip.intervals == ((0, 4_000_000), (10_000_000, 14_000_000))
    assert clip.duration_s == 14.0
    found = read_back(clip.path)
    assert [pts for _, pts, _ in found][39:42] == [39 * 1024, 100 * 1024, 101 * 1024]
    assert decoded(clip.path) == 80


def test_a_clip_ends_where_the_format_changes(
    example: tuple[StreamInfo, list[Packet]], tmp_path: Path
) -> None:
    info, packets = example
    other, fresh = recorded(camera_video(tmp_path / "other.mp4"))
    writer = ClipWriter(tmp_path / "clip.part", info)
    writer.extend(info, packets[:40])

    assert not same_format(info, other)
    assert not writer.add(other, fresh[0])
    clip = writer.finish(tmp_path / "clip")
    assert clip is not None
    assert (clip.end_reason, clip.packets, clip.width) == ("format_changed", 40, 768)


@pytest.mark.parametrize(
    ("codec", "name", "kind"),
    [
        ("libx264", "h264", "video/mp4"),
        ("libx265", "hevc", "video/mp4"),
        ("libvpx-vp9", "vp9", "video/mp4"),
        ("libsvtav1", "av1", "video/mp4"),
        ("mpeg4", "mpeg4", "video/mp4"),
        ("msmpeg4", "msmpeg4v3", "video/x-matroska"),
        ("libvpx", "vp8", "video/x-matroska"),
    ],
)
def test_every_codec_is_copied(codec: str, name: str, kind: str, tmp_path: Path) -> None:
    info, packets = recorded(camera_video(tmp_path / "camera.mkv", codec=codec, duration_s=1.2))
    clip = written(tmp_path, info, packets)

    assert (clip.codec, clip.media_type) == (name, kind)
    assert [data for data, _, _ in read_back(clip.path)] == [p.data for p in packets]
    assert decoded(clip.path) == 36
    if name == "hevc":
        assert b"hvc1" in clip.path.read_bytes()


def test_start_codes_become_lengths_and_nothing_else_changes(tmp_path: Path) -> None:
    """As cameras send it over RTSP and in MPEG-TS."""
    info, packets = recorded(camera_video(tmp_path / "camera.ts"))
    clip = written(tmp_path, info, packets)

    assert packets[0].data.startswith(b"\0\0\0\1")
    aud = {9}  # access unit delimiters of MPEG-TS may go
    for (data, _, _), packet in zip(read_back(clip.path), packets, strict=True):
        came = [unit for unit in nal_units(packet.data) if unit[0] & 31 not in aud]
        kept = [unit for unit in nal_units_with_length(data) if unit[0] & 31 not in aud]
        assert [u.rstrip(b"\0") for u in kept] == [u.rstrip(b"\0") for u in came]
    assert decoded(clip.path) == 60


def test_pictures_out_of_order_begin_at_zero(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    film(EXAMPLE, path)
    info, packets = recorded(path)
    clip = written(tmp_path, info, packets)

    assert any(p.pts != p.dts for p in packets)
    assert [data for data, _, _ in read_back(clip.path)] == [p.data for p in packets]
    with av.open(str(clip.path)) as container:
        times = [frame.pts or 0 for frame in container.decode(video=0)]
    assert times[0] == 0
    assert times == sorted(times)
    assert len(times) == 40
    assert clip.duration_s == pytest.approx(4.0)


@pytest.mark.parametrize("extension", [".mp4", ".mkv"])
def test_a_part_file_that_was_cut_anywhere_is_repaired(extension: str, tmp_path: Path) -> None:
    codec = "libx264" if extension == ".mp4" else "msmpeg4"
    info, packets = recorded(camera_video(tmp_path / "camera.mkv", codec=codec, duration_s=4.0))
    moved = [replace(p, at_us=p.at_us + 1_767_268_800_000_000) for p in packets]
    writer = ClipWriter(tmp_path / "whole.part", info)
    writer.extend(info, moved)
    whole = (tmp_path / "whole.part").read_bytes()

    saved = []
    for share in (1.0, 0.9, 0.5, 0.2, 0.02, 0.0):
        part = tmp_path / "cut.part"
        part.write_bytes(whole[: int(len(whole) * share)])
        clip = repair(part, tmp_path / "saved")
        assert not part.exists()
        saved.append(0 if clip is None else clip.packets)
        if clip is None:
            assert not list(tmp_path.glob("saved*"))
            continue
        assert (clip.start_us, clip.end_reason) == (1_767_268_800_000_000, "repaired")
        assert clip.extension == extension
        assert clip.duration_s == pytest.approx(clip.packets / 30, abs=0.05)
        assert [d for d, _, _ in read_back(clip.path)] == [p.data for p in packets[: clip.packets]]
        assert decoded(clip.path) == clip.packets
        clip.path.unlink()

    assert saved == sorted(saved, reverse=True)
    assert saved[0] >= 100  # at most the last half second is lost
    assert saved[-1] == 0


def test_rubbish_is_no_clip_and_is_removed(tmp_path: Path) -> None:
    part = tmp_path / "clip.part"
    part.write_bytes(b"this is not video" * 100)

    assert repair(part, tmp_path / "clip") is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_a_sentence(
    example: tuple[StreamInfo, list[Packet]], tmp_path: Path
) -> None:
    info, packets = example
    writer = ClipWriter(tmp_path / "gone" / "clip.part", info)

    with pytest.raises(StorageFailed, match=r"gone/clip\.part could not be written: No such file"):
        writer.extend(info, packets)


def test_a_clip_that_cannot_be_finished_keeps_its_part_for_later(
    example: tuple[StreamInfo, list[Packet]], tmp_path: Path
) -> None:
    info, packets = example
    writer = ClipWriter(tmp_path / "clip.part", info)
    writer.extend(info, packets[:50])

    with pytest.raises(StorageFailed, match=r"gone/clip\.mp4 could not be written"):
        writer.finish(tmp_path / "gone" / "clip")
    clip = repair(writer.part, tmp_path / "clip")
    assert clip is not None
    assert clip.packets == 50


def test_an_abandoned_clip_leaves_nothing(
    example: tuple[StreamInfo, list[Packet]], tmp_path: Path
) -> None:
    info, packets = example
    writer = ClipWriter(tmp_path / "clip.part", info)
    writer.extend(info, packets[:50])
    assert list(tmp_path.iterdir()) == [writer.part]
    writer.abandon()

    assert list(tmp_path.iterdir()) == []
    assert not writer.add(info, packets[50])


def test_a_path_with_colons_and_percent_signs_is_only_a_path(
    example: tuple[StreamInfo, list[Packet]], tmp_path: Path
) -> None:
    info, packets = example
    folder = tmp_path / "2026-01-01T12:00:00 50%03d"
    folder.mkdir()

    assert written(folder, info, packets[:30]).path == folder / "clip.mp4"


@pytest.mark.parametrize("sound", ["aac", "libopus", "pcm_alaw"])
def test_sound_is_kept_bit_for_bit_and_in_time(sound: str, tmp_path: Path) -> None:
    take = footage(sound=sound, seconds=4.0)
    clip = written(tmp_path, take.info, take.packets)

    with av.open(str(clip.path)) as container:
        heard = [
            (bytes(p), float((p.pts or 0) * (p.time_base or 0)))
            for p in container.demux(audio=0)
            if p.size
        ]
    came = [p for p in take.sound if p.at_us >= clip.start_us]
    assert [data for data, _ in heard] == [p.data for p in came]
    apart = [
        at_s - (other.at_us - clip.start_us) / 1e6
        for (_, at_s), other in zip(heard, came, strict=True)
    ]
    assert max(map(abs, apart)) < 0.001
    assert clip.packets == 40


def test_sound_that_comes_late_or_never_is_no_trouble(tmp_path: Path) -> None:
    take = footage(sound="aac", seconds=4.0)
    silent = [p for p in take.packets if not p.is_audio or p.at_us > take.video[25].at_us]
    clip = written(tmp_path, take.info, silent)
    assert (clip.packets, clip.duration_s) == (40, 4.0)
    assert decoded(clip.path) == 40

    (tmp_path / "mute").mkdir()
    mute = written(tmp_path / "mute", take.info, take.video)
    assert decoded(mute.path) == 40


def test_fifty_clips_at_once_need_one_file_each(tmp_path: Path) -> None:
    take = footage(seconds=3.0)
    before = len(os.listdir("/proc/self/fd"))
    writers = [ClipWriter(tmp_path / f"{n}.part", take.info) for n in range(50)]
    for packet in take.packets:
        assert all(writer.add(take.info, packet) for writer in writers)
    opened = len(os.listdir("/proc/self/fd")) - before

    clips = [writer.finish(tmp_path / f"{n}") for n, writer in enumerate(writers)]

    assert opened == 50
    assert len(os.listdir("/proc/self/fd")) == before
    assert {clip.packets for clip in clips if clip} == {30}
    assert len({clip.path.read_bytes() for clip in clips if clip}) == 1


@pytest.mark.parametrize(
    ("codec", "container", "extension"),
    [("libx264", "mp4", ".mp4"), ("libx264", "mpegts", ".mp4"), ("libvpx", "matroska", ".mkv")],
)
@pytest.mark.parametrize("timeless", [slice(None), slice(-1, None)])
def test_a_picture_that_does_not_say_how_long_it_is_shown_is_shown_as_long_as_others(
    codec: str, container: str, extension: str, timeless: "slice[int | None]", tmp_path: Path
) -> None:
    take = footage(codec=codec, seconds=3.1, container=container)
    packets = list(take.video)
    packets[timeless] = [replace(packet, duration=0) for packet in packets[timeless]]

    clip = written(tmp_path, take.info, packets)

    assert clip.path.suffix == extension
    assert decoded(clip.path) == clip.packets == 31
    assert clip.duration_s == pytest.approx(3.1, abs=0.002)
    with av.open(str(clip.path)) as reader:
        assert (reader.duration or 0) / 1e6 == pytest.approx(3.1, abs=0.01)
