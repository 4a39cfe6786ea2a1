"""What `explain` calls the setting in the way is it: changed as it says, the outcome flips.

Each rule refuses the one walker of a film; the remedy of its story is applied to the rule, the film
is looked at once more, and the rule opens an event.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.scenes import camera, film, look, walker
from vedette.app.analyze import Findings
from vedette.explain.story import story_of

LEFT = {"id": "left", "polygon": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]], "inertia_s": 0.2}
MIDDLE = {"id": "middle", "a": [0.5, 0.0], "b": [0.5, 1.0]}
ACROSS = walker((1, -0.1, 0.5), (9, 1.1, 0.5))
SETTING = re.compile(r"rule (?P<rule>\S+), (?P<setting>.+)")


def looked(video: Path, *rules: dict[str, Any]) -> Findings:
    return look(camera(video, zones=[LEFT], lines=[MIDDLE], rules=list(rules)))


def remedies(found: Findings) -> dict[str, str]:
    """The setting that was in the way, by rule, as the stories of all tracks tell it."""
    told: dict[str, str] = {}
    for track in found.tracks:
        for said in story_of("", found.verdicts[track.id]).remedies:
            match = SETTING.fullmatch(said)
            assert match, said
            told[match["rule"]] = match["setting"]
    return told


def changed(rule: dict[str, Any], setting: str) -> dict[str, Any]:
    """The rule with the setting as it would have to be: `min_score: 0.4`, `labels: add car`."""
    names, _, value = setting.partition(": ")
    if value.startswith("add "):
        return {**rule, names: [*rule[names], value.removeprefix("add ")]}
    keys = [key for key in re.split(r", or |, | or ", names) if key]
    number = YAML(typ="safe").load(value)
    for key in keys:
        if key in rule:
            return {**rule, key: number}
        if " " in key:  # `speed above` within the condition
            outer, inner = key.split(" ")
            if outer in rule.get("when", {}):
                return {
                    **rule,
                    "when": {**rule["when"], outer: {**rule["when"][outer], inner: number}},
                }
        if key in rule.get("when", {}):
            return {**rule, "when": {**rule["when"], key: number}}
    if len(keys) == 1:  # one that the rule did not have yet
        return {**rule, keys[0]: number}
    raise AssertionError(f"{setting} fits nothing of {rule}")


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param({"type": "presence", "for_s": 30}, id="for_s"),
        pytest.param({"type": "loiter", "zone": "left", "dwell_s": 20}, id="dwell_s"),
        pytest.param({"type": "presence", "min_score": 0.999}, id="min_score"),
        pytest.param({"type": "presence", "min_height": 0.9}, id="min_height"),
        pytest.param({"type": "presence", "min_area": 0.9}, id="min_area"),
        pytest.param({"type": "presence", "labels": ["cat"]}, id="labels"),
        pytest.param(
            {"type": "line_crossing", "line": "middle", "direction": "forward"}, id="direction"
        ),
        pytest.param({"type": "when", "when": {"inside": "left", "for": 20}}, id="for"),
        pytest.param({"type": "when", "when": {"speed": {"above": "2 /s"}}}, id="speed"),
        pytest.param({"type": "when", "when": {"height": {"above": 0.9}}}, id="height"),
    ],
)
def test_the_setting_in_the_way_changed_flips_the_outcome(
    tmp_path: Path, rule: dict[str, Any]
) -> None:
    video = film(tmp_path / "scene.mp4", ACROSS)
    refused = {"id": "r", "labels": ["person"], **rule}

    before = looked(video, refused)
    setting = remedies(before)["r"]
    after = looked(video, changed(refused, setting))

    assert before.events == []
    assert [held.event.rule_id for held in after.events] == ["r"]
