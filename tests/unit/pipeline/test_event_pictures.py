"""The pictures of an event: which are kept, and what is made of them."""

from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.unit.pipeline.capture_studio import CLOSE_US, OPEN_US, Studio, Video, pedestrians
from tests.unit.pipeline.rig import PERSON, SECOND, sight, tracks
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.frame import U8, Frame
from vedette.contracts.payload import FractionBox
from vedette.contracts.verdict import RuleAction
from vedette.testing.scripted import drawn


@pytest.fixture(scope="module")
def video() -> Video:
    return pedestrians()


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


class Heavy(Frame):
    """A frame that is too large for the memory that is left."""

    def bgr(self) -> U8:
        raise MemoryError("Unable to allocate 169 KiB")


def test_an_event_for_whose_picture_there_is_no_memory_begins_without(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    plain = drawn(OPEN_US, PERSON)
    frame = Heavy(**{each.name: getattr(plain, each.name) for each in fields(plain)})

    studio.says(RuleAction.OPEN, frame)

    (opening,) = studio.sink.changes
    assert opening.artifacts == ()
    assert studio.failures == [
        f"event {opening.event.id} begins without a picture: Unable to allocate 169 KiB"
    ]
