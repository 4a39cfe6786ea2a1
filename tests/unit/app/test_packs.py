"""Packs of rules: read, checked, given to the cameras that have what they speak of."""

from pathlib import Path
from typing import Any

import pytest

from tests.command import ROOT
from vedette.app.load import load_settings
from vedette.app.packs import read_pack, shipped
from vedette.app.rule_list import idle, list_rules
from vedette.app.settings_file import SettingsFile
from vedette.calendar.schedule import Place
from vedette.contracts.errors import InvalidConfig
from vedette.rules.build import EVERYTHING, build_rule
from vedette.rules.pack import LINE_KEYS, ZONE_KEYS

BERLIN = Place(time_zone="Europe/Berlin", latitude=52.5, longitude=13.4)
MINE = """\
about: Of my own.
rules:
  - {id: in_the_yard, severity: warning, when: {inside: yard, for: 2s}}
  - {id: over_the_wall, when: {crosses: wall}}
  - {id: helmets, labels: [person], when: {without: {labels: [helmet]}}}
  - {id: fast, when: {speed: {above: 20 km/h}}}
  - {id: down, when: {pose: fallen}}
  - {id: many, type: count, zone: yard, at_least: 5}
"""
CAMERAS = """\
cameras:
  - id: front
    source: "simulator:"
    zones: [{id: yard, polygon: [[0, 0], [1, 0], [1, 1]]}]
    ground: {a: [0.1, 0.5], b: [0.9, 0.5], length_m: 10}
  - id: back
    source: "simulator:"
    lines: [{id: wall, a: [0, 0], b: [1, 1]}, {id: hedge, a: [0, 1], b: [1, 0]}]
    rules: [{id: down, type: presence}]
"""


def house(folder: Path, packs: str, *, mine: str = MINE, more: str = "") -> Path:
    """Settings with a pack beside them."""
    (folder / "mine.yaml").write_text(mine)
    file = folder / "vedette.yaml"
    file.write_text(f"{CAMERAS}packs: {packs}\n{more}")
    return file


def rules_of(file: Path) -> dict[str, list[str]]:
    """Ids by camera."""
    return {c.id: [str(rule["id"]) for rule in c.rules] for c in load_settings(file).cameras}


def reasons(file: Path) -> dict[tuple[str, str], str]:
    return {(r.camera_id, r.rule_id): r.missing for r in list_rules(file) if r.missing}


def test_a_rule_counts_where_there_is_what_it_speaks_of(tmp_path: Path) -> None:
    file = house(tmp_path, "[./mine.yaml]")

    assert rules_of(file) == {
        "front": ["in_the_yard", "fast", "many"],
        "back": ["down", "over_the_wall"],
    }
    why = reasons(file)
    assert why["back", "in_the_yard"] == "there is no zone 'yard'; this camera has no zones"
    assert why["front", "over_the_wall"] == "there is no line 'wall'; this camera has no lines"
    assert why["front", "helmets"].startswith("no model of this camera knows helmet; ")
    assert why["back", "fast"].startswith("it measures in metres, and the camera has no `ground`")
    assert why["front", "down"].startswith("it asks how a person stands, and none of")
    assert why["back", "down"].startswith("this camera has a rule of its own with that id")


def test_rules_that_count_nowhere_are_told_once(tmp_path: Path) -> None:
    assert [absent.rule for absent in idle(house(tmp_path, "[./mine.yaml]"))] == ["helmets", "down"]


def test_a_model_for_poses_makes_a_rule_of_postures_count(tmp_path: Path) -> None:
    more = "detectors: {joints: {type: onnx, model: movenet}}\n"
    file = house(tmp_path, "[./mine.yaml]", more=more)
    both = "id: front\n    detect: {detectors: [default, joints]}\n"
    text = file.read_text().replace("id: front\n", both)
    file.write_text(text)

    assert "down" in rules_of(file)["front"]


@pytest.mark.parametrize(
    ("use", "front", "back"),
    [
        ("only: [fast, many]", ["fast", "many"], ["down"]),
        ("without: [fast]", ["in_the_yard", "many"], ["down", "over_the_wall"]),
        ("cameras: [back]", [], ["down", "over_the_wall"]),
        ("places: {wall: hedge}", ["in_the_yard", "fast", "many"], ["down", "over_the_wall"]),
        ("places: {yard: lawn}", ["fast"], ["down", "over_the_wall"]),
    ],
)
def test_how_far_a_pack_counts(tmp_path: Path, use: str, front: list[str], back: list[str]) -> None:
    file = house(tmp_path, f"[{{pack: ./mine.yaml, {use}}}]")

    assert rules_of(file) == {"front": front, "back": back}


