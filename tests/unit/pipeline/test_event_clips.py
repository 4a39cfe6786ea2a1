"""The clip of an event, from real packets: what it covers, and what may go wrong."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from tests.servers.av_packets import footage, numbers_of
from tests.unit.pipeline.capture_studio import (
    CLOSE_US,
    FIRST_US,
    FRAME_US,
    GOP_US,
    OPEN_US,
    POST_US,
    PRE_US,
    Studio,
    Video,
    pedestrians,
)
from tests.unit.pipeline.rig import SECOND
from tests.unit.recording.studio import Studio as RecordStudio
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import StorageFailed
from vedette.contracts.sink import NewArtifact
from vedette.contracts.verdict import RuleAction
from vedette.media.part import Part
from vedette.media.ring import PacketRing
from vedette.testing.scripted import drawn


@pytest.fixture(scope="module")
def video() -> Video:
    return pedestrians()


def test_a_clip_covers_pre_roll_event_and_post_roll(video: Video, tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    studio.play(video)

    [clip] = studio.of_kind(ArtifactKind.CLIP)
    end_us = clip.started_us + round(clip.duration_s * SECOND)
    assert FIRST_US - PRE_US - GOP_US < clip.started_us <= FIRST_US - PRE_US
    assert CLOSE_US + POST_US <= end_us <= CLOSE_US + POST_US + 2 * FRAME_US
    assert clip.file is not None
    with av.open(str(clip.file)) as container:
        shown = sum(1 for _ in container.decode(video=0))
    assert shown == round(clip.duration_s * 10)
    assert studio.failures == []
    assert [path.name for path in tmp_path.iterdir()] == [clip.file.name]


def test_a_clip_never_begins_after_the_first_sample_even_if_the_pre_roll_is_gone(
    video: Video, tmp_path: Path
) -> None:
    info, pairs = video
    late = (
        info,
        [pair for pair in pairs if pair[0].at_us >= FIRST_US - GOP_US // 2 - FRAME_US * 3],
    )
    studio = Studio(tmp_path)

    studio.play(late)

    [clip] = studio.of_kind(ArtifactKind.CLIP)
    first_keyframe = next(p.at_us for p, _ in late[1] if p.is_keyframe)
    assert clip.started_us == first_keyframe <= FIRST_US


def test_the_event_ends_with_the_video_and_the_clip_with_it(video: Video, tmp_path: Path) -> None:
    info, pairs = video
    studio = Studio(tmp_path)
    studio.play((info, pairs[:125]))
    assert studio.of_kind(ArtifactKind.CLIP) == [], "the post-roll is not complete"

    studio.book.finish()

    [clip] = studio.of_kind(ArtifactKind.CLIP)
    assert clip.started_us + round(clip.duration_s * SECOND) == 125 * FRAME_US


def shown(clip: NewArtifact) -> list[int]:
    """When each picture of a clip was taken, in tenths of a second."""
    assert clip.file is not None
    with av.open(str(clip.file)) as container:
        times = [frame.time or 0.0 for frame in container.decode(video=0)]
    return [round(clip.started_us / FRAME_US + time * 10) for time in times]


def test_a_very_long_event_has_a_clip_in_parts_without_a_gap(video: Video, tmp_path: Path) -> None:
    studio = Studio(tmp_path, max_clip_s=5.0)

    studio.play(video, close_us=17_000_000)

    clips = studio.of_kind(ArtifactKind.CLIP)
    assert [(clip.part, clip.revision) for clip in clips] == [
        (n, n) for n in range(1, len(clips) + 1)
    ]
    assert all(clip.duration_s <= 5.0 for clip in clips)
    pictures = {at for clip in clips for at in shown(clip)}
    assert pictures == set(range(min(pictures), max(pictures) + 1))
    assert min(pictures) * FRAME_US <= FIRST_US - PRE_US
    assert max(pictures) * FRAME_US >= 17_000_000 + POST_US - FRAME_US
    states = [c.event.state for c in studio.sink.changes if c.artifacts and c.artifacts[0].file]
    assert states[0] == "open", "the first part comes while the event lasts"
    assert {path.suffix for path in tmp_path.iterdir()} == {".mp4"}


def test_groups_longer_than_a_clip_do_not_repeat_themselves(video: Video, tmp_path: Path) -> None:
    studio = Studio(tmp_path, max_clip_s=1.5)

    studio.play(video, close_us=14_000_000)

    clips = studio.of_kind(ArtifactKind.CLIP)
    pictures = [at for clip in clips for at in shown(clip)]
    assert len(pictures) == len(set(pictures))
    assert len(clips) >= 4


def test_another_size_in_the_middle_is_another_part(video: Video, tmp_path: Path) -> None:
    info, pairs = video
    other = footage(seconds=20.0, start_us=0, size=(320, 180))
    studio = Studio(tmp_path)
    for number, (packet, frame) in enumerate(pairs):
        now, came = (info, packet) if number < 100 else (other.info, other.video[number])
        studio.take(now, came, frame)

    first, second = studio.of_kind(ArtifactKind.CLIP)
    assert (first.part, first.width, second.part, second.width) == (1, 768, 2, 320)
    assert max(shown(first)) == 99
    assert min(shown(second)) == 100
    assert max(shown(second)) * FRAME_US >= CLOSE_US + POST_US - FRAME_US


class Disk:
    """Refuses to write while it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        add, finish = Part.add, os.fsync
        monkeypatch.setattr(Part, "add", self._guarded(add))
        monkeypatch.setattr("vedette.media.clip.os.fsync", self._guarded(finish))

    def _guarded(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def write(*arguments: Any) -> Any:
            if self.full:
                error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                raise error if real is os.fsync else StorageFailed("the disk is full")
            return real(*arguments)

        return write


def test_a_clip_that_met_a_full_disk_is_mended_without_a_restart(
    video: Video, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info, pairs = video
    disk = Disk(monkeypatch)
    studio = Studio(tmp_path)
    for packet, frame in pairs:
        disk.full = 10_000_000 <= frame.at_us < 12_000_000
        studio.take(info, packet, frame, close_us=17_000_000)
    assert len(studio.failures) == 2, "it could neither be written nor be completed"
    studio.book.finish()

    clips = studio.of_kind(ArtifactKind.CLIP)
    assert sorted(clip.part for clip in clips) == [1, 2]
    pictures = {at for clip in clips for at in shown(clip)}
    assert min(pictures) * FRAME_US <= FIRST_US - PRE_US
    assert max(pictures) * FRAME_US >= 17_000_000 + POST_US - FRAME_US
    assert len(set(range(min(pictures), max(pictures))) - pictures) <= 25, "what the disk refused"
    assert {path.suffix for path in tmp_path.iterdir()} == {".mp4"}


def test_a_clip_that_cannot_be_completed_is_tried_again_while_the_camera_goes_on(
    video: Video, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info, pairs = video
    disk = Disk(monkeypatch)
    studio = Studio(tmp_path)
    studio.play((info, [pair for pair in pairs if pair[0].at_us < CLOSE_US + POST_US]))
    disk.full = True
    last = pairs[-1][0]
    later = [replace(last, at_us=CLOSE_US + n * 16 * SECOND) for n in range(1, 5)]
    for packet in later[:2]:
        studio.book.packet(info, packet)
    assert studio.of_kind(ArtifactKind.CLIP) == []
    disk.full = False
    for packet in later[2:]:
        studio.book.packet(info, packet)

    [clip] = studio.of_kind(ArtifactKind.CLIP)
    assert min(shown(clip)) * FRAME_US <= FIRST_US - PRE_US
    assert not studio.book.busy


def test_the_pre_roll_comes_from_recordings_where_the_ring_is_too_short(
    tmp_path: Path,
) -> None:
    take = footage(seconds=20.0, start_us=0, sound="aac")
    recorder = RecordStudio(tmp_path / "recordings", segment_s=2.0)
    studio = Studio(tmp_path / "parts")
    studio.ring = PacketRing(max_s=1.0)
    studio.book.footage = recorder.recorder.footage
    frame = drawn(OPEN_US, size=(320, 180))
    for packet in take.packets:
        recorder.give(take.info, packet)
        studio.ring.add(take.info, packet)
        studio.book.packet(take.info, packet)
        if packet.at_us == OPEN_US and not packet.is_audio:
            studio.says(RuleAction.OPEN, frame)
        if packet.at_us == CLOSE_US and not packet.is_audio:
            studio.says(RuleAction.CLOSE, replace(frame, at_us=CLOSE_US))

    [clip] = studio.of_kind(ArtifactKind.CLIP)
    assert clip.file is not None
    first = (FIRST_US - PRE_US) // FRAME_US
    assert clip.started_us == first * FRAME_US
    numbers = numbers_of(str(clip.file))
    assert numbers == list(range(first, numbers[-1] + 1))
    assert numbers[-1] * FRAME_US >= CLOSE_US + POST_US - FRAME_US
    assert clip.duration_s == pytest.approx(len(numbers) / 10)
    with av.open(str(clip.file)) as container:
        heard = sum(p.duration or 0 for p in container.demux(audio=0) if p.size)
    assert heard / 48000 == pytest.approx(clip.duration_s, abs=0.1)


def test_a_folder_that_cannot_be_written_hurts_only_the_clip(video: Video, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    studio = Studio(tmp_path / "file" / "parts")

    studio.play(video)

    [event] = studio.sink.events
    assert event.state == "closed"
    assert {a.kind for a in studio.artifacts} == set(ArtifactKind) - {ArtifactKind.CLIP}
    assert len(studio.failures) == 1
    assert "clip" in studio.failures[0]


def test_a_folder_that_vanishes_meanwhile_hurts_only_the_clip(video: Video, tmp_path: Path) -> None:
    info, pairs = video
    parts = tmp_path / "parts"
    studio = Studio(parts)
    studio.play((info, [pair for pair in pairs if pair[0].at_us <= OPEN_US]))
    [part] = parts.iterdir()
    part.unlink()
    parts.rmdir()

    for packet, frame in pairs:
        if frame.at_us > OPEN_US:
            studio.book.packet(info, packet)
        if frame.at_us == CLOSE_US:
            studio.says(RuleAction.CLOSE, frame)

    assert studio.sink.events[0].state == "closed"
    assert len(studio.failures) == 1
    assert studio.of_kind(ArtifactKind.CLIP) == []
