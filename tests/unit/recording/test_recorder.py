"""Recordings: cut at keyframes, copied bit for bit, with gaps that say why; never in the way."""

import errno
import hashlib
import os
from dataclasses import replace
from pathlib import Path

import av
import pytest

from tests.servers.av_packets import START_US, Footage, footage
from tests.unit.recording.studio import SECOND, Studio, moved
from vedette.contracts.errors import StorageFailed
from vedette.contracts.recording import Written
from vedette.contracts.sink import GapCause
from vedette.media.segment import SegmentWriter


@pytest.fixture(scope="module")
def plain() -> Footage:
    """Ten seconds, ten pictures a second, a keyframe each second."""
    return footage(seconds=10.0)


@pytest.fixture(scope="module")
def loud() -> Footage:
    return footage(seconds=6.0, sound="aac")


def packets_of(file: Path, kind: str) -> list[bytes]:
    with av.open(str(file)) as container:
        return [bytes(p) for p in container.demux() if p.size and p.stream.type == kind]


def test_segments_are_cut_at_the_first_keyframe_after_their_length(
    plain: Footage, tmp_path: Path
) -> None:
    studio = Studio(tmp_path, segment_s=2.5)
    studio.play(plain)
    studio.desk.close()

    assert studio.shown() == [
        list(range(30)),
        list(range(30, 60)),
        list(range(60, 90)),
        [*range(90, 100)],
    ]
    spans = [(s.started_us - START_US, s.ended_us - START_US) for s in studio.sink.segments]
    assert spans == [(n * 3 * SECOND, min(10, n * 3 + 3) * SECOND) for n in range(4)]
    assert studio.sink.gaps == []
    assert studio.left_over == []


