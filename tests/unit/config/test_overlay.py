"""Changes lie over the files, add up, and can be taken back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.config.document import Document
from vedette.config.overlay import applied, combined
from vedette.config.reader import parse_yaml
from vedette.contracts.errors import InvalidConfig

FILE = b"""
retention: {max_gb: 10, max_days: 30}
cameras:
  - {id: yard, source: a.mp4, detect: {fps: 5}, zones: [{id: steps, kind: area}]}
  - id: gate
    source: b.mp4
"""


def file() -> Document:
    return parse_yaml(FILE, name="vedette.yaml")


def after(*changes: dict[str, Any]) -> dict[str, Any]:
    together: dict[str, Any] = {}
    for each in changes:
        together = combined(together, each)
    return applied(file(), together).data


def test_a_change_says_only_what_is_different() -> None:
    data = after({"cameras": {"yard": {"detect": {"fps": 2}}}, "retention": {"max_gb": 50}})

    assert data["retention"] == {"max_gb": 50, "max_days": 30}
    assert data["cameras"][0]["detect"] == {"fps": 2}
    assert data["cameras"][0]["source"] == "a.mp4"
    assert file().data["retention"]["max_gb"] == 10


def test_lists_and_mappings_of_things_mean_the_same() -> None:
    by_list = after({"cameras": [{"id": "yard", "detect": {"fps": 2}}]})

    assert by_list == after({"cameras": {"yard": {"detect": {"fps": 2}}}})


def test_things_are_added_and_removed_by_their_id() -> None:
    data = after(
        {"cameras": {"attic": {"source": "c.mp4"}, "gate": None}},
        {"cameras": {"yard": {"zones": {"steps": None, "lawn": {"kind": "area"}}}}},
    )

    assert [camera["id"] for camera in data["cameras"]] == ["yard", "attic"]
    assert data["cameras"][0]["zones"] == [{"id": "lawn", "kind": "area"}]


def test_null_takes_back_what_an_earlier_change_said() -> None:
    data = after(
        {"retention": {"max_gb": 50}, "cameras": {"gate": None}},
        {"retention": {"max_gb": None}, "cameras": {"gate": {"detect": {"fps": 1}}}},
    )

    assert data["retention"]["max_gb"] == 10
    assert data["cameras"][1]["detect"] == {"fps": 1}


def test_errors_still_name_the_line_of_what_the_file_says() -> None:
    changed = applied(file(), {"cameras": {"gate": {"detect": {"fps": -1}}}})

    assert changed.where(("cameras", 1, "source")) == "vedette.yaml:6: cameras[1].source"
    assert "made while running" in changed.where(("cameras", 1, "detect", "fps"))


def test_a_thing_without_an_id_is_refused() -> None:
    with pytest.raises(InvalidConfig, match="names its id"):
        combined({}, {"cameras": [{"source": "c.mp4"}]})


VALUES = st.one_of(st.integers(0, 9), st.text("ab", max_size=2), st.lists(st.integers(0, 3)))
CAMERA = st.dictionaries(st.sampled_from(["source", "name"]), VALUES)
CHANGE = st.fixed_dictionaries(
    {},
    optional={
        "retention": st.dictionaries(st.sampled_from(["max_gb", "max_days"]), VALUES),
        "cameras": st.dictionaries(st.sampled_from(["yard", "gate", "new"]), CAMERA | st.none()),
    },
)


@given(CHANGE, CHANGE)
def test_two_changes_together_are_one_after_the_other(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    one_by_one = applied(applied(file(), first), second).data
    together = applied(file(), combined(first, second)).data

    def things(data: dict[str, Any]) -> dict[str, Any]:
        return {each["id"]: each for each in data["cameras"]}

    assert together["retention"] == one_by_one["retention"]
    gone = {name for name, each in second.get("cameras", {}).items() if each is None}
    again = {
        name
        for name, each in first.get("cameras", {}).items()
        if each is None and second.get("cameras", {}).get(name) is not None
    }
    assert things(together).keys() == things(one_by_one).keys()
    for name in things(together).keys() - gone - again:
        assert things(together)[name] == things(one_by_one)[name]
