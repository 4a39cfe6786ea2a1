"""Whatever a condition says where it does not hold has words for people."""

import ast
from pathlib import Path

import pytest

from tests.unit.rules.test_when_company import LYING, hat
from tests.unit.rules.walks import Body, line, reasons, stands
from vedette import rules
from vedette.contracts.verdict import Numbers, Verdict
from vedette.explain.words import obstacle, remedy, sentence

LANGUAGE = Path(rules.__file__).parent / "language"


def codes() -> set[str]:
    """Every code of a `Why` that stands in the language."""
    found: set[str] = set()
    for file in LANGUAGE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Why", "_why"):
                said = [*node.args, *(each.value for each in node.keywords if each.arg == "code")]
                found |= {str(each.value) for each in said if isinstance(each, ast.Constant)}
    return found


def test_every_code_has_words() -> None:
    figures: dict[str, float | int | str] = {
        **dict.fromkeys(("zone", "line", "wanted", "what", "is", "unit"), "x"),
        **dict.fromkeys(("count", "needed", "degrees", "stood_s", "needed_s", "ago_s"), 1.5),
        **dict.fromkeys(("done", "steps", "joints", "distance", "dwell_s", "score"), 0.5),
        "label": "car",
        "direction": "forward",
    }
    found = codes()

    assert {"nobody_near", "sequence_short", "camera_is", "other_pose"} <= found
    assert [code for code in found if obstacle(code, figures).startswith(f"{code} (")] == []


@pytest.mark.parametrize(
    ("when", "said", "setting"),
    [
        (
            {"speed": {"above": "0.5 /s"}},
            "rule r opened nothing: it went at 0.3 /s, and at least 0.5 /s is needed",
            "speed above: 0.3 /s",
        ),
        (
            {"labels": "person", "near": {"labels": "car", "distance": 1}},
            "rule r opened nothing: the nearest (car) was 3.01 away, and 1.0 is needed",
            "distance: 3.01",
        ),
        (
            {"labels": "person", "without": "car", "all": [{"height": {"above": 0.2}}]},
            "rule r opened nothing: its height was 10 %, and at least 20 % is needed",
            "height above: 0.1",
        ),
        (
            {"any": [{"height": {"above": 0.2}}, {"still": 60}]},
            "rule r opened nothing: its height was 10 %, and at least 20 % is needed (nor did the "
            "others hold: stood_short)",
            "height above: 0.1",
        ),
        (
            {"pose": "hands_up"},
            "rule r opened nothing: it did not stand like that: hands up",
            "",
        ),
    ],
)
def test_a_refusal_in_words(when: dict[str, object], said: str, setting: str) -> None:
    bodies = {
        1: Body(path=line((0.3, 0.5), (0.3, 0.8), 1.0), joints=lambda at_s: LYING)
        if "speed" in when or "pose" in when
        else stands(0.3, 0.5),
        2: hat(0.6, 0.6),
    }
    refusals = reasons(when, bodies, 1.0)
    code, numbers = next(each for each in refusals if each[0] != "speed_unknown")
    verdict = Verdict(
        camera_id="yard",
        track=1,
        stage="rules",
        at_us=1,
        code=f"reject:{code}",
        numbers={"rule": "r", **numbers},
    )

    assert sentence(verdict) == said
    assert remedy(code, numbers) == setting


def test_the_end_of_an_event_says_what_held_no_more() -> None:
    numbers: Numbers = {"rule": "r", "zone": "yard", "held_s": 4.0}
    verdict = Verdict(
        camera_id="c", track=1, stage="rules", at_us=1, code="close:not_outside", numbers=numbers
    )

    assert sentence(verdict) == "rule r closed its event: it was not in yard"
