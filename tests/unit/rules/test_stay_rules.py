"""Presence and loiter, drawn as films (see script.py)."""

import pytest

from tests.unit.rules.script import START_US, Actor, events, film, play
from vedette.contracts.verdict import RuleAction
from vedette.rules.build import build_rule
from vedette.rules.port import Rule
from vedette.testing.rule_contract import LINES, ZONES, run


def rule(kind: str, **settings: object) -> Rule:
    return build_rule({"type": kind, "id": "r", **settings}, ZONES, LINES).rule


@pytest.mark.parametrize(
    ("settings", "film_", "said"),
    [
        ({}, "..PPPP..", ["2 open track-1 present", "7 close track-1 left"]),
        ({"for_s": 2}, "..PPPP..", ["4 open track-1 present", "7 close track-1 left"]),
        ({"for_s": 3}, "..PPPP..", ["5 open track-1 present", "7 close track-1 left"]),
        ({"for_s": 4}, "..PPPP..", []),
        ({"for_s": 2}, "PPP", ["2 open track-1 present", "2 close track-1 source_ended"]),
        ({"for_s": 2}, "PP.PP.PP.", []),
        ({"end_after_s": 2}, "PP.PP..", ["0 open track-1 present", "6 close track-1 left"]),
        (
            {"end_after_s": 1},
            "PP.PP",
            [
                "0 open track-1 present",
                "2 close track-1 left",
                "3 open track-1 present",
                "4 close track-1 source_ended",
            ],
        ),
        ({"end_after_s": 0}, "PP.", ["0 open track-1 present", "2 close track-1 left"]),
        ({"end_after_s": 60}, "PPx", ["0 open track-1 present", "2 close track-1 lost"]),
        ({"end_after_s": 60}, "PP..x", ["0 open track-1 present", "4 close track-1 lost"]),
        ({"end_after_s": 2}, "PP   ", ["0 open track-1 present", "3 close track-1 left"]),
        (
            {"zone": None, "for_s": 2},
            ".P.L",
            ["2 open track-1 present", "3 close track-1 source_ended"],
        ),
        ({"zone": "lawn"}, "PPBPP", ["2 open track-1 present", "4 close track-1 left"]),
    ],
)
def test_presence(settings: dict[str, object], film_: str, said: list[str]) -> None:
    config = {"zone": "porch", "end_after_s": 2, **settings}

    assert events(rule("presence", **config), {1: film_}) == said


@pytest.mark.parametrize(
    ("settings", "film_", "said"),
    [
        ({}, "PPPPP", ["3 open track-1 loitered", "4 close track-1 source_ended"]),
        ({}, "PPP..PPP", []),
        ({"forgive_s": 2}, "PP.P.", ["3 open track-1 loitered", "4 close track-1 source_ended"]),
        ({"forgive_s": 2}, "PP..PPPP", ["7 open track-1 loitered", "7 close track-1 source_ended"]),
        ({"forgive_s": 3}, "PP..PP", ["4 open track-1 loitered", "5 close track-1 source_ended"]),
        ({"end_after_s": 2}, "PPPP..", ["3 open track-1 loitered", "5 close track-1 left"]),
        ({"forgive_s": 3}, "PP..x", []),
    ],
)
def test_loiter(settings: dict[str, object], film_: str, said: list[str]) -> None:
    config = {"zone": "porch", "dwell_s": 3, "forgive_s": 0, "end_after_s": 5, **settings}

    assert events(rule("loiter", **config), {1: film_}) == said


def test_two_people_have_an_event_each() -> None:
    said = events(rule("presence", zone="porch"), {1: "PPPPx", 2: "  PPPx"})

    assert said == [
        "0 open track-1 present",
        "2 open track-2 present",
        "4 close track-1 lost",
        "5 close track-2 lost",
    ]


def test_an_event_begins_when_the_track_entered() -> None:
    opened = [
        v
        for v in run(rule("presence", zone="porch", for_s=2), film({1: "..PPPP"}))
        if v.action is RuleAction.OPEN
    ]

    assert [(v.first_us - START_US, dict(v.numbers)) for v in opened] == [
        (2_000_000, {"dwell_s": 2.0})
    ]


