"""Every line of the ledger is a sentence, also lines of rules that nobody here knows."""

from typing import Any

import pytest

from tests.unit.rules.script import Actor, film
from vedette.contracts.verdict import Numbers, RuleAction, Verdict
from vedette.explain.words import obstacle, remedy, sentence
from vedette.rules.build import build_rule
from vedette.testing.rule_contract import LINES, ZONES, run


def verdict(stage: str, code: str, **numbers: float | int | str) -> Verdict:
    return Verdict(camera_id="yard", track=7, stage=stage, at_us=0, code=code, numbers=numbers)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            verdict("motion", "motion", fraction=0.0321),
            "something moved: 3.2 % of the picture",
        ),
        (
            verdict("detect", "seen", label="person", score=0.62),
            "the detector saw: person, 62 % sure",
        ),
        (
            verdict("track", "score_low", median=0.41, needed=0.5),
            "does not count: its median score is 0.41, and 0.50 is needed",
        ),
        (
            verdict("track", "lost", seen=42, best_score=0.81),
            "gone from view; seen 42 times, at best 81 % sure",
        ),
        (
            verdict("track", "left", seen=25, best_score=0.997),
            "left the picture; seen 25 times, at best 100 % sure",
        ),
        (
            verdict("zones", "left", zone="yard", stayed_s=3785.0),
            "went out of yard after 1 h 3 min 5 s",
        ),
        (verdict("zones", "left", zone="yard", stayed_s=7.23), "went out of yard after 7.2 s"),
        (verdict("zones", "excluded", zone="tree"), "does not count within tree"),
        (
            verdict("zones", "excluded", reason="outside every include zone"),
            "does not count: it is outside of every zone that counts",
        ),
        (
            verdict("rules", "reject:dwell_short", rule="lingering", dwell_s=7.2, needed_s=125.0),
            "rule lingering opened nothing: 7.2 s of 2 min 5 s were over",
        ),
        (
            verdict("rules", "open:loitered", rule="lingering", dwell_s=10.0),
            "rule lingering opened an event: it was there for 10.0 s",
        ),
        (
            verdict("rules", "close:off_schedule", rule="night"),
            "rule night closed its event: its hours were over",
        ),
        (
            verdict("alerts", "quiet", rule="visitor", passed_s=12.0, quiet_s=60.0),
            "nobody is to be told: the same was told 12.0 s before, and 1 min are to be quiet",
        ),
        (
            verdict("alerts", "not_wanted", channel="phone", severity="info", needed="critical"),
            "phone is not to be told: info is less than critical",
        ),
        (
            verdict("alerts", "not_wanted", channel="phone", camera="yard", wanted="gate, door"),
            "phone is not to be told: it is told of gate, door only",
        ),
        (
            verdict("alerts", "not_wanted", channel="phone", again="2026-01-31T08:00"),
            "phone is not to be told: not at this hour; again from 2026-01-31T08:00",
        ),
        (
            verdict("alerts", "not_wanted", channel="phone", wanted="what nobody acknowledged"),
            "phone is not to be told: it is told only of what nobody acknowledged",
        ),
        (
            verdict("alerts", "not_wanted", channel="phone", site="farm", enabled="no"),
            "phone is not to be told: nothing goes out of site farm",
        ),
        (
            verdict("alerts", "not_wanted", channel="phone", site="farm", a_minute=30),
            "phone is not to be told: site farm has sent 30 alerts within a minute",
        ),
        (
            verdict("alerts", "not_wanted", channel="phone", site_allows="guard"),
            "phone is not to be told: the site allows guard",
        ),
        (
            verdict("alerts", "not_wanted", channel="phone", site_routes="guard"),
            "phone is not to be told: the site sends such alerts to guard",
        ),
        (
            verdict("alerts", "muted", rule="visitor", until="14:00", by="ada"),
            "nobody is to be told: it is muted until 14:00, by ada",
        ),
        (
            verdict("alerts", "too_few", rule="visitor", count=2, needed=3, within_s=600.0),
            "nobody is to be told yet: it happened 2 of 3 times within 10 min",
        ),
        (
            verdict("alerts", "too_many", rule="visitor", a_minute=10),
            "nobody is to be told: this camera has raised 10 alerts within a minute",
        ),
        (
            verdict("media", "too_many", rule="visitor", event="e-1"),
            "event e-1 got no pictures and no clip: this camera had too many within a minute",
        ),
        (
            verdict("rules", "open:held", rule="mine", held_s=2.5),
            "rule mine opened an event: its condition held for 2.5 s",
        ),
        (
            verdict("rules", "reject:no_helmet", rule="theirs", heads=2),
            "rule theirs opened nothing: no helmet (heads 2)",
        ),
        (verdict("smell", "burnt_toast", strength=3), "burnt toast (strength 3)"),
        (verdict("zones", "left", zone="yard"), "left (zone yard)"),
    ],
)
def test_what_is_said(said: Verdict, words: str) -> None:
    assert sentence(said) == words


