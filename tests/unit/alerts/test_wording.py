"""The words of an alert: every kind of rule, with and without a zone."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from vedette.alerts.wording import duration, plural, text_of, title_of
from vedette.contracts.event import Event

AT = datetime(2026, 11, 21, 14, 3, 22, tzinfo=UTC)


def an_event(**changes: Any) -> Event:
    values: dict[str, Any] = {
        "id": "6f2d7c1e-0000-5000-8000-000000000001",
        "site_id": "home",
        "camera_id": "front_door",
        "rule_id": "visitors",
        "event_type": "presence",
        "label": "person",
        "dedupe_key": "track-1",
        "state": "open",
        "started_at": AT,
        "opened_at": AT,
        "updated_at": AT,
        "score": 0.873,
    }
    return Event.model_validate({**values, **changes})


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"zone_id": "yard"}, "Person was seen in yard (Front door)"),
        ({}, "Person was seen (Front door)"),
        ({"event_type": "enter", "zone_id": "yard"}, "Person entered yard (Front door)"),
        ({"event_type": "enter"}, "Person came into view (Front door)"),
        ({"event_type": "leave", "zone_id": "yard"}, "Person left yard (Front door)"),
        ({"event_type": "leave"}, "Person left the view (Front door)"),
        (
            {"event_type": "loiter", "zone_id": "yard", "numbers": {"dwell_s": 12.4}},
            "Person stayed in yard for 12 s (Front door)",
        ),
        ({"event_type": "loiter"}, "Person stayed in view (Front door)"),
        (
            {"event_type": "line_crossing", "line_id": "gate", "numbers": {"direction": "in"}},
            "Person crossed the line gate, direction in (Front door)",
        ),
        ({"event_type": "line_crossing"}, "Person crossed a line (Front door)"),
        (
            {"event_type": "count", "zone_id": "yard", "numbers": {"count": 5}},
            "5 people are in yard (Front door)",
        ),
        ({"event_type": "count", "label": "bus"}, "Several buses are in view (Front door)"),
        ({"event_type": "tailgate"}, "Person matched the rule (tailgate) (Front door)"),
    ],
)
def test_the_title_says_what_happened(changes: dict[str, Any], title: str) -> None:
    assert title_of(an_event(**changes), "Front door") == title


def test_the_text_says_who_where_when_and_how_sure() -> None:
    local = timezone(timedelta(hours=2))
    event = an_event(event_type="enter", zone_id="yard", opened_at=AT.astimezone(local))
    assert text_of(event, "Front door") == (
        "A person entered yard on camera Front door at 2026-11-21 14:03:22 UTC. "
        "Rule visitors; the detector was 87 % sure."
    )
    assert text_of(an_event(label="airplane"), "roof").startswith("An airplane was seen on camera")


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("person", "people"),
        ("car", "cars"),
        ("bench", "benches"),
        ("wine glass", "wine glasses"),
        ("puppy", "puppies"),
        ("toy", "toys"),
        ("sheep", "sheep"),
    ],
)
def test_plurals(one: str, many: str) -> None:
    assert plural(one) == many


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(7.24, "7.2 s"), (45.2, "45 s"), (125.0, "2 min 5 s"), (3780.0, "1 h 3 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
