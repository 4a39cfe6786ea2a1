"""Builds the rules of one camera from their settings."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from vedette.calendar.schedule import Calendar, Place
from vedette.contracts.errors import InvalidConfig
from vedette.contracts.event import Severity
from vedette.plugins.registry import configure
from vedette.rules.base import RuleConfig
from vedette.rules.port import Rule
from vedette.rules.scheduled import ScheduledRule

SOMEWHERE = Place()

GROUND, POSE = "ground", "pose"
EVERYTHING = frozenset({GROUND, POSE})
"""What a camera may know beyond boxes, and rules may need."""
CAMERA = "camera"
"""What events of rules about the camera itself are about."""

_LACKS = {
    GROUND: "it measures in metres, and the camera has no `ground` (docs/rules.md)",
    POSE: "it asks how a person stands, and none of the camera's `detect.detectors` has a model "
    "for poses (docs/models.md)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltRule:
    """A rule with what its events are called."""

    id: str
    kind: str
    """Name of the plug-in, which is the type of its events: `presence`, `enter` ..."""
    severity: Severity
    message: str | None
    zone: str | None
    line: str | None
    rule: Rule
    label: str | None = None
    """What its events are about, where that is no tracked object."""
    keep: bool = False
    """The files of its events are never deleted."""
    tag: str = ""
    """A word on the files of its events; the camera's if empty."""
    config: RuleConfig | None = None
    """What it was built of."""
    blind: bool = False
    """It is about the camera itself, and asked also while no pictures come."""


def build_rule(
    settings: Mapping[str, Any],
    zones: Sequence[str],
    lines: Sequence[str],
    place: Place = SOMEWHERE,
    offers: Set[str] = EVERYTHING,
) -> BuiltRule:
    """One rule from `{"type": "presence", "id": ..., ...}`.

    Args:
        zones, lines: ids of the camera's, in the order of `Samples`.
        place: whose clocks, sun and holidays its schedule means.
        offers: which of `EVERYTHING` the camera has.
    Raises:
        UnknownPlugin: no rule is called so.
        InvalidConfig: it names a zone or line that the camera does not have, it needs what the
            camera does not offer, or its schedule needs to know more of the place.
        pydantic.ValidationError: its own settings are wrong.
    """
    plugin, config = configure("rule", settings)
    kind = str(settings["type"])
    if not isinstance(config, RuleConfig):
        raise InvalidConfig(
            f"the plug-in {kind!r} is not a rule of this version: its Config must derive from "
            "vedette.rules.base.RuleConfig"
        )
    rule: Rule = plugin(config, zones=tuple(zones), lines=tuple(lines))
    for need in sorted(getattr(rule, "needs", frozenset()) - offers):
        raise InvalidConfig(f"rule {config.id!r}: {_LACKS[need]}")
    if config.schedule is not None:
        try:
            rule = ScheduledRule(rule, Calendar(config.schedule, place))
        except ValueError as error:
            raise InvalidConfig(f"rule {config.id!r}: {error}") from error
    blind = bool(getattr(rule, "blind", False))
    return BuiltRule(
        id=config.id,
        kind=getattr(config, "event", None) or (config.id if kind == "when" else kind),
        severity=config.severity,
        message=config.message,
        zone=getattr(config, "zone", None),
        line=getattr(config, "line", None),
        rule=rule,
        label=CAMERA if blind else None,
        blind=blind,
        keep=config.keep,
        tag=config.tag,
        config=config,
    )


def build_rules(
    settings: Sequence[Mapping[str, Any]],
    zones: Sequence[str],
    lines: Sequence[str],
    place: Place = SOMEWHERE,
) -> tuple[BuiltRule, ...]:
    """Every rule of one camera.

    Raises:
        InvalidConfig: as `build_rule`; or two rules have the same id.
        pydantic.ValidationError: the settings of one rule are wrong.
    """
    rules = tuple(build_rule(one, zones, lines, place) for one in settings)
    ids = [rule.id for rule in rules]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise InvalidConfig(f"two rules have the id {twice[0]!r}; ids must differ")
    return rules
