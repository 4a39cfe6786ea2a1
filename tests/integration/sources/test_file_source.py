"""Files of every kind: whole, broken, looping, paced; each trouble is a clear sentence."""

import logging
import os
import random
import shutil
import wave
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from pydantic import ValidationError

from tests.servers.camera_video import camera_video, film
from vedette.contracts.errors import SourceRefused
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet
from vedette.kit.clock import to_us
from vedette.plugins.registry import build
from vedette.sources.port import Source, Stream
from vedette.testing.fakes import FakeClock

EXAMPLE = Path(__file__).parents[3] / "examples" / "pedestrians.mp4"
START = datetime(2026, 5, 1, 12, tzinfo=UTC)


def made(path: Path, clock: FakeClock | None = None, **settings: Any) -> Source:
    chosen = {"type": "file", "path": str(path), **settings}
    source: Source = build("source", chosen, camera_id="yard", clock=clock or FakeClock())
    return source


def frames_of(source: Source) -> tuple[list[Frame], Stream]:
    stream = source.open()
    frames = [frame for packet in stream.packets() for frame in stream.decode(packet)]
    frames.extend(stream.flush())
    stream.close()
    return frames, stream


def missing(folder: Path) -> Path:
    return folder / "nothing.mp4"


def a_folder(folder: Path) -> Path:
    return folder


def empty(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.touch()
    return path


def text(folder: Path) -> Path:
    path = folder / "text.mp4"
    path.write_text("This is not video.\n" * 1000)
    return path


def noise(folder: Path) -> Path:
    path = folder / "noise.mp4"
    path.write_bytes(random.Random(4).randbytes(200_000))  # noqa: S311
    return path


def without_its_index(folder: Path) -> Path:
    path = folder / "cut.mp4"
    path.write_bytes(EXAMPLE.read_bytes()[:1500])
    return path


def broken_index(folder: Path) -> Path:
    data, chance = bytearray(EXAMPLE.read_bytes()), random.Random(1)  # noqa: S311
    for _ in range(80):
        data[chance.randrange(40, 2700)] ^= 1 << chance.randrange(8)
    path = folder / "broken.mp4"
    path.write_bytes(data)
    return path


def sound(folder: Path) -> Path:
    path = folder / "sound.mp4"
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 8000, 8000, "NONE", ""))
        out.writeframes(bytes(16_000))
    return path


def playlist(folder: Path) -> Path:
    path = folder / "playlist.mp4"
    path.write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{EXAMPLE}\n#EXT-X-ENDLIST\n"
    )
    return path


def list_of_files(folder: Path) -> Path:
    path = folder / "list.mp4"
    path.write_text(f"ffconcat version 1.0\nfile '{EXAMPLE}'\n")
    return path


def a_pipe(folder: Path) -> Path:
    path = folder / "pipe.mp4"
    os.mkfifo(path)
    return path


def a_picture(folder: Path) -> Path:
    path = folder / "picture.mp4"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5000))
    return path


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (missing, r"nothing\.mp4: does not exist"),
        (a_folder, "is a folder"),
        (empty, "is empty: it has 0 bytes"),
        (text, "is not video that can be read"),
        (noise, "is not video that can be read"),
        (without_its_index, "is not video that can be read: damaged, cut short"),
        (broken_index, r"broken\.mp4"),
        (sound, "has no video, only audio"),
        (playlist, "is not video that can be read"),
        (list_of_files, "is not video that can be read"),
        (a_pipe, "is not a file"),
        (a_picture, r"picture\.mp4"),
    ],
)
def test_what_is_no_video_is_refused_with_a_sentence(
    make: Callable[[Path], Path], why: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceRefused, match=why) as caught:
        frames_of(made(make(tmp_path)))
    assert "Errno" not in str(caught.value)


@pytest.mark.parametrize("path", [" ", "a\0b"])
def test_a_path_that_names_nothing_is_refused_before_it_is_opened(path: str) -> None:
    with pytest.raises(ValidationError, match="names no file"):
        made(Path(path))


def test_the_content_decides_and_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "really_mp4.avi"
    shutil.copy(EXAMPLE, path)
    frames, stream = frames_of(made(path))

    assert (len(frames), stream.info.codec, stream.info.frames) == (450, "h264", 450)
    assert (stream.info.width, stream.info.height, stream.info.frame_rate) == (768, 576, 10.0)
    assert stream.info.duration_s == pytest.approx(45.0)


def test_a_file_that_is_cut_short_is_read_up_to_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(EXAMPLE.read_bytes()[:400_000])
    with caplog.at_level(logging.WARNING):
        frames, stream = frames_of(made(path))

    whole, _ = frames_of(made(EXAMPLE))
    assert 50 < len(frames) < 200
    assert all((a.y == b.y).all() for a, b in zip(frames, whole, strict=False))
    assert stream.stats.ended_early
    assert stream.stats.corrupt_packets == 1
    assert f"cut short or damaged: {len(frames)} of its 450 frames" in caplog.text


def test_flipped_bits_leave_out_frames_and_nothing_worse(tmp_path: Path) -> None:
    data, chance = bytearray(EXAMPLE.read_bytes()), random.Random(2)  # noqa: S311
    for _ in range(40):
        data[chance.randrange(3000, len(data))] ^= 1 << chance.randrange(8)
    path = tmp_path / "flipped.mp4"
    path.write_bytes(data)
    frames, stream = frames_of(made(path))
    stats = stream.stats

    assert stats.packets == 450
    assert stats.damaged_frames + stats.decode_errors > 0
    assert 100 < len(frames) == stats.frames
    assert len(frames) + stats.damaged_frames + stats.decode_errors <= 450
    times = [frame.at_us for frame in frames]
    assert all(later > earlier for earlier, later in pairwise(times))


