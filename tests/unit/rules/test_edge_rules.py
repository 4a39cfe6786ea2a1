"""Enter, leave, line crossing and count, drawn as films (see script.py)."""

import pytest

from tests.unit.rules.script import Actor, events, film, play
from vedette.contracts.verdict import RuleAction
from vedette.rules.build import build_rule
from vedette.rules.port import Rule
from vedette.testing.rule_contract import LINES, ZONES, run


def rule(kind: str, **settings: object) -> Rule:
    return build_rule({"type": kind, "id": "r", **settings}, ZONES, LINES).rule


@pytest.mark.parametrize(
    ("settings", "film_", "said"),
    [
        ({}, "..PPP...", ["2 open track-1 entered", "6 close track-1 left"]),
        ({}, "PPPP...", []),
        ({"count_appearing": True}, "PPP...", ["0 open track-1 entered", "4 close track-1 left"]),
        ({}, "PP..PP..x", ["4 open track-1 entered", "7 close track-1 left"]),
        ({}, "PP.PPx", ["3 open track-1 entered", "5 close track-1 lost"]),
        ({}, ".PP.PP..x", ["1 open track-1 entered", "7 close track-1 left"]),
        (
            {},
            ".PP..PPx",
            [
                "1 open track-1 entered",
                "4 close track-1 left",
                "5 open track-1 entered",
                "7 close track-1 lost",
            ],
        ),
        ({}, ".PP    ", ["1 open track-1 entered", "4 close track-1 left"]),
        ({}, ".PP   PPP", ["1 open track-1 entered", "4 close track-1 left"]),
    ],
)
def test_enter(settings: dict[str, object], film_: str, said: list[str]) -> None:
    config = {"zone": "porch", "end_after_s": 2, **settings}

    assert events(rule("enter", **config), {1: film_}) == said


def test_entering_counts_when_the_score_is_good_at_last() -> None:
    actor = Actor(film=".PPPx", scores=[0.2, 0.2, 0.2, 0.8, 0.8])
    verdicts = run(rule("enter", zone="porch", min_score=0.5), film({1: actor}))
    opened = next(v for v in verdicts if v.action is RuleAction.OPEN)

    assert dict(opened.numbers) == {"inside_s": 2.0}
    assert opened.first_us == opened.at_us - 2_000_000


def test_what_appears_inside_is_refused_once() -> None:
    said = play(rule("enter", zone="porch"), {1: "PPPPPx"})

    assert said == ["0 reject track-1 appeared_inside"]


@pytest.mark.parametrize(
    ("settings", "film_", "said"),
    [
        ({}, "PP....", ["2 open track-1 left", "4 close track-1 done"]),
        ({}, "....", []),
        ({}, "PPx", []),
        ({}, "PPxx....", []),
        ({"count_vanishing": True}, "PPx   ", ["2 open track-1 vanished", "4 close track-1 done"]),
        ({"count_vanishing": True}, "P..x", ["1 open track-1 left", "3 close track-1 done"]),
        (
            {},
            "PP.PP.",
            [
                "2 open track-1 left",
                "3 close track-1 returned",
                "5 open track-1 left",
                "5 close track-1 source_ended",
            ],
        ),
        ({}, "PP  ..", ["4 open track-1 left", "5 close track-1 source_ended"]),
        ({}, "PP  PP", []),
    ],
)
def test_leave(settings: dict[str, object], film_: str, said: list[str]) -> None:
    config = {"zone": "porch", "end_after_s": 2, **settings}

    assert events(rule("leave", **config), {1: film_}) == said


def test_leaving_says_how_long_it_stayed_and_why_it_does_not_count() -> None:
    opened = run(rule("leave", zone="porch"), film({1: ".PPP."}))[0]
    assert dict(opened.numbers) == {"stayed_s": 2.0}

    actor = Actor(film="PP.", score=0.3)
    assert play(rule("leave", zone="porch", min_score=0.5), {1: actor}) == [
        "2 reject track-1 score_low"
    ]
    assert play(rule("leave", zone="porch"), {1: "PPx"}) == ["2 reject track-1 vanished"]


