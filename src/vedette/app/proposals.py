"""Changes of one rule's settings that may keep false objects out, or let missed ones in."""

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vedette.app.trial import Spans
from vedette.contracts.verdict import Numbers
from vedette.evaluation.suggest import Bound, Kind, Proposal, cuts

Rule = Mapping[str, Any]
"""Settings of a rule, with its `id` and `type`."""

PLAIN = (
    (Kind.SCORE, "score", ("min_score",), 2),
    (Kind.SIZE, "height", ("min_height",), 3),
    (Kind.SIZE, "area", ("min_area",), 4),
)
"""Settings that every rule has: what is changed, its figure, its key, its digits."""
LANGUAGE = (
    (Kind.SIZE, "height", "below", 3),
    (Kind.SIZE, "area", "below", 4),
    (Kind.SHAPE, "shape", "above", 2),
    (Kind.SHAPE, "shape", "below", 2),
)
"""What the conditions of a `when` can bound besides."""


def stricter(rule: Rule, false: Sequence[Spans], others: Sequence[Spans]) -> Iterator[Proposal]:
    """Changes that keep false objects out."""
    for order, bound in enumerate(_bounds(rule)):  # figures are not of one unit
        for value in cuts(bound, false, others):
            step = order + min(abs(value - (bound.now or 0.0)), 0.999)
            path = ("rules", str(rule["id"]), *bound.path)
            yield Proposal(kind=bound.kind, path=path, old=bound.now, new=value, step=step)


def _bounds(rule: Rule) -> Iterator[Bound]:
    for kind, figure, path, digits in PLAIN:
        now = _number(rule.get(path[0]))
        yield Bound(kind=kind, figure=figure, path=path, upper=False, now=now, digits=digits)
    when = rule.get("when")
    if rule["type"] != "when" or not isinstance(when, Mapping):
        return
    for kind, figure, side, digits in LANGUAGE:
        held = when.get(figure, {})
        if isinstance(held, Mapping):
            yield Bound(
                kind=kind,
                figure=figure,
                path=("when", figure, side),
                upper=side == "below",
                now=_number(held.get(side)),
                digits=digits,
            )


def milder(rule: Rule, code: str, numbers: Numbers) -> Proposal | None:
    """The smallest change after which a refusal would not have been said; None where no single
    setting was in the way."""
    if code == "label":
        labels = list(rule.get("labels", ("person",)))
        path = ("rules", str(rule["id"]), "labels")
        new = [*labels, str(numbers["label"])]
        return Proposal(kind=Kind.LABEL, path=path, old=labels, new=new, step=1.0)
    if code == "too_small":
        code = "min_height" if "height" in numbers else "min_area"
    if code not in _MILDER:
        return None
    kind, where, figure, digits = _MILDER[code]
    if code == "dwell_short":
        where = ("dwell_s",) if rule["type"] == "loiter" else ("for_s",)
        where = ("when", "for") if rule["type"] == "when" else where
    return _lowered(rule, kind, where, numbers[figure], digits)


_MILDER: Mapping[str, tuple[Kind, tuple[str, ...], str, int]] = {
    "score_low": (Kind.SCORE, ("min_score",), "score", 2),
    "min_height": (Kind.SIZE, ("min_height",), "height", 3),
    "min_area": (Kind.SIZE, ("min_area",), "area", 4),
    "height_low": (Kind.SIZE, ("when", "height", "above"), "height", 3),
    "area_low": (Kind.SIZE, ("when", "area", "above"), "area", 4),
    "shape_low": (Kind.SHAPE, ("when", "shape", "above"), "shape", 2),
    "dwell_short": (Kind.WAIT, ("for_s",), "dwell_s", 1),
}
"""By the code of a refusal: what is changed, its keys below the rule, its figure, its digits."""


def _lowered(
    rule: Rule, kind: Kind, path: tuple[str, ...], value: Any, digits: int
) -> Proposal | None:
    old = _at(rule, path)
    if old is None:
        return None
    scale = 10**digits
    new = math.floor(float(value) * scale + 1e-9) / scale
    now = _number(old)
    step = 0.0 if now is None else abs(now - new)
    return Proposal(kind=kind, path=("rules", str(rule["id"]), *path), old=old, new=new, step=step)


def changed(thing: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    """A copy with one value changed.

    Args:
        path: keys from the outside in.
    """
    found = copy.deepcopy(dict(thing))
    here = found
    for key in path[:-1]:
        here[key] = dict(here.get(key) or {})
        here = here[key]
    here[path[-1]] = value
    return found


def _at(thing: Any, path: Sequence[str]) -> Any:
    for key in path:
        if not isinstance(thing, Mapping) or key not in thing:
            return None
        thing = thing[key]
    return thing


def _number(value: Any) -> float | None:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if plain else None
