"""The JSON Schema of the settings file says what the product accepts."""

import json
import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.command import EXAMPLES
from vedette.app.packs import shipped
from vedette.app.schema import PLACES, pack_schema, settings_schema
from vedette.plugins.registry import names

Schema = dict[str, Any]

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}


class Checker:
    """The part of Draft 2020-12 that our schema uses; an unknown keyword is an error."""

    notes = frozenset(
        {"$defs", "title", "description", "default", "format", "pattern", "writeOnly", "examples"}
    )

    def __init__(self, schema: Schema) -> None:
        self._root = schema

    def fits(self, value: Any, schema: Schema) -> bool:
        return all(self._keyword(key, what, value, schema) for key, what in schema.items())

    def _keyword(self, key: str, what: Any, value: Any, schema: Schema) -> bool:
        if key in self.notes:
            return True
        return bool(getattr(self, "_" + key.strip("$"))(what, value, schema))

    def _ref(self, what: str, value: Any, _: Schema) -> bool:
        assert what.startswith("#/$defs/")
        return self.fits(value, self._root["$defs"][what.removeprefix("#/$defs/")])

    def _type(self, what: str, value: Any, _: Schema) -> bool:
        return isinstance(value, TYPES[what]) and (what == "boolean" or not isinstance(value, bool))

    def _const(self, what: Any, value: Any, _: Schema) -> bool:
        return bool(value == what)

    def _enum(self, what: list[Any], value: Any, _: Schema) -> bool:
        return value in what

    def _required(self, what: list[str], value: Any, _: Schema) -> bool:
        return not isinstance(value, dict) or all(key in value for key in what)

    def _properties(self, what: dict[str, Schema], value: Any, _: Schema) -> bool:
        if not isinstance(value, dict):
            return True
        return all(self.fits(value[key], inner) for key, inner in what.items() if key in value)

    def _additionalProperties(self, what: Any, value: Any, schema: Schema) -> bool:  # noqa: N802
        if not isinstance(value, dict):
            return True
        patterns = schema.get("patternProperties", {})
        extra = [
            value[key]
            for key in value
            if key not in schema.get("properties", {}) and not any(map(re.search, patterns, [key]))
        ]
        if isinstance(what, bool):
            return what or not extra
        return all(self.fits(one, what) for one in extra)

    def _patternProperties(self, what: dict[str, Schema], value: Any, _: Schema) -> bool:  # noqa: N802
        return not isinstance(value, dict) or all(
            self.fits(inner, schema)
            for pattern, schema in what.items()
            for key, inner in value.items()
            if re.search(pattern, key)
        )

    def _items(self, what: Any, value: Any, schema: Schema) -> bool:
        if not isinstance(value, list):
            return True
        rest = value[len(schema.get("prefixItems", ())) :]
        return not rest if what is False else all(self.fits(one, what) for one in rest)

    def _prefixItems(self, what: list[Schema], value: Any, _: Schema) -> bool:  # noqa: N802
        if not isinstance(value, list):
            return True
        return all(self.fits(one, inner) for one, inner in zip(value, what, strict=False))

    def _minItems(self, what: int, value: Any, _: Schema) -> bool:  # noqa: N802
        return not isinstance(value, list) or len(value) >= what

    def _maxItems(self, what: int, value: Any, _: Schema) -> bool:  # noqa: N802
        return not isinstance(value, list) or len(value) <= what

    def _minLength(self, what: int, value: Any, _: Schema) -> bool:  # noqa: N802
        return not isinstance(value, str) or len(value) >= what

    def _maxLength(self, what: int, value: Any, _: Schema) -> bool:  # noqa: N802
        return not isinstance(value, str) or len(value) <= what

    def _minimum(self, what: float, value: Any, _: Schema) -> bool:
        return not isinstance(value, int | float) or value >= what

    def _maximum(self, what: float, value: Any, _: Schema) -> bool:
        return not isinstance(value, int | float) or value <= what

    def _exclusiveMinimum(self, what: float, value: Any, _: Schema) -> bool:  # noqa: N802
        return not isinstance(value, int | float) or value > what

    def _exclusiveMaximum(self, what: float, value: Any, _: Schema) -> bool:  # noqa: N802
        return not isinstance(value, int | float) or value < what

    def _multipleOf(self, what: int, value: Any, _: Schema) -> bool:  # noqa: N802
        return not isinstance(value, int) or value % what == 0

    def _anyOf(self, what: list[Schema], value: Any, _: Schema) -> bool:  # noqa: N802
        return any(self.fits(value, one) for one in what)

    def _oneOf(self, what: list[Schema], value: Any, _: Schema) -> bool:  # noqa: N802
        return sum(self.fits(value, one) for one in what) == 1


