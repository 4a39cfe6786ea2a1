"""`type: when`: places, and conditions around conditions, drawn as films (see script.py)."""

from typing import Any

import pytest

from tests.unit.rules.script import Actor, events, film, play
from tests.unit.rules.walks import rule
from vedette.contracts.verdict import RuleAction
from vedette.rules.port import Rule
from vedette.testing.rule_contract import run


def said(when: dict[str, Any], *films: str | Actor, **settings: Any) -> list[str]:
    """What opens and closes; every event ends a second after it holds no more."""
    made: Rule = rule(when, **{"end_after_s": 1, **settings})
    return events(made, dict(enumerate(films, start=1)))


@pytest.mark.parametrize(
    ("when", "film_", "expected"),
    [
        ({"inside": "porch"}, "..PP..", ["2 open track-1 held", "4 close track-1 not_outside"]),
        ({"outside": "porch"}, "PP.PP", ["2 open track-1 held", "3 close track-1 not_inside"]),
        ({"enters": "porch"}, "..PPP", ["2 open track-1 held", "3 close track-1 done"]),
        ({"enters": "porch"}, "PPP.x", []),
        ({"leaves": "porch"}, "PPP..", ["3 open track-1 held", "4 close track-1 done"]),
        ({"leaves": "porch"}, "PPPx", []),
        ({"vanishes": True}, "PPPx ", ["3 open track-1 held", "4 close track-1 done"]),
        (
            {"inside": "porch", "vanishes": True},
            "PPx  ",
            ["2 open track-1 held", "3 close track-1 done"],
        ),
        ({"inside": "porch", "vanishes": True}, "P..x  ", []),
        (
            {"crosses": "door"},
            ".>..<.",
            [
                "1 open track-1 held",
                "2 close track-1 done",
                "4 open track-1 held",
                "5 close track-1 done",
            ],
        ),
        (
            {"crosses": {"line": "door", "direction": "backward"}},
            ".>..<.",
            ["4 open track-1 held", "5 close track-1 done"],
        ),
    ],
)
def test_places(when: dict[str, Any], film_: str, expected: list[str]) -> None:
    told = said(when, film_)

    assert [each for each in told if "source_ended" not in each] == expected


@pytest.mark.parametrize(
    ("when", "film_", "opened"),
    [
        # dwell counts from the moment at which it came in; 10 s is enough, 9 s is not
        ({"inside": "porch", "for": 10}, "." + "P" * 10 + "..", []),
        ({"inside": "porch", "for": 10}, "." + "P" * 11 + "..", ["11 open track-1 held"]),
        ({"inside": "porch", "for": "3s"}, "PP.PPPP.", ["6 open track-1 held"]),
        ({"inside": "porch", "for": "3s", "forgive": "2s"}, "PP.PP", ["3 open track-1 held"]),
        ({"inside": "porch", "for": "3s", "forgive": "1s"}, "PP..PP", []),
        ({"inside": "porch", "within": "2s"}, ".P....", ["1 open track-1 held"]),
        ({"inside": "porch", "unless": {"inside": "lawn"}}, "BBP", ["2 open track-1 held"]),
        ({"all": [{"inside": "porch"}, {"inside": "lawn"}]}, "PLB", ["2 open track-1 held"]),
        ({"any": [{"inside": "porch"}, {"inside": "lawn"}]}, ".L.", ["1 open track-1 held"]),
        ({"not": {"inside": "porch"}}, "P.P", ["1 open track-1 held"]),
        (
            {"all": [{"leaves": "porch", "within": "3s"}, {"inside": "lawn"}]},
            "P..L",
            ["3 open track-1 held"],
        ),
        ({"all": [{"leaves": "porch", "within": "3s"}, {"inside": "lawn"}]}, "P....L", []),
    ],
)
def test_for_within_unless(when: dict[str, Any], film_: str, opened: list[str]) -> None:
    assert [each for each in said(when, film_) if " open " in each] == opened


LAWN_THEN_PORCH = [{"inside": "lawn"}, {"inside": "porch"}]


