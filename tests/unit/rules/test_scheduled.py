"""A rule with a schedule: what it sees, what it closes, and what it says of the rest.

Every film begins on 14 November 2023 at 22:13:20 UTC.
"""

from datetime import UTC, datetime

import pytest

from tests.unit.rules.script import START_US, events, play
from vedette.calendar.schedule import Place
from vedette.contracts.errors import InvalidConfig
from vedette.kit.clock import from_us
from vedette.rules.build import build_rule
from vedette.rules.port import Rule
from vedette.testing.rule_contract import LINES, ZONES, RuleContract


def hours(begin: str = "00:00", end: str = "24:00") -> dict[str, object]:
    return {"schedule": {"windows": [{"begin": begin, "end": end}]}}


def rule(**settings: object) -> Rule:
    whole = {"id": "r", "type": "presence", "zone": "porch", "end_after_s": 1.0, **settings}
    return build_rule(whole, ZONES, LINES).rule


class TestScheduledRule(RuleContract):
    def make(self) -> Rule:
        return rule(**hours("00:00", "23:59"))


def test_within_its_hours_it_is_the_rule_itself() -> None:
    films = {1: "..PPP....", 2: "PP..x"}

    assert play(rule(**hours()), films) == play(rule(), films)


def test_outside_of_its_hours_it_says_so_once_of_each_object() -> None:
    said = play(rule(**hours("23:00", "05:00")), {1: "..PPP....", 2: "PP..x"})

    assert said == ["0 reject track-1 off_schedule", "0 reject track-2 off_schedule"]


def test_when_its_hours_begin_whoever_is_there_counts_from_then_on() -> None:
    """The porch is entered at 22:13:21; the hours begin 39 s later, and 20 s of stay are needed."""
    settings = {"type": "loiter", "dwell_s": 20.0, **hours("22:14", "23:00")}

    assert events(rule(**settings), {1: "." + "P" * 80}) == [
        "60 open track-1 loitered",
        "80 close track-1 source_ended",
    ]


def test_when_its_hours_end_what_is_open_is_closed() -> None:
    said = play(rule(**hours("22:00", "22:14")), {1: "P" * 60})

    assert said == [
        "0 open track-1 present",
        "40 close track-1 off_schedule",
        "40 reject track-1 off_schedule",
    ]


def test_a_schedule_says_what_its_place_lacks() -> None:
    settings = {"id": "r", "type": "presence", "schedule": {"windows": [{"begin": "sunset"}]}}

    with pytest.raises(InvalidConfig, match="rule 'r': the sun needs the site's latitude"):
        build_rule(settings, ZONES, LINES)


def test_the_clocks_are_those_of_the_place() -> None:
    """22:13 UTC is 7:13 in Tokyo."""
    settings = {"id": "r", "type": "presence", "zone": "porch", **hours("07:00", "08:00")}
    there = build_rule(settings, ZONES, LINES, Place(time_zone="Asia/Tokyo")).rule
    here = build_rule(settings, ZONES, LINES).rule

    assert from_us(START_US) == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert events(there, {1: "PPP"})
    assert not events(here, {1: "PPP"})
