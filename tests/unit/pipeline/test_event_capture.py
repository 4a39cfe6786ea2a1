"""The media of an event, from real packets: what the clip covers, and which pictures are kept."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from tests.command import CLIP
from tests.servers.av_packets import footage, numbers_of
from tests.unit.pipeline.rig import PERSON, SECOND, sight, tracks
from tests.unit.recording.studio import Studio as RecordStudio
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import StorageFailed
from vedette.contracts.event import Event
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.payload import FractionBox
from vedette.contracts.sink import NewArtifact
from vedette.contracts.verdict import RuleAction, RuleVerdict
from vedette.media.part import Part
from vedette.media.ring import PacketRing
from vedette.pipeline.book import EventBook
from vedette.pipeline.capture import CapturePlan, EventCapture, Work, at_once
from vedette.plugins.registry import build
from vedette.rules.build import BuiltRule, build_rule
from vedette.testing.fakes import FakeClock
from vedette.testing.scripted import RecordingSink, drawn

Video = tuple[StreamInfo, list[tuple[Packet, Frame]]]

GOP_US = 2 * SECOND
FRAME_US = SECOND // 10
FIRST_US, OPEN_US, CLOSE_US = 9_300_000, 9_500_000, 11_500_000
PRE_US, POST_US = 3 * SECOND, 2 * SECOND


@pytest.fixture(scope="module")
def video() -> Video:
    """Twenty seconds of pedestrians: 10 frames a second, a keyframe every 2 s, from 1970 on."""
    source = {"type": "file", "path": str(CLIP)}
    stream = build("source", source, camera_id="yard", clock=FakeClock()).open()
    pairs = [
        (packet, frame)
        for packet in stream.packets()
        if packet.at_us < 20 * SECOND
        for frame in stream.decode(packet)
    ]
    stream.close()
    return stream.info, pairs


class Studio:
    """A book of events with a real ring and real captures."""

    def __init__(self, parts: Path | None, *, work: Work = at_once, max_clip_s: float = 60.0):
        self.sink = RecordingSink()
        self.failures: list[str] = []
        self.ring = PacketRing(max_s=PRE_US / SECOND + 2.0)
        self.rule: BuiltRule = build_rule({"id": "seen", "type": "presence"}, [], [])
        self.plan = CapturePlan(
            camera_title="Yard",
            outlines=(),
            parts=parts,
            pre_roll_us=PRE_US,
            post_roll_us=POST_US,
            max_clip_s=max_clip_s,
            work=work,
            failed=self.failures.append,
        )
        self.book = EventBook(
            site_id="home", camera_id="yard", sink=self.sink, begin_capture=self._begin
        )

    def _begin(self, event: Event, first_us: int) -> EventCapture:
        capture = EventCapture(plan=self.plan, first_us=first_us)
        capture.begin_clip(event, self.ring)
        return capture

    def says(self, action: RuleAction, frame: Frame, box: FractionBox = PERSON) -> None:
        verdict = RuleVerdict(
            action=action, key="track-1", at_us=frame.at_us, code="x", track=1, first_us=FIRST_US
        )
        self.book.apply(self.rule, [verdict], sight(frame, tracks(frame.at_us, 1, box=box)))

    def play(self, video: Video, *, close_us: int = CLOSE_US) -> None:
        """One event in the middle of the video."""
        info, pairs = video
        for packet, frame in pairs:
            self.ring.add(info, packet)
            self.book.packet(info, packet)
            if frame.at_us == OPEN_US:
                self.says(RuleAction.OPEN, frame)
            if frame.at_us == close_us:
                self.says(RuleAction.CLOSE, frame)
            self.book.see(sight(frame, tracks(frame.at_us, 1)))

    @property
    def artifacts(self) -> list[NewArtifact]:
        return [artifact for change in self.sink.changes for artifact in change.artifacts]

    def of_kind(self, kind: ArtifactKind) -> list[NewArtifact]:
        return [artifact for artifact in self.artifacts if artifact.kind is kind]


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
        studio.ring.add(now, came)
        studio.book.packet(now, came)
        if frame.at_us == OPEN_US:
            studio.says(RuleAction.OPEN, frame)
        if frame.at_us == CLOSE_US:
            studio.says(RuleAction.CLOSE, frame)

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
        studio.ring.add(info, packet)
        studio.book.packet(info, packet)
        if frame.at_us == OPEN_US:
            studio.says(RuleAction.OPEN, frame)
        if frame.at_us == 17_000_000:
            studio.says(RuleAction.CLOSE, frame)
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


def test_first_pictures_come_with_the_opening_and_previews_with_the_end(
    video: Video, tmp_path: Path
) -> None:
    studio = Studio(tmp_path)
    studio.play(video)

    opening = studio.sink.changes[0]
    assert [a.kind for a in opening.artifacts] == [
        ArtifactKind.SNAPSHOT,
        ArtifactKind.SNAPSHOT_ANNOTATED,
    ]
    assert {(a.revision, a.started_us, a.width) for a in opening.artifacts} == {(1, OPEN_US, 768)}
    [gif], [webp] = studio.of_kind(ArtifactKind.GIF), studio.of_kind(ArtifactKind.PREVIEW)
    assert (gif.data or b"")[:6] == b"GIF89a"
    assert (webp.data or b"")[8:12] == b"WEBP"
    assert gif.duration_s == webp.duration_s >= 2.0


def test_quality_and_size_of_pictures_can_be_chosen(video: Video, tmp_path: Path) -> None:
    info, pairs = video
    fine, coarse = Studio(tmp_path), Studio(tmp_path)
    coarse.plan = replace(coarse.plan, quality=40, preview_width=160)
    for studio in (fine, coarse):
        studio.play((info, pairs[80:150]))

    for kind in (ArtifactKind.SNAPSHOT, ArtifactKind.SNAPSHOT_ANNOTATED, ArtifactKind.GIF):
        large, small = (len(studio.of_kind(kind)[0].data or b"") for studio in (fine, coarse))
        assert small < 0.6 * large, kind
    assert [s.of_kind(ArtifactKind.GIF)[0].width for s in (fine, coarse)] == [320, 160]


def test_how_long_animations_last_can_be_chosen(video: Video, tmp_path: Path) -> None:
    info, pairs = video
    studio = Studio(tmp_path)
    studio.plan = replace(studio.plan, preview_s=5.0)
    studio.play((info, pairs[80:150]))

    for kind in (ArtifactKind.GIF, ArtifactKind.PREVIEW):
        [made] = studio.of_kind(kind)
        done, shown = cv2.imdecodeanimation(np.frombuffer(made.data or b"", np.uint8))
        assert done
        assert len(shown.frames) > 1
        assert sum(shown.durations) / 1000 == pytest.approx(5.0, abs=0.05)
        assert made.duration_s == 5.0


SMALL: FractionBox = (0.45, 0.45, 0.50, 0.60)
LARGE: FractionBox = (0.30, 0.20, 0.60, 0.90)


@pytest.mark.parametrize(
    ("first", "later", "revisions", "box"),
    [(SMALL, LARGE, [1, 2], LARGE), (LARGE, SMALL, [1], LARGE)],
    ids=["a better picture", "no better one"],
)
def test_a_better_picture_is_revision_2_and_says_where_the_object_was(
    first: FractionBox, later: FractionBox, revisions: list[int], box: FractionBox, tmp_path: Path
) -> None:
    studio = Studio(tmp_path)
    opening = drawn(OPEN_US, first, size=(320, 180))
    studio.says(RuleAction.OPEN, opening, first)
    for n in range(1, 5):
        frame = drawn(OPEN_US + n * SECOND, later, size=(320, 180))
        studio.book.see(sight(frame, tracks(frame.at_us, 1, box=later)))
    studio.says(RuleAction.CLOSE, drawn(OPEN_US + 5 * SECOND, size=(320, 180)), later)
    studio.book.finish()

    assert [a.revision for a in studio.of_kind(ArtifactKind.SNAPSHOT)] == revisions
    assert [a.revision for a in studio.of_kind(ArtifactKind.SNAPSHOT_ANNOTATED)] == revisions
    assert studio.sink.events[0].box == box


def test_the_clip_that_comes_last_does_not_take_the_best_box_back(
    video: Video, tmp_path: Path
) -> None:
    info, pairs = video
    studio = Studio(tmp_path)
    for packet, frame in pairs:
        studio.ring.add(info, packet)
        studio.book.packet(info, packet)
        if frame.at_us == OPEN_US:
            studio.says(RuleAction.OPEN, frame, SMALL)
        if frame.at_us > OPEN_US:
            studio.book.see(sight(frame, tracks(frame.at_us, 1, box=LARGE)))
        if frame.at_us == CLOSE_US:
            studio.says(RuleAction.CLOSE, frame, LARGE)

    assert studio.sink.changes[-1].artifacts[0].kind is ArtifactKind.CLIP
    assert studio.sink.changes[-1].event.box == LARGE


def test_a_picture_that_changes_its_size_keeps_the_preview(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    studio.says(RuleAction.OPEN, drawn(OPEN_US, PERSON, size=(320, 180)))
    for n in range(1, 12):
        size = (320, 180) if n < 6 else (320, 240)
        frame = drawn(OPEN_US + n * SECOND, PERSON, size=size)
        studio.book.see(sight(frame, tracks(frame.at_us, 1)))
    studio.says(RuleAction.CLOSE, drawn(OPEN_US + 12 * SECOND, size=(320, 240)))

    assert studio.failures == []
    assert len(studio.of_kind(ArtifactKind.GIF)) == 1
    assert len(studio.of_kind(ArtifactKind.PREVIEW)) == 1


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


def test_without_a_folder_no_media_is_made(video: Video) -> None:
    studio = Studio(None)

    studio.play(video)

    assert studio.artifacts == []
    assert studio.sink.events[0].state == "closed"


def test_what_is_not_wanted_is_not_made(video: Video, tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    studio.plan = replace(studio.plan, clips=False, previews=False)

    studio.play(video)

    assert {a.kind for a in studio.artifacts} == {
        ArtifactKind.SNAPSHOT,
        ArtifactKind.SNAPSHOT_ANNOTATED,
    }
    assert list(tmp_path.iterdir()) == []