@pytest.mark.parametrize("seed", range(12))
def test_no_damage_is_a_crash(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311
    extension = [".mp4", ".mkv", ".ts", ".avi"][seed % 4]
    path = camera_video(tmp_path / f"video{extension}", duration_s=1.0)
    data = bytearray(path.read_bytes())
    for _ in range(2 ** chance.randrange(3, 9)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(data[: chance.randrange(len(data) // 2, len(data))])
    try:
        frames, stream = frames_of(made(path))
    except SourceRefused as refused:
        assert str(path) in str(refused)  # noqa: PT017
    else:
        assert len(frames) == stream.stats.frames


def test_a_picture_that_changes_its_size_goes_on(tmp_path: Path) -> None:
    """Two raw H.264 streams one after the other, as when a camera's resolution is changed."""
    small = camera_video(tmp_path / "small.h264", duration_s=1.0)
    large = camera_video(tmp_path / "large.h264", duration_s=1.0, size=(640, 480))
    path = tmp_path / "both.h264"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    source = made(path)
    stream = source.open()
    before = stream.info
    sizes = [(f.width, f.height) for packet in stream.packets() for f in stream.decode(packet)] + [
        (f.width, f.height) for f in stream.flush()
    ]

    assert set(sizes) == {(320, 240), (640, 480)}
    assert sizes == sorted(sizes)
    assert stream.stats.size_changes == 1
    assert (stream.info.width, stream.info.height) == (640, 480)
    assert stream.info is not before
    stream.close()


@pytest.mark.parametrize(
    ("settings", "start_us"),
    [
        ({}, 0),
        ({"start": START}, to_us(START)),
        ({"start": "2026-05-01T14:00:00+02:00"}, to_us(START)),
        ({"start": "now"}, to_us(datetime(2026, 1, 1, tzinfo=UTC))),
    ],
)
def test_time_begins_where_it_is_told(settings: dict[str, Any], start_us: int) -> None:
    stream = made(EXAMPLE, **settings).open()
    times = [packet.at_us - start_us for packet in islice(stream.packets(), 5)]
    stream.close()

    assert times == [0, 100_000, 200_000, 300_000, 400_000]


def test_time_begins_at_the_creation_time_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "dated.mp4"
    with av.open(str(EXAMPLE)) as reader, av.open(str(path), "w") as writer:
        stream = writer.add_stream_from_template(reader.streams.video[0], opaque=True)
        writer.metadata["creation_time"] = "2026-05-01T12:00:00.000000Z"
        for packet in islice(reader.demux(video=0), 20):
            packet.stream = stream
            writer.mux(packet)
    opened = made(path).open()

    assert next(iter(opened.packets())).at_us == to_us(START)
    opened.close()


def test_frames_that_are_decoded_out_of_order_come_in_order_with_their_times(
    tmp_path: Path,
) -> None:
    path = tmp_path / "film.mp4"
    film(EXAMPLE, path)
    frames, stream = frames_of(made(path))

    assert [frame.at_us for frame in frames] == [n * 100_000 for n in range(40)]
    assert stream.stats.jumps == stream.stats.missing_pts == 0


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="start"):
        made(EXAMPLE, start="2026-05-01T12:00:00")


def test_a_loop_goes_on_for_ever_without_a_seam(tmp_path: Path) -> None:
    path = camera_video(tmp_path / "second.mp4", fps=10, duration_s=2.0)
    stream = made(path, loop=True).open()
    packets, frames = list[Packet](), list[Frame]()
    for packet in islice(stream.packets(), 50):
        packets.append(packet)
        frames.extend(stream.decode(packet))
    stream.close()

    step = packets[1].dts
    assert [f.at_us for f in frames] == [n * 100_000 for n in range(50)]
    assert [p.dts for p in packets] == [n * step for n in range(50)]
    assert [f.number for f in frames] == list(range(1, 51))
    assert (frames[3].y == frames[23].y).all()
    assert stream.stats.loops == 2


def test_a_paced_file_takes_as_long_as_it_was() -> None:
    clock = FakeClock()
    stream = made(EXAMPLE, clock, pace="realtime").open()
    arrivals = [clock.monotonic() for _ in stream.packets()]
    stream.close()

    assert arrivals == pytest.approx([n / 10 for n in range(450)])


def test_a_paced_file_does_not_wait_when_we_are_late() -> None:
    clock = FakeClock()
    stream = made(EXAMPLE, clock, pace="realtime").open()
    arrivals = []
    for number, _ in enumerate(islice(stream.packets(), 30)):
        if number == 10:
            clock.advance(1.5)
        arrivals.append(clock.monotonic())
    stream.close()

    assert arrivals[10:26] == pytest.approx([2.5] * 16)
    assert arrivals[26:] == pytest.approx([2.6, 2.7, 2.8, 2.9])


def test_a_file_that_may_not_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "locked.mp4"
    shutil.copy(EXAMPLE, path)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read everything

    with pytest.raises(SourceRefused, match="may not be read by this user"):
        made(path).open()