def test_a_row_says_what_the_file_is(loud: Footage, tmp_path: Path) -> None:
    studio = Studio(tmp_path, segment_s=60.0)
    studio.play(loud)
    studio.desk.close()

    [row] = studio.sink.segments
    data = studio.file(0).read_bytes()
    assert row.path == "home/yard/2026-01-01/12/20260101T120000000000Z.mp4"
    assert (row.size_bytes, row.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert (row.codec, row.width, row.height, row.packets) == ("h264", 320, 180, 60)
    assert (row.media_type, row.has_audio) == ("video/mp4", True)


@pytest.mark.parametrize(
    ("codec", "sound", "kept"),
    [
        ("libx264", "aac", True),
        ("libx264", "pcm_alaw", True),
        ("libx264", "pcm_mulaw", True),
        ("libx265", "libopus", True),
        ("libx265", "pcm_alaw", True),
        ("mjpeg", "aac", True),
        ("mjpeg", "pcm_alaw", True),
        ("libvpx-vp9", "libopus", True),
        ("libvpx-vp9", "aac", True),
        ("msmpeg4", "aac", True),
    ],
)
def test_video_and_sound_are_copied_bit_for_bit(
    codec: str, sound: str, kept: bool, tmp_path: Path
) -> None:
    container = "matroska" if codec == "msmpeg4" else None
    came = footage(codec=codec, sound=sound, seconds=3.0, container=container)
    studio = Studio(tmp_path, segment_s=1.0)
    studio.play(came)
    studio.desk.close()

    files = [studio.file(n) for n in range(len(studio.sink.segments))]
    assert len(files) == 3
    video = [data for file in files for data in packets_of(file, "video")]
    heard = [data for file in files for data in packets_of(file, "audio")]
    assert video == [p.data for p in came.video]
    in_time = [p.data for p in came.sound if p.at_us >= START_US]
    assert heard == (in_time if kept else [])
    assert [s.has_audio for s in studio.sink.segments] == [kept] * 3


def test_sound_that_comes_after_its_pictures_stays_in_their_segment(
    loud: Footage, tmp_path: Path
) -> None:
    late = sorted(loud.packets, key=lambda p: p.at_us + (300_000 if p.is_audio else 0))
    studio = Studio(tmp_path, segment_s=2.0)
    studio.play(loud, late)
    studio.desk.close()

    assert len(studio.sink.segments) == 3
    for number, row in enumerate(studio.sink.segments):
        wanted = [p.data for p in loud.sound if row.started_us <= p.at_us < row.ended_us]
        heard = packets_of(studio.file(number), "audio")
        assert heard == (wanted if number < 2 else heard)


def test_a_camera_that_is_lost_leaves_a_gap_until_its_next_keyframe(
    plain: Footage, tmp_path: Path
) -> None:
    studio = Studio(tmp_path, segment_s=60.0)
    studio.play(plain, plain.packets[:25])
    studio.recorder.lost("no route to host")
    studio.desk.turn()
    [gap] = studio.sink.gaps
    assert (gap.cause, gap.detail) == (GapCause.CAMERA_LOST, "no route to host")
    assert (gap.began_us, gap.ended_us) == (START_US + 2_500_000, None)

    again = replace(plain.info)
    for packet in plain.packets[45:70]:
        studio.give(again, moved(packet, 20.0))
    studio.desk.close()

    [gap] = studio.sink.gap_rows
    assert gap.ended_us == START_US + 25 * SECOND
    assert studio.shown() == [list(range(25)), list(range(50, 70))]
    assert studio.sink.segments[1].started_us == START_US + 25 * SECOND


def test_a_camera_that_never_came_has_a_gap_from_when_that_was_noticed(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    studio.recorder.lost("refused")
    studio.desk.turn()
    studio.clock.advance(5.0)
    studio.desk.close()

    [gap] = studio.sink.gap_rows
    assert gap.ended_us is not None
    assert gap.ended_us - gap.began_us == 5 * SECOND


def test_a_camera_that_falls_silent_has_its_segment_closed(plain: Footage, tmp_path: Path) -> None:
    studio = Studio(tmp_path, segment_s=60.0)
    studio.play(plain, plain.packets[:25])
    studio.clock.advance(9.0)
    studio.desk.turn()
    assert studio.sink.segments == []
    studio.clock.advance(9.0)
    studio.desk.turn()

    assert studio.shown() == [list(range(25))]
    assert [g.cause for g in studio.sink.gaps] == [GapCause.CAMERA_LOST]


def test_pictures_that_are_missing_in_between_are_a_gap(plain: Footage, tmp_path: Path) -> None:
    studio = Studio(tmp_path, segment_s=60.0)
    studio.play(plain, plain.packets[:25])
    studio.play(plain, [moved(p, 10.0) for p in plain.packets[25:50]])
    studio.desk.close()

    [gap] = studio.sink.gap_rows
    assert (gap.began_us, gap.ended_us) == (START_US + 2_500_000, START_US + 12_500_000)
    assert [row.started_us - START_US for row in studio.sink.segments] == [0, 13 * SECOND]
    assert studio.shown() == [list(range(30)), list(range(30, 50))]
    with av.open(str(studio.file(0))) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times[24:26] == [pytest.approx(2.4), pytest.approx(12.5)]


def test_a_slow_camera_has_no_gap_between_its_pictures(plain: Footage, tmp_path: Path) -> None:
    studio = Studio(tmp_path, segment_s=30.0)
    slow = [
        replace(p, at_us=START_US + n * 5 * SECOND) for n, p in enumerate(plain.packets[:40:10])
    ]
    studio.play(plain, slow)
    studio.desk.close()

    assert len(studio.sink.gap_rows) == 1, "only the first distance is a surprise"


def test_another_size_is_another_segment(plain: Footage, tmp_path: Path) -> None:
    other = footage(seconds=2.0, size=(640, 360), start_us=START_US + 2 * SECOND)
    studio = Studio(tmp_path, segment_s=60.0)
    studio.play(plain, plain.packets[:20])
    studio.play(other)
    studio.desk.close()

    assert [(s.width, s.packets) for s in studio.sink.segments] == [(320, 20), (640, 20)]
    assert studio.sink.gaps == []


def test_a_camera_without_keyframes_does_not_write_for_ever(plain: Footage, tmp_path: Path) -> None:
    studio = Studio(tmp_path, segment_s=2.0)
    first, *rest = plain.packets
    studio.give(plain.info, first)
    for n in range(700):
        packet = replace(rest[0], pts=first.pts + n + 1, dts=first.dts + n + 1)
        studio.give(plain.info, replace(packet, at_us=START_US + (n + 1) * SECOND // 10))

    [row] = studio.sink.segments
    assert row.ended_us - row.started_us == pytest.approx(64 * SECOND, abs=SECOND)
    [gap] = studio.sink.gaps
    assert (gap.cause, gap.ended_us) == (GapCause.WRITE_FAILED, None)
    assert "keyframe" in gap.detail


def test_a_film_that_is_played_again_overwrites_nothing(plain: Footage, tmp_path: Path) -> None:
    for _ in range(2):
        studio = Studio(tmp_path, segment_s=60.0, live=False)
        studio.play(plain, plain.packets[:20])
        studio.desk.close()

    assert studio.sink.segments[0].path.endswith("Z-2.mp4")
    assert len(list(tmp_path.rglob("*.mp4"))) == 2


class FullDisk:
    """Files that cannot be written while the disk is full."""

    def __init__(self) -> None:
        self.full = False

    def write(self, handle: int, data: bytes) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return REAL_WRITE(handle, data)


REAL_WRITE = os.write


def test_a_full_disk_is_a_gap_and_recording_goes_on_by_itself(
    plain: Footage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk()
    monkeypatch.setattr("vedette.media.segment.os.write", disk.write)
    studio = Studio(tmp_path, segment_s=60.0)
    studio.play(plain, plain.packets[:35])
    disk.full = True
    studio.play(plain, plain.packets[35:52])
    [gap] = studio.sink.gaps
    assert gap.cause is GapCause.DISK_FULL
    assert "space" in gap.detail

    disk.full = False
    studio.play(plain, plain.packets[52:65])
    assert len(studio.sink.segments) == 1, "it is not tried again at once"
    studio.clock.advance(60.0)
    studio.play(plain, plain.packets[65:])
    studio.desk.close()

    assert studio.shown() == [list(range(30)), list(range(70, 100))]
    row, [gap] = studio.sink.segments[0], studio.sink.gap_rows
    assert (gap.began_us, gap.ended_us) == (row.ended_us, START_US + 7 * SECOND)
    data = studio.file(0).read_bytes()
    assert (row.size_bytes, row.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert studio.left_over == []


def test_a_disk_that_cannot_keep_up_loses_whole_groups_and_says_so(
    plain: Footage, tmp_path: Path
) -> None:
    room = sum(len(p.data) for p in plain.packets[:25])
    studio = Studio(tmp_path, segment_s=60.0, most_bytes=room)
    for packet in plain.packets[:62]:  # the thread that writes sleeps
        studio.recorder.packet(plain.info, packet)
    assert studio.recorder.waiting_bytes <= room
    studio.desk.turn()
    studio.play(plain, plain.packets[62:])
    studio.desk.close()

    shown = studio.shown()
    assert shown == [list(range(25)), list(range(70, 100))]
    [gap] = studio.sink.gap_rows
    assert gap.cause is GapCause.WRITE_FAILED
    assert (gap.began_us, gap.ended_us) == (START_US + 2_500_000, START_US + 7 * SECOND)
    assert studio.recorder.counts.dropped == 45


class BadFile(SegmentWriter):
    """Fails when it is closed."""

    def close(self) -> Written | None:
        super().close()
        raise StorageFailed("the disk is broken")


def test_a_segment_that_cannot_be_completed_is_a_gap_from_its_start(
    plain: Footage, tmp_path: Path
) -> None:
    studio = Studio(tmp_path, segment_s=2.0, new_file=BadFile)
    studio.play(plain, plain.packets[:35])

    assert studio.sink.segments == []
    [gap] = studio.sink.gap_rows
    assert (gap.cause, gap.began_us) == (GapCause.WRITE_FAILED, START_US)


def test_a_sink_that_refuses_rows_does_not_end_the_recording(
    plain: Footage, tmp_path: Path
) -> None:
    studio = Studio(tmp_path, segment_s=2.0)
    studio.sink.refuses = True
    studio.play(plain)
    studio.recorder.lost("away")
    studio.desk.close()

    assert studio.sink.segments == []
    assert len(list(tmp_path.rglob("*.mp4"))) == 5


def test_the_thread_writes_what_cameras_give_and_ends_with_close(
    plain: Footage, tmp_path: Path
) -> None:
    studio = Studio(tmp_path, segment_s=2.0)
    studio.desk.start()
    for packet in plain.packets:
        studio.recorder.packet(plain.info, packet)
    studio.desk.close()

    assert [n for shown in studio.shown() for n in shown] == list(range(100))
