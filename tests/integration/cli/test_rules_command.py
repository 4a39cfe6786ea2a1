"""`vedette rules`, and packs of a running product that are edited while events are open."""

import json
from pathlib import Path

import pytest

from tests.command import vedette
from tests.running import Running

PACK = """\
about: Nothing is as large as the picture.
rules:
  - {id: calm, labels: [], when: {nobody: {height: {above: 0.99}}}}
  - {id: quiet, labels: [], when: {nobody: {area: {above: 0.99}}}}
"""
SETTINGS = """\
cameras:
  - id: yard
    source: {type: simulator, pace: realtime}
detector: {type: blob}
workers: 0
packs: [./mine.yaml]
api: {port: 0}
"""


def house(folder: Path) -> Path:
    (folder / "mine.yaml").write_text(PACK)
    (folder / "vedette.yaml").write_text(SETTINGS)
    return folder / "vedette.yaml"


def test_rules_are_listed_with_those_that_do_not_count(tmp_path: Path) -> None:
    file = house(tmp_path)
    file.write_text(SETTINGS.replace("./mine.yaml", "./mine.yaml, security_events"))

    listed = vedette("rules", "list", file)
    checked = vedette("config", "check", file)

    assert "calm" in listed.out
    assert (
        "yard: loitering, climbed_in, casing do not count: there is no zone 'fence'" in listed.out
    )
    assert "9 rules of packs count at no camera; `vedette rules list` says why" in checked.out


def test_a_pack_is_checked_and_has_a_schema(tmp_path: Path) -> None:
    house(tmp_path)
    fine = vedette("rules", "check", tmp_path / "mine.yaml")
    (tmp_path / "wrong.yaml").write_text(PACK.replace("nobody", "nobdy"))
    wrong = vedette("rules", "check", tmp_path / "wrong.yaml")
    schema = json.loads(vedette("rules", "schema").out)
    packs = vedette("rules", "packs")

    assert fine.out.endswith("fine. 2 rules\n")
    assert wrong.code == 3
    assert "wrong.yaml:3: rules[0].when.nobdy" in wrong.err
    assert "did you mean 'nobody'?" in " ".join(wrong.err.split())
    when = next(
        rule
        for rule in schema["$defs"]["rule"]["anyOf"]
        if rule["properties"]["type"]["const"] == "when"
    )
    assert when["required"] == ["id", "when"]
    assert {"inside", "for", "all", "sequence"} <= set(schema["$defs"]["Condition"]["properties"])
    assert "ppe_violations" in packs.out


@pytest.mark.timeout(180)
def test_rules_are_exchanged_while_events_are_open(tmp_path: Path) -> None:
    """Those that stay go on; those that go close theirs; a wrong pack changes nothing."""
    file, pack = house(tmp_path), tmp_path / "mine.yaml"
    with Running("up", "--config", file, "--data", tmp_path / "data") as product:
        product.until(lambda: len(product.events()) == 2, "both events")
        before = {each["rule_id"]: each["id"] for each in product.events()}
        pack.write_text(PACK.replace("{nobody: {area", "{nobdy: {area"))
        product.until(lambda: any("nobdy" in line for line in product.complaints), "the refusal")
        held = {each["rule_id"]: each["state"] for each in product.events()}
        pack.write_text(PACK.replace("id: quiet", "id: still"))
        product.until(lambda: len(product.events()) == 3, "the event of the other rule")
        after = {each["rule_id"]: each for each in product.events()}
        cameras = product.http.get("/api/v1/status").json()["cameras"]
        assert product.stop() == 0

    assert held == {"calm": "open", "quiet": "open"}
    assert (after["calm"]["id"], after["calm"]["state"]) == (before["calm"], "open")
    assert (after["quiet"]["state"], after["quiet"]["end_reason"]) == ("closed", "reconfigured")
    assert (after["still"]["state"], after["still"]["event_type"]) == ("open", "still")
    assert cameras[0]["reconnects"] == 0
