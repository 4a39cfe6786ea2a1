"""Rules tried on what a running product followed; what is in force gives what was opened."""

import json
from pathlib import Path

import pytest

from tests.command import vedette
from tests.yard import watched_yard

OTHERS = """
rules:
  - {id: visitor, type: presence, labels: [person], for_s: 30}
  - {id: inside, labels: [person], when: {inside: left, for: 1s}}
  - {id: runner, labels: [person], when: {speed: {above: 0.1 /s}, for: 0.5s}}
  - {id: diver, labels: [person], when: {inside: pool}}
"""


@pytest.mark.timeout(180)
def test_other_rules_are_tried_on_what_was_followed(tmp_path: Path) -> None:
    live = watched_yard(tmp_path)
    config, data = tmp_path / "vedette.yaml", tmp_path / "data"
    others = tmp_path / "others.yaml"
    others.write_text(OTHERS)
    beside = vedette("backtest", others, "-c", config, "-d", data, "--since", "1h", "--json")
    shown = vedette("backtest", others, "-c", config, "-d", data, "--since", "1h")
    here = ("backtest", others, "-c", config, "-d", data)
    nothing = vedette(*here, "--since", "2020-01-01T00:00", "--until", "2020-01-02T00:00")
    strange = vedette(*here, "--camera", "moon")
    found = json.loads(beside.out)

    def at(events: list[dict[str, str]], rule: str, key: str) -> list[str]:
        return sorted(e[key][:21] for e in events if rule in (e.get("rule"), e.get("rule_id")))

    assert len(live) == 6
    for rule in ("visitor", "inside"):  # what is in force gives what was opened, to the moment
        assert at(found["in_force"], rule, "opened_at") == at(live, rule, "opened_at")
    assert {each["rule"] for each in found["gone"]} == {"visitor"}
    assert {each["rule"] for each in found["new"]} == {"runner"}
    assert len(found["gone"]) == len(found["new"]) == 3
    assert len(at(found["others"], "inside", "opened_at")) == 3
    assert found["absent"] == {"diver": "yard: there is no zone 'pool'; there are: left"}
    assert "times as fast as it happened" in shown.out
    assert "diver counts nowhere" in shown.out
    assert "nothing was followed in that time" in nothing.out
    assert strange.code == 2
    assert "there are: yard" in strange.err