@pytest.mark.parametrize(
    ("direction", "film_", "said"),
    [
        ("any", "..>...", ["2 open track-1-1 crossed", "4 close track-1-1 done"]),
        ("forward", ".<.>", ["3 open track-1-2 crossed", "3 close track-1-2 source_ended"]),
        ("backward", ".<.>", ["1 open track-1-1 crossed", "3 close track-1-1 done"]),
        (
            "any",
            ".><...",
            [
                "1 open track-1-1 crossed",
                "2 open track-1-2 crossed",
                "3 close track-1-1 done",
                "4 close track-1-2 done",
            ],
        ),
        ("any", ".>x...", ["1 open track-1-1 crossed", "3 close track-1-1 done"]),
        ("any", "......", []),
    ],
)
def test_line_crossing(direction: str, film_: str, said: list[str]) -> None:
    judge = rule("line_crossing", line="door", direction=direction, end_after_s=2)

    assert events(judge, {1: film_}) == said


def test_a_crossing_that_does_not_count_says_why() -> None:
    wrong = run(rule("line_crossing", line="door", direction="forward"), film({1: ".<"}))
    assert [(v.code, dict(v.numbers)) for v in wrong] == [
        ("direction", {"direction": "backward", "needed": "forward"})
    ]
    car = play(rule("line_crossing", line="door"), {1: Actor(film=".>", label="car")})
    assert car == ["1 reject track-1 label"]


@pytest.mark.parametrize(
    ("settings", "actors", "said"),
    [
        (
            {"at_least": 2, "for_s": 1},
            {1: "PPPPPP..", 2: "  PPP...", 3: "   P...."},
            [
                "3 open zone-porch counted",
                "6 close zone-porch cleared",
            ],
        ),
        (
            {"at_least": 2, "for_s": 0},
            {1: "PPPPP", 2: " PPPP", 3: "  PP.", 4: "   P."},
            [
                "1 open zone-porch counted",
                "2 update zone-porch counted",
                "3 update zone-porch counted",
                "4 close zone-porch source_ended",
            ],
        ),
        ({"at_least": 3, "for_s": 0}, {1: "PPP", 2: "PPP", 3: Actor(film="PPP", label="car")}, []),
        (
            {"at_most": 0, "for_s": 2},
            {1: "PP...PP.."},
            ["4 open zone-porch counted", "6 close zone-porch cleared"],
        ),
        (
            {"at_least": 1, "for_s": 0, "zone": None},
            {1: " . "},
            ["1 open picture counted", "2 close picture source_ended"],
        ),
        (
            {"at_least": 1, "for_s": 0},
            {1: "P.P.P..."},
            ["0 open zone-porch counted", "6 close zone-porch cleared"],
        ),
    ],
)
def test_count(
    settings: dict[str, object], actors: dict[int, Actor | str], said: list[str]
) -> None:
    judge = rule("count", **{"zone": "porch", "end_after_s": 2, **settings})

    assert events(judge, actors) == said


def test_a_count_keeps_its_peak_and_says_when_it_was_too_short() -> None:
    judge = rule("count", zone="porch", at_least=1, for_s=0, end_after_s=1)
    verdicts = run(judge, film({1: "PPP.", 2: ".P..", 3: ".P.."}))
    assert [dict(v.numbers) for v in verdicts] == [
        {"count": 1, "peak": 1},
        {"count": 3, "peak": 3},
        {"peak": 3, "held_s": 2.0},
    ]

    judge = rule("count", zone="porch", at_least=1, for_s=5)
    verdicts = run(judge, film({1: "PPP."}))
    assert [(v.code, dict(v.numbers)) for v in verdicts] == [
        ("dwell_short", {"dwell_s": 2.0, "needed_s": 5.0, "peak": 1})
    ]
