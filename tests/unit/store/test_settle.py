"""What is stored and told of a change, whatever order changes come in."""

from datetime import timedelta
from typing import Any

import pytest

from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.event import Event, EventState
from vedette.services.settle import media_topics, settle, with_failures
from vedette.testing.store_samples import NOON, make_artifact, make_event

OPEN = make_event(1)


def changed(event: Event, seconds: int, **changes: Any) -> Event:
    return event.model_copy(update={"updated_at": NOON + timedelta(seconds=seconds), **changes})


def closed(event: Event, seconds: int, reason: str = "left") -> Event:
    ended = NOON + timedelta(seconds=seconds)
    return changed(event, seconds, state=EventState.CLOSED, ended_at=ended, end_reason=reason)


UPDATED = changed(OPEN, 5, numbers={"dwell_s": 5.0})
LEFT = closed(OPEN, 9)
INTERRUPTED = closed(OPEN, 5, "interrupted")


@pytest.mark.parametrize(
    ("known", "new", "stored", "topics"),
    [
        pytest.param(None, OPEN, OPEN, ("event.opened",), id="first word"),
        pytest.param(None, LEFT, LEFT, ("event.opened", "event.closed"), id="over at once"),
        pytest.param(OPEN, OPEN, OPEN, (), id="the same again"),
        pytest.param(OPEN, UPDATED, UPDATED, ("event.updated",), id="newer"),
        pytest.param(UPDATED, OPEN, UPDATED, (), id="older comes late"),
        pytest.param(UPDATED, LEFT, LEFT, ("event.closed",), id="over"),
        pytest.param(LEFT, LEFT, LEFT, (), id="over, again"),
        pytest.param(LEFT, UPDATED, LEFT, (), id="a closed event stays closed"),
        pytest.param(LEFT, changed(OPEN, 20), LEFT, (), id="also for a newer word"),
        pytest.param(changed(OPEN, 12), LEFT, LEFT, ("event.closed",), id="an end is an end"),
        pytest.param(INTERRUPTED, OPEN, INTERRUPTED, (), id="interrupted, and an old word"),
        pytest.param(
            INTERRUPTED, changed(OPEN, 7), changed(OPEN, 7), ("event.updated",), id="it goes on"
        ),
        pytest.param(INTERRUPTED, LEFT, LEFT, ("event.closed",), id="its true end"),
    ],
)
def test_settling(known: Event | None, new: Event, stored: Event, topics: tuple[str, ...]) -> None:
    assert settle(known, new) == (stored, topics)


def test_a_note_of_a_lost_file_outlives_later_words_of_the_camera() -> None:
    failed = with_failures(OPEN, ("clip: the disk is full",))
    assert failed.numbers == {"dwell_s": 1.5, "media_failed": "clip: the disk is full"}
    stored, _ = settle(failed, UPDATED)
    assert stored.numbers == {"dwell_s": 5.0, "media_failed": "clip: the disk is full"}


def test_a_note_that_comes_with_an_old_word_is_kept() -> None:
    stored, topics = settle(LEFT, with_failures(UPDATED, ("gif: the disk is full",)))
    assert stored.state is EventState.CLOSED
    assert stored.numbers["media_failed"] == "gif: the disk is full"
    assert topics == ()


def test_a_closed_event_with_a_lost_clip_does_not_close_twice() -> None:
    assert settle(LEFT, with_failures(LEFT, ("clip: gone",)))[1] == ("event.updated",)


@pytest.mark.parametrize(
    ("kind", "topics"),
    [
        (ArtifactKind.SNAPSHOT, {"event.snapshot.ready", "event.media.ready"}),
        (ArtifactKind.SNAPSHOT_ANNOTATED, {"event.snapshot.ready", "event.media.ready"}),
        (ArtifactKind.CLIP, {"event.clip.ready", "event.media.ready"}),
        (ArtifactKind.GIF, {"event.media.ready"}),
        (ArtifactKind.PREVIEW, {"event.media.ready"}),
    ],
)
def test_each_kind_of_file_has_its_topics(kind: ArtifactKind, topics: set[str]) -> None:
    assert set(media_topics(make_artifact(OPEN, kind))) == topics
