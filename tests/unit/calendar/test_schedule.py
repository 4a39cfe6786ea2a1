"""When rules count: local hours, weekdays, holidays, the sun, and every change of clocks."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from vedette.calendar.schedule import Calendar, Place, Schedule
from vedette.kit.clock import from_us, to_us

BERLIN = {"time_zone": "Europe/Berlin", "latitude": 52.5, "longitude": 13.4, "holidays": "DE-BY"}


def calendar(place: dict[str, Any] | None = None, **schedule: Any) -> Calendar:
    return Calendar(Schedule.model_validate(schedule), Place.model_validate(place or BERLIN))


def at(text: str, zone: str = "Europe/Berlin", *, fold: int = 0) -> int:
    """A moment as the clocks of a place show it, in microseconds since 1970."""
    shown = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return to_us(shown.astimezone(UTC))


def on(found: Calendar, text: str, **more: Any) -> bool:
    return found.phase(at(text, **more)).active


def hours(found: Calendar, day: str, zone: str = "Europe/Berlin") -> float:
    """How long a schedule holds within 48 hours from a local midnight."""
    now_us, total_us = at(f"{day}T00:00", zone), 0
    end_us = now_us + 48 * 3_600_000_000
    while now_us < end_us:
        phase = found.phase(now_us)
        until_us = min(phase.until_us, end_us)
        total_us += (until_us - now_us) * phase.active
        now_us = until_us
    return total_us / 3_600_000_000


NIGHT = [{"begin": "22:00", "end": "06:00"}]


def test_without_a_window_it_always_holds() -> None:
    phase = calendar().phase(at("2026-07-01T12:00"))
    assert phase.active
    assert from_us(phase.until_us) - from_us(phase.since_us) >= timedelta(days=3)


def test_a_night_begins_on_one_day_and_ends_on_the_next() -> None:
    night = calendar(windows=NIGHT)
    table = [("21:59:59", False), ("22:00", True), ("23:59", True)]
    assert [on(night, f"2026-07-01T{clock}") for clock, _ in table] == [want for _, want in table]
    assert on(night, "2026-07-02T05:59:59")
    assert not on(night, "2026-07-02T06:00")


def test_the_day_on_which_it_begins_is_the_one_that_counts() -> None:
    friday = calendar(windows=[{"days": ["fri"], "begin": "22:00", "end": "06:00"}])
    assert on(friday, "2026-07-04T03:00"), "Saturday, but of Friday's night"
    assert not on(friday, "2026-07-03T03:00"), "Friday, but of Thursday's night"


def test_windows_that_touch_are_one() -> None:
    both = calendar(
        windows=[{"begin": "08:00", "end": "12:00"}, {"begin": "12:00", "end": "18:00"}]
    )
    phase = both.phase(at("2026-07-01T12:00"))
    assert (phase.since_us, phase.until_us) == (at("2026-07-01T08:00"), at("2026-07-01T18:00"))


def test_holidays_are_those_of_the_region() -> None:
    work: dict[str, Any] = {"windows": [{"days": ["workdays"], "begin": "08:00", "end": "17:00"}]}
    assert on(calendar(**work), "2026-12-24T10:00")
    assert not on(calendar(**work), "2026-12-25T10:00")
    assert not on(calendar(**work), "2026-01-06T10:00"), "Epiphany, in Bavaria"
    assert on(calendar(BERLIN | {"holidays": "DE-BE"}, **work), "2026-01-06T10:00"), "not in Berlin"
    free = calendar(windows=[{"days": ["weekend", "holidays"]}])
    assert on(free, "2026-12-25T10:00")
    assert not on(free, "2026-12-23T10:00")


def test_days_can_be_left_out() -> None:
    closed = calendar(windows=NIGHT, not_on=[date(2026, 7, 1), "holidays"])
    assert not on(closed, "2026-07-01T23:00")
    assert not on(closed, "2026-07-02T03:00"), "the night that would have begun the day before"
    assert on(closed, "2026-07-02T23:00")
    assert not on(closed, "2026-12-25T23:00")


def test_the_sun_of_the_place_counts() -> None:
    dark = calendar(windows=[{"begin": "sunset+00:30", "end": "sunrise-00:30"}])
    assert not on(dark, "2026-06-21T21:50"), "the sun set at 21:33"
    assert on(dark, "2026-06-21T22:10")
    assert not on(dark, "2026-06-22T04:30"), "it rises at 4:43"
    assert on(dark, "2026-12-21T17:00")


def test_where_the_sun_does_not_set_no_night_begins() -> None:
    tromso = {"time_zone": "Europe/Oslo", "latitude": 69.65, "longitude": 18.96}
    dark = calendar(tromso, windows=[{"begin": "sunset", "end": "sunrise"}])
    assert not on(dark, "2026-06-21T23:59", zone="Europe/Oslo")


def test_a_time_that_the_clocks_leave_out_is_when_they_jump() -> None:
    """2026-03-29: 2:00 is followed by 3:00."""
    early = calendar(windows=[{"begin": "02:30", "end": "04:00"}])
    assert not on(early, "2026-03-29T01:59:59")
    assert on(early, "2026-03-29T03:00")
    assert early.phase(at("2026-03-29T03:10")).since_us == at("2026-03-29T03:00")
    assert hours(calendar(windows=NIGHT), "2026-03-28") == 6 + 7 + 2 + 1, "one night is short"


def test_of_a_time_shown_twice_windows_have_both() -> None:
    """2026-10-25: 2:59 is followed by 2:00."""
    late = calendar(windows=[{"begin": "02:15", "end": "02:45"}])
    assert on(late, "2026-10-25T02:20")
    assert on(late, "2026-10-25T02:50"), "between its first beginning and its second end"
    assert on(late, "2026-10-25T02:20", fold=1)
    assert not on(late, "2026-10-25T02:45", fold=1)
    assert hours(late, "2026-10-25") == 2.0, "an hour and a half, and the half of the next day"


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "UTC"]
)
@given(
    minute=st.integers(0, 3 * 366 * 24 * 60), begin=st.integers(0, 1439), end=st.integers(0, 1440)
)
@settings(max_examples=60, deadline=None)
def test_a_phase_holds_from_its_beginning_to_its_end(
    zone: str, minute: int, begin: int, end: int
) -> None:
    clocks = [f"{each // 60:02}:{each % 60:02}" for each in (begin, end)]
    found = calendar(
        {"time_zone": zone}, windows=[{"begin": clocks[0], "end": clocks[1]}], not_on=["2026-05-05"]
    )
    at_us = at("2025-01-01T00:00", "UTC") + minute * 60_000_000

    phase = found.phase(at_us)

    assert phase.holds(at_us)
    for inside in (phase.since_us, (phase.since_us + phase.until_us) // 2, phase.until_us - 1):
        assert found.phase(inside).active is phase.active
    chain = [at_us]
    while len(chain) < 5:
        chain.append(found.phase(chain[-1]).until_us)
    assert all(later > earlier for earlier, later in pairwise(chain)), "time goes on"


@pytest.mark.parametrize(
    ("place", "schedule", "words"),
    [
        ({"time_zone": "Europe/Berlni"}, {}, "no time zone 'Europe/Berlni'"),
        ({"time_zone": "/etc/passwd"}, {}, "no time zone"),
        ({"latitude": 5.0}, {}, "go together"),
        ({"holidays": "XX"}, {}, "no holidays are known of 'XX'"),
        ({"holidays": "DE-QQ"}, {}, "no holidays are known of 'DE-QQ'"),
        ({}, {"windows": [{"begin": "25:00"}]}, "'25:00' is no time of day"),
        ({}, {"windows": [{"end": "24:30"}]}, "'24:30' is no time of day"),
        ({}, {"windows": [{"begin": "sunset+1h"}]}, "is no time of day"),
        ({}, {"windows": [{"days": ["monday"]}]}, "mon"),
        ({}, {"windows": [{"from": "10:00"}]}, "from"),
    ],
)
def test_what_makes_no_sense_is_refused(
    place: dict[str, Any], schedule: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        calendar(place, **schedule)


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({"windows": [{"begin": "sunset"}]}, "latitude and longitude"),
        ({"windows": [{"days": ["workdays"]}]}, "country"),
        ({"not_on": ["holidays"]}, "country"),
    ],
)
def test_a_schedule_says_what_its_place_lacks(schedule: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        calendar({"time_zone": "UTC"}, **schedule)