@pytest.mark.parametrize(
    ("film_", "opened"),
    [
        ("L..P", ["3 open track-1 held"]),
        ("P..L", []),
        ("L.....P", []),
        ("L....L..P", ["8 open track-1 held"]),
        ("B", []),  # both at once is no order
        ("BB", ["1 open track-1 held"]),
        ("L.P.PL.P", ["2 open track-1 held", "7 open track-1 held"]),
    ],
)
def test_one_zone_after_the_other_within_a_time(film_: str, opened: list[str]) -> None:
    when = {"sequence": {"steps": LAWN_THEN_PORCH, "within": "5s"}}

    assert [each for each in said(when, film_) if " open " in each] == opened


def test_the_steps_of_a_sequence_may_be_different_peoples() -> None:
    films = ("L...", "...P")
    one = {"sequence": {"steps": LAWN_THEN_PORCH}}
    any_ = {"sequence": {"steps": LAWN_THEN_PORCH, "by": "anyone"}}

    assert said(one, *films) == []
    assert said(any_, *films) == ["3 open scene held", "3 close scene source_ended"]


def test_nobody_at_the_post_for_a_time() -> None:
    when = {"nobody": {"inside": "porch"}, "for": "3s"}

    assert said(when, "PP....P..", "P....x") == [
        "5 open scene held",
        "6 close scene not_too_many",
    ]


def test_counting_is_about_the_classes_of_the_rule_unless_it_says_which() -> None:
    cast = (Actor(film="..PP"), Actor(film="PPPP", label="car"))
    mine = {"count": {"of": {"inside": "porch"}, "at_least": 2}}
    cars = {"someone": {"labels": "car", "inside": "porch"}}

    assert said(mine, *cast, labels=["person"]) == []
    assert said(mine, *cast)[0] == "2 open scene held"
    assert said(cars, *cast, labels=["person"])[0] == "0 open scene held"


def test_so_many_crossings_within_a_time() -> None:
    when = {"tally": {"of": {"crosses": "door"}, "at_least": 3, "within": "4s"}}

    assert said(when, ">.....>>") == []
    assert said(when, ">..>", ".>..")[0] == "3 open scene held"


def test_an_event_begins_when_what_it_is_about_began() -> None:
    when = {"inside": "porch", "for": "2s"}
    verdicts = run(rule(when), film({1: "..PPPPx"}))
    opened = next(v for v in verdicts if v.action is RuleAction.OPEN)

    assert opened.at_us - opened.first_us == 2_000_000
    assert dict(opened.numbers) == {"held_s": 2.0}


def test_one_event_for_all_of_a_camera() -> None:
    films = (".PPP....", "...PPPP.")

    assert said({"inside": "porch"}, *films, once_per="camera") == [
        "1 open scene held",
        "7 close scene not_outside",
    ]


def test_why_it_did_not_count_is_the_first_thing_that_failed() -> None:
    when = {"inside": "porch", "for": "5s", "unless": {"inside": "lawn"}}
    told = play(rule(when), {1: "..PPP.BB.x"})

    assert [each for each in told if "reject" in each] == [
        "0 reject track-1 outside",
        "2 reject track-1 dwell_short",
        "5 reject track-1 dwell_short",  # how far it came
        "5 reject track-1 outside",
        "6 reject track-1 unless",
        "8 reject track-1 outside",
    ]


def test_a_rule_counts_only_whom_it_is_about() -> None:
    cast = {1: Actor(film="PP", label="car"), 2: Actor(film="PP", score=0.4)}
    made = rule({"inside": "porch"}, labels=["person"], min_score=0.5)

    assert play(made, cast) == ["0 reject track-1 label", "0 reject track-2 score_low"]


@pytest.mark.parametrize(("score", "opens"), [(0.49, False), (0.51, True)], ids=["below", "above"])
def test_a_condition_may_ask_for_a_score(score: float, opens: bool) -> None:
    actor = Actor(film="PP", score=score)

    assert bool(said({"score": {"above": 0.5}}, actor)) is opens
