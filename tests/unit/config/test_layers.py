"""Settings in layers: the last one counts, and every error points at the layer that is to blame."""

from typing import Any

import pytest

from vedette.config.document import Document
from vedette.config.environment import documents_of, example, variable_of
from vedette.config.layers import find, layered
from vedette.config.reader import parse_yaml
from vedette.contracts.errors import InvalidConfig

BASE = b"""\
api: {port: 1, host: localhost}
labels: [person, car]
cameras:
  - id: yard
    detect: {fps: 5, labels: [person]}
  - id: front-door
    detect:
      fps: 5
"""


def yaml(text: bytes, name: str = "over.yaml") -> Document:
    return parse_yaml(text, name=name)


def over(*layers: Document) -> Document:
    return layered([yaml(BASE, "base.yaml"), *layers])


def variables(**values: str) -> list[Document]:
    named = {f"VEDETTE__{name}": value for name, value in values.items()}
    return list(documents_of(named, origin="the variable"))


def test_one_layer_is_as_it_was() -> None:
    base = yaml(BASE, "base.yaml")
    merged = layered([base])

    assert (merged.data, merged.where(("api", "port"))) == (base.data, "base.yaml:1: api.port")
    assert merged.data is not base.data


def test_mappings_are_merged_and_lists_are_replaced() -> None:
    merged = over(yaml(b"api: {port: 2}\nlabels: [dog]\nnew: {a: 1}\n"))

    assert merged.data["api"] == {"port": 2, "host": "localhost"}
    assert merged.data["labels"] == ["dog"]
    assert merged.data["new"] == {"a": 1}


def test_things_with_an_id_are_merged_one_by_one_and_new_ones_added() -> None:
    text = b"cameras:\n  - id: front-door\n    detect: {fps: 1}\n  - {id: attic, name: Attic}\n"
    cameras = over(yaml(text)).data["cameras"]

    assert [camera["id"] for camera in cameras] == ["yard", "front-door", "attic"]
    assert [camera.get("detect", {}).get("fps") for camera in cameras] == [5, 1, None]
    assert cameras[0]["detect"]["labels"] == ["person"]


def test_variables_reach_everything_by_name() -> None:
    merged = over(
        *variables(
            API__PORT="8080",
            CAMERAS__FRONT_DOOR__DETECT__FPS="2.5",
            CAMERAS__YARD__DETECT__LABELS="[dog, cat]",
            CAMERAS__YARD__DETECT__ENABLED="false",
            API__HOST="::1",
            NOTE="- just text: really",
        )
    )

    assert merged.data["api"] == {"port": 8080, "host": "::1"}
    yard, door = merged.data["cameras"]
    assert yard["detect"] == {"fps": 5, "labels": ["dog", "cat"], "enabled": False}
    assert door["detect"]["fps"] == 2.5
    assert merged.data["note"] == "- just text: really"


@pytest.mark.parametrize(
    ("loc", "place"),
    [
        (("api", "port"), "the variable VEDETTE__API__PORT: api.port"),
        (("api", "host"), "base.yaml:1: api.host"),
        (("cameras", 0, "detect", "fps"), "base.yaml:5: cameras[0].detect.fps"),
        (("cameras", 1, "detect", "fps"), "over.yaml:3: cameras[1].detect.fps"),
        (("cameras", 1, "detect", "nothing"), "base.yaml:7: cameras[1].detect.nothing"),
        (("cameras", 2, "id"), "over.yaml:4: cameras[2].id"),
        (("labels", 0), "over.yaml:5: labels[0]"),
    ],
)
def test_every_value_keeps_the_place_that_it_came_from(loc: tuple[Any, ...], place: str) -> None:
    text = b"cameras:\n  - id: front-door\n    detect: {fps: 1}\n  - {id: attic}\nlabels: [dog]\n"
    merged = over(yaml(text), *variables(API__PORT="9"))

    assert merged.where(loc) == place


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("CAMERAS__GARAGE__NAME", "x", "nothing is called so; there are: yard, front-door"),
        ("CAMERAS__YARD__DETECT__LABELS", "[dog", "is not a list or mapping"),
        ("API____PORT", "1", "is no setting; write it like VEDETTE__RETENTION__MAX_GB"),
        ("__".join("A" * 20), "1", "is no setting"),
    ],
)
def test_a_variable_that_cannot_be_is_named(name: str, value: str, complaint: str) -> None:
    with pytest.raises(InvalidConfig, match=complaint) as refused:
        over(*variables(**{name: value}))

    assert f"VEDETTE__{name}" in str(refused.value)


def test_variables_of_others_are_left_alone() -> None:
    others = {"PATH": "/bin", "VEDETTE_DATA": "/x", "VEDETTE_ENV": "production"}

    assert list(documents_of(others, origin="x")) == []
    assert (
        variable_of("cameras.front-door.detect.fps") == "VEDETTE__CAMERAS__FRONT_DOOR__DETECT__FPS"
    )


@pytest.mark.parametrize(
    ("key", "loc"),
    [
        ("api.port", ("api", "port")),
        ("cameras.yard.detect.fps", ("cameras", 0, "detect", "fps")),
        ("cameras[1].id", ("cameras", 1, "id")),
        ("cameras.front_door", ("cameras", 1)),
        ("cameras.attic", None),
        ("api.port.more", None),
        ("nothing", None),
    ],
)
def test_a_key_leads_to_its_place(key: str, loc: tuple[Any, ...] | None) -> None:
    assert find(yaml(BASE), key) == loc


def test_what_is_no_key_is_refused() -> None:
    with pytest.raises(InvalidConfig, match="is no key"):
        find(yaml(BASE), "api..port")


def test_the_example_of_variables_sets_nothing_until_it_is_edited() -> None:
    lines = example().splitlines()

    assert all(not line or line.startswith("#") for line in lines)
    assert "# VEDETTE__RETENTION__MAX_GB=50" in lines