STORY: dict[int, Actor | str] = {
    1: "...PPPPP...x",
    2: "PPPPPP......",
    3: Actor(film="..PPP...PP.x", label="car"),
    4: Actor(film="..PPPPPPP...", score=0.3),
    5: Actor(film="..PPPPPP....", box=(0.4, 0.4, 0.41, 0.42)),
    6: ">...<..>....",
    7: "..PPPx",
}
RULES: list[dict[str, Any]] = [
    {"type": "presence", "zone": "porch", "min_score": 0.5},
    {"type": "presence", "zone": "porch", "min_height": 0.1},
    {"type": "presence", "zone": "porch", "min_area": 0.01},
    {"type": "enter", "zone": "porch"},
    {"type": "leave", "zone": "porch"},
    {"type": "loiter", "zone": "porch", "dwell_s": 4.0},
    {"type": "line_crossing", "line": "door", "direction": "forward"},
    {"type": "count", "zone": "porch", "at_least": 3},
    {"type": "presence", "schedule": {"windows": [{"begin": "03:00", "end": "04:00"}]}},
]


def test_every_word_of_every_rule_is_known() -> None:
    refused: dict[str, Numbers] = {}
    sentences: set[str] = set()
    for settings in RULES:
        rule = build_rule({"id": "r", **settings}, ZONES, LINES).rule
        for said in run(rule, film(STORY)):
            numbers: Numbers = {"rule": "r", **said.numbers}
            sentences.add(sentence(verdict("rules", f"{said.action}:{said.code}", **numbers)))
            if said.action is RuleAction.REJECT:
                refused[said.code] = numbers

    assert set(refused) == {
        *("label", "score_low", "too_small", "outside", "dwell_short"),
        *("appeared_inside", "direction", "vanished", "off_schedule"),
    }
    for code, numbers in refused.items():
        assert not obstacle(code, numbers).startswith(code.replace("_", " ")), "no sentence"
        assert remedy(code, numbers)
    assert not [each for each in sentences if each.endswith(")")], "figures instead of words"


@pytest.mark.parametrize(
    ("code", "numbers", "setting"),
    [
        ("score_low", {"score": 0.4999, "needed": 0.6}, "min_score: 0.49"),
        ("score_low", {"score": 0.5, "needed": 0.6}, "min_score: 0.5"),
        ("too_small", {"height": 0.0617, "needed": 0.1}, "min_height: 0.061"),
        ("too_small", {"area": 0.000618, "needed": 0.01}, "min_area: 0.00061"),
        ("dwell_short", {"dwell_s": 7.29, "needed_s": 10.0}, "dwell_s, for_s, or for: 7.2"),
        ("label", {"label": "dog", "wanted": "person"}, "labels: add dog"),
        ("burnt_toast", {}, ""),
    ],
)
def test_a_remedy_is_never_above_what_was_measured(
    code: str, numbers: Numbers, setting: str
) -> None:
    assert remedy(code, numbers) == setting
