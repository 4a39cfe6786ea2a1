"""Packs: rules in a file of their own, for every camera that has what they speak of.

A rule of a pack counts at a camera that has the zones and lines it names (or others that are said
to stand for them), whose models know the classes it is about, and that has metres and poses where
it needs them. Where it does not count, it says why.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, Field, model_validator

from vedette.calendar.schedule import Place
from vedette.contracts.errors import InvalidConfig
from vedette.contracts.payload import Slug
from vedette.plugins.registry import PluginConfig, configure
from vedette.rules.build import EVERYTHING, build_rule

ZONE_KEYS = frozenset({"zone", "inside", "outside", "enters", "leaves"})
LINE_KEYS = frozenset({"line", "crosses"})
LABEL_KEYS = frozenset({"labels", "by", "near", "with", "without"})
MOST_RULES = 500

OWN = "this camera has a rule of its own with that id, which counts instead"


def _or_a_name(schema: dict[str, Any]) -> None:
    """A pack may be written as its name alone."""
    mapping = dict(schema)
    schema.clear()
    schema["anyOf"] = [{"type": "string", "minLength": 1}, mapping]


class PackUse(PluginConfig):
    """A pack that is in force, and how far."""

    model_config = ConfigDict(json_schema_extra=_or_a_name)

    pack: str = Field(
        min_length=1,
        description="Name of one that comes with Vedette, or a file (from where the settings lie).",
    )
    only: tuple[Slug, ...] = Field(default=(), description="Ids of its rules; all where empty.")
    without: tuple[Slug, ...] = Field(default=(), description="Ids of its rules that do not count.")
    cameras: tuple[Slug, ...] = Field(default=(), description="Where it counts; all where empty.")
    places: dict[Slug, Slug] = Field(
        default_factory=dict,
        description="Its zones and lines by your names: `{restricted: yard}`.",
    )

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, data: Any) -> Any:
        return {"pack": data} if isinstance(data, str) else data

    def wants(self, rule_id: str) -> bool:
        """Whether a rule of the pack is to count."""
        return rule_id not in self.without and (not self.only or rule_id in self.only)


class PackFile(PluginConfig):
    """What stands in the file; the rules are checked one by one."""

    about: str = Field(default="", max_length=2000)
    rules: tuple[dict[str, Any], ...] = Field(min_length=1, max_length=MOST_RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A pack whose rules are all right."""

    name: str
    about: str
    rules: tuple[Mapping[str, Any], ...]
    """Settings, each with its `type`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenery:
    """What a camera has."""

    zones: Sequence[str]
    lines: Sequence[str]
    offers: frozenset[str]
    """See `rules.build.EVERYTHING`."""
    labels: frozenset[str] | None
    """The classes that its models know; None where nobody can say."""
    place: Place
    own: Set[str] = frozenset()
    """Ids of its own rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A rule that does not count at a camera."""

    pack: str
    rule: str
    reason: str


def typed(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule of a pack as settings of a plug-in: `type: when`, unless it says another."""
    return {"type": "when", **rule}


def check_rule(rule: Mapping[str, Any]) -> None:
    """Build it for a camera that has everything.

    Raises:
        InvalidConfig, pydantic.ValidationError, UnknownPlugin: it can count nowhere.
    """
    configure("rule", rule)
    zones, lines = (sorted(set(_named(rule, keys))) for keys in (ZONE_KEYS, LINE_KEYS))
    plain = {key: value for key, value in rule.items() if key != "schedule"}
    build_rule(plain, zones, lines, offers=EVERYTHING)


def at_camera(
    pack: Pack, use: PackUse, scenery: Scenery
) -> tuple[tuple[dict[str, Any], ...], tuple[Absent, ...]]:
    """The rules of a pack that count at a camera, with its names for places; and the others. A
    camera's own rule counts instead of one with the same id."""
    here: list[dict[str, Any]] = []
    absent: list[Absent] = []
    for rule in pack.rules:
        if not use.wants(str(rule["id"])):
            continue
        mine = _renamed(rule, use.places)
        reason = OWN if rule["id"] in scenery.own else _obstacle(mine, scenery)
        if reason:
            absent.append(Absent(pack=pack.name, rule=str(rule["id"]), reason=reason))
        else:
            here.append(mine)
    return tuple(here), tuple(absent)


def _obstacle(rule: Mapping[str, Any], scenery: Scenery) -> str:
    """Why a rule does not count there; empty where it does."""
    if scenery.labels is not None:
        for wanted in _label_lists(rule):
            if not scenery.labels.intersection(wanted):
                return (
                    f"no model of this camera knows {' or '.join(wanted)}; `vedette models list` "
                    "shows those there are, docs/models.md how to bring another"
                )
    try:
        build_rule(rule, scenery.zones, scenery.lines, scenery.place, scenery.offers)
    except InvalidConfig as error:
        return str(error).removeprefix(f"rule {rule['id']!r}: ")
    return ""


def _named(value: Any, keys: frozenset[str]) -> Iterator[str]:
    """Every text under one of these keys, however deep."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in keys and isinstance(inner, str):
                yield inner
            else:
                yield from _named(inner, keys)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _named(inner, keys)


def _label_lists(value: Any) -> Iterator[tuple[str, ...]]:
    """Every list of classes: one of each has to be known."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            names = (inner,) if isinstance(inner, str) else inner
            plain = isinstance(names, list | tuple) and all(isinstance(n, str) for n in names)
            if key in LABEL_KEYS and plain and names:
                yield tuple(names)
            elif key != "schedule":
                yield from _label_lists(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _label_lists(inner)


def _renamed(value: Any, places: Mapping[str, str]) -> Any:
    """The same with the camera's names for zones and lines."""
    if isinstance(value, Mapping):
        return {
            key: places.get(inner, inner)
            if key in ZONE_KEYS | LINE_KEYS and isinstance(inner, str)
            else _renamed(inner, places)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_renamed(inner, places) for inner in value]
    return value