@pytest.fixture(scope="module")
def schema() -> Schema:
    return settings_schema()


@pytest.fixture
def demo() -> Any:
    text = (EXAMPLES / "demo.yaml").read_text(encoding="utf-8")
    return YAML(typ="safe").load(text)


def fits(schema: Schema, document: Any) -> bool:
    return Checker(schema).fits(document, schema)


def test_the_demo_fits(schema: Schema, demo: Any) -> None:
    assert fits(schema, demo)


@pytest.mark.parametrize("name", shipped())
def test_a_pack_fits_the_schema_of_packs_and_a_slip_does_not(name: str) -> None:
    pack = YAML(typ="safe").load(shipped()[name].read_text("utf-8"))
    schema = pack_schema()

    assert fits(schema, pack)
    for rule in pack["rules"]:
        slip = {**rule, "when": {**rule["when"], "insde": "yard"}}
        assert not fits(schema, {**pack, "rules": [slip]})


@pytest.mark.parametrize(
    ("packs", "fine"),
    [
        (["home_events", {"pack": "./mine.yaml", "only": ["a"], "places": {"a": "b"}}], True),
        ([{"pck": "home_events"}], False),
        ([5], False),
    ],
)
def test_packs_in_the_settings(schema: Schema, packs: Any, fine: bool) -> None:
    cameras = [{"id": "door", "source": "rtsp://10.0.0.1/s"}]

    assert fits(schema, {"cameras": cameras, "packs": packs}) is fine


def test_the_shortest_file_fits(schema: Schema) -> None:
    assert fits(schema, {"cameras": [{"id": "door", "source": "rtsp://10.0.0.1/s"}]})


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (("cameras",), []),
        (("strange",), 1),
        (("cameras", 0, "id"), 7),
        (("cameras", 0, "strange"), 1),
        (("cameras", 0, "source", "pace"), "slow"),
        (("cameras", 0, "source", "type"), "pigeon"),
        (("cameras", 0, "source", "url"), "rtsp://x/y"),
        (("cameras", 0, "detect", "fps"), 0),
        (("cameras", 0, "zones", 0, "polygon", 0), [0.1, 1.5]),
        (("cameras", 0, "lines", 0, "a"), [0.1]),
        (("cameras", 0, "rules", 0, "type"), "premonition"),
        (("cameras", 0, "rules", 0, "severity"), "dreadful"),
        (("detector",), {"type": "oracle"}),
        (("notify",), {"channels": [{"type": "telegram"}]}),
        (("api",), {"host": "0.0.0.0"}),  # noqa: S104
    ],
    ids=str,
)
def test_what_the_product_refuses_does_not_fit(
    schema: Schema, demo: Any, place: tuple[str | int, ...], wrong: Any
) -> None:
    *way, last = place
    here = demo
    for step in way:
        here = here[step]
    here[last] = wrong

    assert not fits(schema, demo)


def test_every_installed_plug_in_can_be_chosen_once(schema: Schema) -> None:
    for kind in PLACES.values():
        choices = schema["$defs"][kind].get("oneOf", ())  # no module is built in
        types = [choice["properties"]["type"]["const"] for choice in choices]
        assert types == sorted(names(kind))
        assert all("type" in choice["required"] for choice in choices)


def test_every_reference_leads_somewhere_and_the_schema_is_the_same_each_time(
    schema: Schema,
) -> None:
    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            inner = {ref for one in value.values() for ref in references(one)}
            return inner | ({value["$ref"]} if "$ref" in value else set())
        return (
            {ref for one in value for ref in references(one)} if isinstance(value, list) else set()
        )

    assert {ref.removeprefix("#/$defs/") for ref in references(schema)} <= set(schema["$defs"])
    assert json.dumps(settings_schema()) == json.dumps(schema)