def test_a_track_that_left_and_came_back_has_a_second_event_with_another_beginning() -> None:
    verdicts = run(rule("presence", zone="porch", end_after_s=1), film({1: "PP..PP..x"}))
    opened = [v.first_us - START_US for v in verdicts if v.action is RuleAction.OPEN]

    assert opened == [0, 4_000_000]


def test_a_score_that_falls_and_rises_again_in_the_picture_makes_two_events_not_one_twice() -> None:
    actor = Actor(film="......", scores=[0.9, 0.9, 0.1, 0.1, 0.9, 0.9])
    verdicts = run(rule("presence", min_score=0.5, end_after_s=1), film({1: actor}))
    opened = [v.first_us - START_US for v in verdicts if v.action is RuleAction.OPEN]
    closed = [v.code for v in verdicts if v.action is RuleAction.CLOSE]

    assert opened == [0, 4_000_000]
    assert closed == ["score_low", "source_ended"]


@pytest.mark.parametrize(
    ("settings", "actor", "said", "numbers"),
    [
        (
            {},
            Actor(film="PPPx", label="car"),
            "0 reject track-1 label",
            {"label": "car", "wanted": "person"},
        ),
        (
            {"min_score": 0.6},
            Actor(film="PPPx", score=0.5),
            "0 reject track-1 score_low",
            {"score": 0.5, "needed": 0.6},
        ),
        (
            {"min_height": 0.5},
            Actor(film="PPPx"),
            "0 reject track-1 too_small",
            {"height": 0.4, "needed": 0.5},
        ),
        (
            {"min_area": 0.05},
            Actor(film="PPPx"),
            "0 reject track-1 too_small",
            {"area": 0.04, "needed": 0.05},
        ),
        ({}, Actor(film="...x"), "0 reject track-1 outside", {"zone": "porch"}),
        (
            {"for_s": 10},
            Actor(film="PPPx"),
            "3 reject track-1 dwell_short",
            {"dwell_s": 2.0, "needed_s": 10.0},
        ),
    ],
)
def test_a_refusal_says_once_what_failed_and_by_how_much(
    settings: dict[str, object], actor: Actor, said: str, numbers: dict[str, object]
) -> None:
    judge = rule("presence", zone="porch", **settings)
    verdicts = run(judge, film({1: actor}))

    assert play(judge, {1: actor}) == [said]
    assert dict(verdicts[0].numbers) == pytest.approx(numbers, abs=1e-3) or (
        dict(verdicts[0].numbers) == numbers
    )


def test_a_score_that_came_closer_is_told_when_the_track_ends() -> None:
    actor = Actor(film="PPPx", scores=[0.3, 0.55, 0.4, 0.4])
    verdicts = run(rule("presence", zone="porch", min_score=0.6), film({1: actor}))

    assert [(v.code, round(float(v.numbers["score"]), 2)) for v in verdicts] == [
        ("score_low", 0.3),
        ("score_low", 0.55),
    ]


def test_a_score_that_was_good_enough_in_the_end_is_not_refused_afterwards() -> None:
    actor = Actor(film="PPPPx", scores=[0.3, 0.55, 0.7, 0.7, 0.7])

    assert play(rule("presence", zone="porch", min_score=0.6), {1: actor}) == [
        "0 reject track-1 score_low",
        "2 open track-1 present",
        "4 close track-1 lost",
    ]


def test_the_lowest_score_itself_passes() -> None:
    for score in (0.3, 0.5, 0.6, 0.7, 0.9):
        actor = Actor(film="P", score=score)
        assert events(rule("presence", min_score=score), {1: actor}), score


def test_labels_left_empty_mean_every_class() -> None:
    said = events(rule("presence", labels=[]), {1: Actor(film="Px", label="car"), 2: "Px"})

    assert said[:2] == ["0 open track-1 present", "0 open track-2 present"]
