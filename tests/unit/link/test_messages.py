"""Our words cross the link unchanged; a worker that lies is refused, and reaches no other file."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import InvalidInput
from vedette.contracts.facts import CameraState, CameraStatus
from vedette.contracts.sink import (
    EventChange,
    GapCause,
    NewArtifact,
    NewSegment,
    RecordingGap,
    TrackRecord,
)
from vedette.contracts.verdict import Verdict
from vedette.link.files import WorkerFolders, digest, put_down
from vedette.link.messages import Durable, Story, durable_of, fact_frame, fact_of, frame_of
from vedette.link.wire import Decoder, Frame, encode
from vedette.testing.store_samples import NOON, make_event

PICTURE = NewArtifact(
    kind=ArtifactKind.SNAPSHOT,
    revision=2,
    extension=".jpg",
    media_type="image/jpeg",
    started_us=1_700_000_000_000_001,
    width=640,
    data=b"a picture",
)
TRACK = TrackRecord(
    id="yard/s1/7",
    camera_id="yard",
    label="person",
    t0_us=5,
    t1_us=9_000_000,
    median_score=0.5,
    best_score=0.75,
    samples=3,
    path=bytes(range(256)),
    zones=("lawn", "door"),
)
VERDICTS = (
    Verdict(camera_id="yard", track=7, stage="rules", at_us=6, code="open:present"),
    Verdict(
        camera_id="yard",
        track=7,
        stage="zones",
        at_us=7,
        code="entered",
        numbers={"zone": "lawn", "dwell_s": 1.0, "count": 1},
    ),
)
SEGMENT = NewSegment(
    camera_id="yard",
    started_us=1,
    ended_us=2,
    path="home/yard/2026-03-14/12/1.mp4",
    media_type="video/mp4",
    codec="h264",
    width=640,
    height=360,
    packets=100,
    size_bytes=12345,
    sha256="ab" * 32,
    has_audio=True,
)
GAP = RecordingGap(camera_id="yard", began_us=1, ended_us=None, cause=GapCause.WORKER_LOST)


@pytest.fixture
def folders(tmp_path: Path) -> WorkerFolders:
    made = WorkerFolders(spool=tmp_path / "spool" / "life-1", parts=tmp_path / "parts" / "life-1")
    made.make()
    return made


def crossed(said: Durable, folders: WorkerFolders, **how: Any) -> Durable:
    """What arrives at the other side."""
    hashes = {}
    if isinstance(said, EventChange):
        put = tuple(put_down(each, said.event, 1, folders) for each in said.artifacts)
        hashes = {each.file.name: digest(PICTURE.data or b"") for each in put if each.file}
        said = replace(said, artifacts=put)
    (frame,) = Decoder().feed(encode(frame_of(said, 3, hashes, folders)))
    assert frame.seq == 3
    return durable_of(frame, folders, **how)


@pytest.mark.parametrize("said", [Story(track=TRACK, verdicts=VERDICTS), SEGMENT, GAP])
def test_what_is_said_arrives(said: Durable, folders: WorkerFolders) -> None:
    assert crossed(said, folders) == said


def test_numbers_keep_their_kind(folders: WorkerFolders) -> None:
    arrived = crossed(Story(track=TRACK, verdicts=VERDICTS), folders)
    assert isinstance(arrived, Story)
    assert [type(value) for value in arrived.verdicts[1].numbers.values()] == [str, float, int]


def test_an_event_arrives_with_its_picture_in_a_file(folders: WorkerFolders) -> None:
    event = make_event(1, numbers={"dwell_s": 1.5, "who": ["a", "b"]})
    arrived = crossed(EventChange(event=event, artifacts=(PICTURE,)), folders)

    assert isinstance(arrived, EventChange)
    assert arrived.event == event
    (picture,) = arrived.artifacts
    assert picture.data is None
    assert picture.file is not None
    assert picture.file.parent == folders.media
    assert picture.file.read_bytes() == b"a picture"
    assert replace(picture, file=None, data=PICTURE.data) == PICTURE


def test_a_picture_that_was_taken_before_is_left_out(folders: WorkerFolders) -> None:
    said = EventChange(event=make_event(1), artifacts=(PICTURE,))
    first = crossed(said, folders)
    assert isinstance(first, EventChange)
    assert first.artifacts[0].file is not None
    frame = frame_of(first, 1, {}, folders)
    first.artifacts[0].file.unlink()

    again = durable_of(frame, folders)
    assert isinstance(again, EventChange)
    assert again.artifacts == ()


def test_half_a_picture_is_left_out_where_it_is_checked(folders: WorkerFolders) -> None:
    put = put_down(PICTURE, make_event(1), 1, folders)
    assert put.file is not None
    change = EventChange(event=make_event(1), artifacts=(put,))
    frame = frame_of(change, 1, {put.file.name: digest(b"a picture")}, folders)
    put.file.write_bytes(b"a pict")

    unchecked, checked = durable_of(frame, folders), durable_of(frame, folders, check=True)
    assert isinstance(unchecked, EventChange)
    assert isinstance(checked, EventChange)
    assert (len(unchecked.artifacts), len(checked.artifacts)) == (1, 0)


@pytest.mark.parametrize(
    "named",
    [
        {"root": "media", "file": "../../../vedette.db"},
        {"root": "media", "file": "/etc/passwd"},
        {"root": "elsewhere", "file": "x.jpg"},
        {"root": "media", "file": ".hidden"},
        {"root": "parts", "file": ""},
        {"root": "parts", "file": "a" * 300},
        {"root": "media", "file": 7},
        {"root": "media"},
    ],
)
def test_a_worker_reaches_no_file_but_its_own(
    named: dict[str, Any], folders: WorkerFolders
) -> None:
    put = put_down(PICTURE, make_event(1), 1, folders)
    frame = frame_of(EventChange(event=make_event(1), artifacts=(put,)), 1, {}, folders)
    (artifact,) = frame.head["artifacts"]
    del artifact["root"], artifact["file"]
    artifact.update(named)

    with pytest.raises(InvalidInput, match="outside the folders"):
        durable_of(frame, folders)


def test_a_link_is_no_file(folders: WorkerFolders, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("open sesame")
    os.symlink(secret, folders.media / "x.jpg")
    put = put_down(PICTURE, make_event(1), 1, folders)
    frame = frame_of(EventChange(event=make_event(1), artifacts=(put,)), 1, {}, folders)
    frame.head["artifacts"][0]["file"] = "x.jpg"

    with pytest.raises(InvalidInput, match="not a plain file"):
        durable_of(frame, folders)


@pytest.mark.parametrize(
    "frame",
    [
        Frame(kind="event", seq=1),
        Frame(kind="event", seq=1, head={"event": {}, "artifacts": []}),
        Frame(kind="event", seq=1, head={"event": "x", "artifacts": {}}),
        Frame(kind="event", seq=1, head={"artifacts": [{}] * 51}),
        Frame(kind="event", seq=1, head={"artifacts": ["x"]}),
        Frame(kind="track", seq=1, head={"track": 5}),
        Frame(kind="track", seq=1, head={"track": {"id": "x"}, "verdicts": []}),
        Frame(kind="segment", seq=1, head={"camera_id": "yard"}),
        Frame(kind="gap", seq=1, head={"cause": "whim"}),
        Frame(kind="secret", seq=1),
    ],
)
def test_a_message_without_sense_is_refused(frame: Frame, folders: WorkerFolders) -> None:
    with pytest.raises(InvalidInput):
        durable_of(frame, folders)


def test_a_refusal_does_not_repeat_what_was_said(folders: WorkerFolders) -> None:
    head = {"event": {"camera_id": "rtsp://admin:open-sesame@camera/1"}, "artifacts": []}
    with pytest.raises(InvalidInput) as caught:
        durable_of(Frame(kind="event", seq=1, head=head), folders)
    assert "open-sesame" not in str(caught.value)


def test_a_fact_crosses_where_it_is_the_worker_who_tells() -> None:
    fact = CameraStatus(camera_id="yard", state=CameraState.LOST, at=NOON, detail="away")
    assert fact_of(fact_frame("camera.yard.status", fact)) == ("camera.yard.status", fact)


@pytest.mark.parametrize("topic", ["event.opened", "camera.Yard.status", "nonsense", ""])
def test_a_worker_cannot_tell_what_is_told_after_storing(topic: str) -> None:
    frame = fact_frame(topic, make_event(1))
    with pytest.raises(InvalidInput, match="no topic of its own"):
        fact_of(frame)
