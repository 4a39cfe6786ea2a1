"""A rule's verdicts open, change and close events; whatever else they say changes nothing."""

import pytest

from tests.unit.pipeline.rig import PERSON, SECOND, START, ended, sight, tracks
from vedette.contracts.event import Event, EventState
from vedette.contracts.sight import Tracks
from vedette.contracts.verdict import RuleAction, RuleVerdict
from vedette.kit.clock import from_us, to_us
from vedette.kit.ids import event_id
from vedette.pipeline.book import EventBook
from vedette.pipeline.capture import CapturePlan, EventCapture
from vedette.pipeline.sight import Sight
from vedette.rules.build import BuiltRule, build_rule
from vedette.testing.scripted import RecordingSink, drawn

BARE = CapturePlan(
    camera_title="Yard",
    outlines=(),
    parts=None,
    pre_roll_us=0,
    post_roll_us=SECOND,
    max_clip_s=60.0,
)


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()


@pytest.fixture
def book(sink: RecordingSink) -> EventBook:
    return EventBook(
        site_id="home",
        camera_id="yard",
        sink=sink,
        begin_capture=lambda event, first_us: EventCapture(plan=BARE, first_us=first_us),
        session="s1",
    )


def rule(rule_id: str = "seen") -> BuiltRule:
    settings = {"id": rule_id, "type": "presence", "zone": "porch", "severity": "warning"}
    return build_rule(settings, ["porch"], [])


def says(action: RuleAction, *, key: str = "track-1", at_s: int = 0, track: int = 1) -> RuleVerdict:
    return RuleVerdict(
        action=action,
        key=key,
        at_us=START + at_s * SECOND,
        code="present" if action is RuleAction.OPEN else "left",
        track=track,
        first_us=START - SECOND,
        numbers={"dwell_s": float(at_s)},
    )


def at(at_s: int, *ids: int, seen: Tracks | None = None) -> Sight:
    at_us = START + at_s * SECOND
    return sight(
        drawn(at_us, PERSON, number=at_s + 1), tracks(at_us, *ids) if seen is None else seen
    )


def test_an_event_opens_changes_and_closes(book: EventBook, sink: RecordingSink) -> None:
    book.apply(rule(), [says(RuleAction.OPEN)], at(0, 1))
    book.apply(rule(), [says(RuleAction.UPDATE, at_s=1)], at(1, 1))
    assert book.busy
    book.apply(rule(), [says(RuleAction.CLOSE, at_s=2)], at(2, 1))

    opened, updated, closed = (change.event for change in sink.changes)
    assert (opened.state, updated.state, closed.state) == ("open", "open", "closed")
    assert {opened.id, updated.id, closed.id} == {
        event_id("home", "yard", "seen", "track-1", START - SECOND)
    }
    assert (opened.label, opened.box, opened.score) == ("person", PERSON, 0.9)
    assert (opened.rule_id, opened.event_type, opened.zone_id) == ("seen", "presence", "porch")
    assert (opened.severity, opened.track_ids) == ("warning", ("yard/s1/1",))
    assert opened.correlation_id == "yard/s1/1"
    assert (opened.started_at, opened.opened_at) == (from_us(START - SECOND), from_us(START))
    assert updated.numbers == {"dwell_s": 1.0}
    assert (closed.ended_at, closed.end_reason) == (from_us(START + 2 * SECOND), "left")
    assert book.opened == 1


def test_the_same_story_gives_the_same_ids_and_another_first_sample_another_one() -> None:
    def ids(first_us: int) -> list[Event]:
        sink = RecordingSink()
        book = EventBook(
            site_id="home",
            camera_id="yard",
            sink=sink,
            begin_capture=lambda event, first_us: EventCapture(plan=BARE, first_us=first_us),
        )
        verdict = RuleVerdict(
            action=RuleAction.OPEN, key="k", at_us=START, code="c", track=1, first_us=first_us
        )
        book.apply(rule(), [verdict], at(0, 1))
        return sink.events

    assert ids(START)[0].id == ids(START)[0].id
    assert ids(START)[0].id != ids(START - 1)[0].id


def test_what_is_not_open_cannot_change_and_a_no_is_no_event(
    book: EventBook, sink: RecordingSink
) -> None:
    strange = [
        says(RuleAction.UPDATE, key="track-9"),
        says(RuleAction.CLOSE, key="track-9"),
        says(RuleAction.REJECT),
    ]
    book.apply(rule(), strange, at(0, 1))
    book.close_all(rule(), [says(RuleAction.CLOSE, key="track-9")])
    assert sink.changes == []

    book.apply(rule(), [says(RuleAction.OPEN)], at(0, 1))
    book.apply(rule("other"), [says(RuleAction.CLOSE, at_s=1)], at(1, 1))

    assert [event.state for event in sink.events] == [EventState.OPEN], "another rule's key"


def test_two_rules_and_two_tracks_are_four_events(book: EventBook, sink: RecordingSink) -> None:
    both = [says(RuleAction.OPEN), says(RuleAction.OPEN, key="track-2", track=2)]
    for each in (rule(), rule("other")):
        book.apply(each, both, at(0, 1, 2))
    book.apply(rule(), [says(RuleAction.CLOSE, at_s=1)], at(1, 1, 2))

    states = [(e.rule_id, e.dedupe_key, e.state.value) for e in sink.events]
    assert states == [
        ("seen", "track-1", "closed"),
        ("seen", "track-2", "open"),
        ("other", "track-1", "open"),
        ("other", "track-2", "open"),
    ]


def test_the_end_closes_what_is_open_and_completes_what_is_closed(
    book: EventBook, sink: RecordingSink
) -> None:
    book.apply(rule(), [says(RuleAction.OPEN)], at(0, 1))
    book.close_all(rule(), [says(RuleAction.CLOSE, at_s=3)])
    assert sink.events[0].end_reason == "left"
    assert book.busy, "its clip is not complete"

    book.finish()

    assert not book.busy


def test_who_left_is_known_by_the_track_that_ended(book: EventBook, sink: RecordingSink) -> None:
    gone = tracks(START, ended=[ended(7, label="car", score=0.75)])

    book.apply(rule(), [says(RuleAction.OPEN, key="track-7", track=7)], at(0, seen=gone))

    [event] = sink.events
    assert (event.label, event.score, event.box) == ("car", 0.75, None)
    assert event.track_ids == ("yard/s1/7",)


def test_an_event_about_many_has_no_track_and_the_first_label(
    book: EventBook, sink: RecordingSink
) -> None:
    book.apply(rule(), [says(RuleAction.OPEN, key="zone-porch", track=0)], at(0, 4, 5))
    book.apply(rule(), [says(RuleAction.OPEN, key="empty", track=0)], at(1))

    many, nobody = sink.events
    assert (many.label, many.track_ids, many.box) == ("person", (), None)
    assert nobody.label == "object"


def test_a_file_that_starts_in_1970_has_events_too(book: EventBook, sink: RecordingSink) -> None:
    verdict = RuleVerdict(
        action=RuleAction.OPEN, key="track-1", at_us=0, code="present", track=1, first_us=0
    )
    book.apply(rule(), [verdict], sight(drawn(0, PERSON), tracks(0, 1)))
    shut = RuleVerdict(action=RuleAction.CLOSE, key="track-1", at_us=0, code="lost", track=1)
    book.apply(rule(), [shut], sight(drawn(0, PERSON), tracks(0, 1)))

    [event] = sink.events
    assert to_us(event.started_at) == 0
    assert event.ended_at == from_us(0)