def test_places_of_a_pack_stand_for_those_of_the_camera(tmp_path: Path) -> None:
    file = house(tmp_path, "[{pack: ./mine.yaml, places: {wall: hedge}}]")
    back = load_settings(file).cameras[1]

    assert [rule["when"] for rule in back.rules[1:]] == [{"crosses": "hedge"}]


@pytest.mark.parametrize(
    ("packs", "sentence"),
    [
        ("[burglars]", "vedette.yaml:10: packs[0]: no pack is called 'burglars'; there are: home_"),
        ("[./other.yaml]", "other.yaml: there is no such file"),
        ("[{pack: ./mine.yaml, only: [inthe_yard]}]", "the pack 'mine' has no rule 'inthe_yard'"),
        ("[{pack: ./mine.yaml, cameras: [frnt]}]", "no camera is called 'frnt'; there are: back"),
        ("[./mine.yaml, ./mine.yaml]", "camera 'front': the packs 'mine' and 'mine' both have a"),
        ("[{pck: ./mine.yaml}]", "packs[0].pck: the key 'pck' is unknown"),
    ],
)
def test_a_pack_that_cannot_be_used_is_said(tmp_path: Path, packs: str, sentence: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load_settings(house(tmp_path, packs))

    assert sentence in str(caught.value)


WRONG = """\
rules:
  - {id: a, when: {inside: yard, fro: 5s}}
  - {id: a, when: {enters: yard, for: 5s}}
  - {type: loitr, id: c}
  - {id: d, when: {inside: yard}, schedule: {windows: [{begin: "25:00", end: "8:00"}]}}
  - when: {any: [{inside: yard}, {speed: {above: 5}}]}
  - {id: [1], type: 7}
"""


def test_every_mistake_of_a_pack_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load_settings(house(tmp_path, "[./mine.yaml]", mine=WRONG))

    said = [line.removeprefix(f"{tmp_path}/") for line in str(caught.value).splitlines()]
    assert [line.split(": ")[:2] for line in said] == [
        ["mine.yaml:2", "rules[0].when.fro"],
        ["mine.yaml:3", "rules[1].when"],
        ["mine.yaml:3", "rules[1].id"],
        ["mine.yaml:4", "rules[2].type"],
        ["mine.yaml:5", "rules[3].schedule.windows[0].begin"],
        ["mine.yaml:6", "rules[4].id"],
        ["mine.yaml:6", "rules[4].when.any[1].speed.above"],
        ["mine.yaml:7", "rules[5].type"],
    ]


@pytest.mark.parametrize("text", ["", "rules: []", "rules: 5", "- a", "rules: [5]", "about: x"])
def test_a_file_that_is_no_pack_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "pack.yaml"
    file.write_text(text)

    with pytest.raises(InvalidConfig, match=r"pack\.yaml"):
        read_pack(file)


@pytest.mark.parametrize("name", shipped())
def test_the_packs_that_come_along_are_right_and_tell_what_they_are_for(name: str) -> None:
    pack = read_pack(shipped()[name])
    file = shipped()[name].read_text("utf-8")

    assert pack.about
    for rule in pack.rules:
        assert rule["complexity"] in ("easy", "medium", "hard")
        assert rule["about"]
        assert rule["event"]
        for place in _places(rule):
            assert f"#   {place} " in file or f"`{place}`" in file or f" {place} " in file, place
        assert build_rule(rule, *_everywhere(rule), BERLIN, EVERYTHING).kind == rule["event"]


def _places(value: Any) -> set[str]:
    """Zones and lines that a rule names."""
    if isinstance(value, dict):
        mine = {v for k, v in value.items() if k in ZONE_KEYS | LINE_KEYS and isinstance(v, str)}
        return mine.union(*map(_places, value.values()))
    return set().union(*map(_places, value)) if isinstance(value, list) else set()


def _everywhere(rule: Any) -> tuple[list[str], list[str]]:
    return sorted(_places(rule)), sorted(_places(rule))


def test_the_packs_of_the_repository_are_those_that_come_along() -> None:
    there = {file.stem: file.resolve() for file in (ROOT / "config" / "events").glob("*.yaml")}

    assert there == {name: file.resolve() for name, file in shipped().items()}
    assert {"security_events", "safety_events", "ppe_violations"} <= set(there)


def test_a_change_of_a_pack_is_a_change_of_the_settings(tmp_path: Path) -> None:
    settings = SettingsFile(house(tmp_path, "[./mine.yaml]"))
    settings.settings(settings.document())
    before = settings.signature()
    (tmp_path / "mine.yaml").write_text(MINE.replace("2s", "20s"))

    assert settings.signature() != before
