"""Rules are built from settings, and what they name must exist."""

import pytest
from pydantic import ValidationError

from vedette.contracts.errors import InvalidConfig, UnknownPlugin
from vedette.contracts.event import Severity
from vedette.rules.build import build_rule, build_rules
from vedette.testing.rule_contract import LINES, ZONES


def test_a_rule_knows_what_its_events_are_called() -> None:
    built = build_rule(
        {
            "type": "loiter",
            "id": "slow",
            "zone": "porch",
            "dwell_s": 9,
            "severity": "warning",
            "message": "Somebody waits at the door",
        },
        ZONES,
        LINES,
    )

    assert (built.id, built.kind, built.zone, built.line) == ("slow", "loiter", "porch", None)
    assert (built.severity, built.message) == (Severity.WARNING, "Somebody waits at the door")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"type": "presence", "id": "r", "zone": "proch"},
            r"rule 'r': there is no zone 'proch'; there are: porch, lawn",
        ),
        (
            {"type": "line_crossing", "id": "r", "line": "gate"},
            r"rule 'r': there is no line 'gate'; there are: door",
        ),
    ],
)
def test_an_unknown_place_is_refused_and_the_known_ones_are_named(
    settings: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InvalidConfig, match=sentence):
        build_rule(settings, ZONES, LINES)


def test_a_camera_without_zones_says_so() -> None:
    with pytest.raises(InvalidConfig, match="this camera has no zones"):
        build_rule({"type": "enter", "id": "r", "zone": "porch"}, (), ())


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(UnknownPlugin, match="there are: count, enter, leave, line_crossing"):
        build_rule({"type": "lurk", "id": "r"}, ZONES, LINES)


def test_two_rules_of_one_id_are_refused() -> None:
    twice: list[dict[str, object]] = [
        {"type": "presence", "id": "r"},
        {"type": "count", "id": "r", "at_least": 2},
    ]

    with pytest.raises(InvalidConfig, match="two rules have the id 'r'"):
        build_rules(twice, ZONES, LINES)


@pytest.mark.parametrize(
    "settings",
    [
        {"type": "presence", "id": "../r"},
        {"type": "presence", "id": "r", "for": 3},
        {"type": "presence", "id": "r", "for_s": -1},
        {"type": "presence", "id": "r", "for_s": float("nan")},
        {"type": "presence", "id": "r", "min_score": 1.1},
        {"type": "presence", "id": "r", "severity": "loud"},
        {"type": "presence", "id": "r", "message": ""},
        {"type": "enter", "id": "r"},
        {"type": "leave", "id": "r", "zone": None},
        {"type": "loiter", "id": "r", "zone": "porch"},
        {"type": "loiter", "id": "r", "zone": "porch", "dwell_s": 0},
        {"type": "line_crossing", "id": "r"},
        {"type": "line_crossing", "id": "r", "line": "door", "direction": "up"},
        {"type": "line_crossing", "id": "r", "line": "door", "zone": "porch"},
        {"type": "count", "id": "r"},
        {"type": "count", "id": "r", "at_least": 2, "at_most": 3},
        {"type": "count", "id": "r", "at_least": 0},
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        build_rule(settings, ZONES, LINES)
