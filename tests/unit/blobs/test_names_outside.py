"""Names of files outside the product: as legacy scripts read them, and never one for two."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from vedette.blobs.names import DEFAULT_PATTERN, NamesGiven, demand_pattern, file_name
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import InvalidInput
from vedette.testing.store_samples import make_event

SNAPSHOT, ANNOTATED = ArtifactKind.SNAPSHOT, ArtifactKind.SNAPSHOT_ANNOTATED


@pytest.mark.parametrize(
    ("kind", "extension", "part", "name"),
    [
        (SNAPSHOT, ".jpg", 1, "yard_person_20260314_120007.jpg"),
        (ANNOTATED, ".jpg", 1, "yard_person_annotated_20260314_120007.jpg"),
        (ArtifactKind.GIF, ".gif", 1, "yard_person_20260314_120007.gif"),
        (ArtifactKind.PREVIEW, ".webp", 1, "yard_person_20260314_120007.webp"),
        (ArtifactKind.CLIP, ".mp4", 1, "yard_person_20260314_120007.mp4"),
        (ArtifactKind.CLIP, ".mp4", 2, "yard_person_part2_20260314_120007.mp4"),
    ],
)
def test_every_kind_has_its_name(kind: ArtifactKind, extension: str, part: int, name: str) -> None:
    assert file_name(make_event(7), kind, extension, part=part) == name


@pytest.mark.parametrize("camera", ["yard", "front_door", "a_20250101_000000"])
@pytest.mark.parametrize("label", ["person", "traffic light", "../../etc", "собака"])
def test_a_script_that_reads_the_last_two_words_finds_the_moment(camera: str, label: str) -> None:
    event = make_event(7, camera_id=camera, label=label)
    for kind in ArtifactKind:
        stem, _, extension = file_name(event, kind, ".jpg", part=3, apart=True).rpartition(".")
        day, clock = stem.split("_")[-2:]
        moment = datetime.strptime(f"{day}{clock}", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        assert moment == event.started_at
        assert camera in stem
        assert re.fullmatch(r"[A-Za-z0-9_-]+", stem)
        assert extension == "jpg"


def test_times_are_utc_whatever_the_zone_of_the_event() -> None:
    event = make_event(7)
    there = event.started_at.astimezone(timezone(timedelta(hours=5, minutes=30)))
    moved = event.model_copy(update={"started_at": there})
    assert file_name(moved, SNAPSHOT, ".jpg") == file_name(event, SNAPSHOT, ".jpg")


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{date}-{time}-{rule}", "20260314-120007-visitor_annotated.jpg"),
        ("cam-{site}_{type}{more}_{date}{time}", "cam-home_enter_annotated_20260314120007.jpg"),
        ("{id}", f"{make_event(7).id.hex}_annotated.jpg"),
    ],
)
def test_the_pattern_can_be_chosen(pattern: str, name: str) -> None:
    assert file_name(make_event(7), ANNOTATED, ".jpg", pattern=demand_pattern(pattern)) == name


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("{camera}/{date}_{time}", "letters, digits"),
        ("{camera}_{date}_{time}.x", "letters, digits"),
        ("{camera}_{day}", "{day}"),
        ("{camera.__class__}_{date}_{time}", "there are: {site}"),
        ("{}_{date}_{time}", "there are"),
        ("{date:>9999999}_{time}", "letters, digits"),
        ("{date!r}_{time}", "letters, digits"),
        ("{date}_{time", "no pattern"),
        ("{camera}", "{date} and {time}"),
        ("{date}{time}" + "x" * 120, "120 characters"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused_with_a_sentence(pattern: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(words)):
        demand_pattern(pattern)


def test_two_events_of_one_second_do_not_share_a_name() -> None:
    names = NamesGiven(pattern=DEFAULT_PATTERN)
    first, second = make_event(7), make_event(7, dedupe_key="track-8")
    mine = names.give(first, SNAPSHOT, ".jpg")
    other = names.give(second, SNAPSHOT, ".jpg")
    assert mine == "yard_person_20260314_120007.jpg"
    assert other == f"yard_person_{second.id.hex[:8]}_20260314_120007.jpg"
    assert names.give(first, SNAPSHOT, ".jpg") == mine, "a better picture takes the place"
    assert names.give(second, SNAPSHOT, ".jpg") == other
