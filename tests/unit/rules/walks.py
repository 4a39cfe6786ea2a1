"""Objects that move: each is a function of time to its box, or to None where it is not there.

`walk(condition, {1: line((0.1, 0.5), (0.9, 0.5), 4.0)})` gives `["0.6 open track-1 held", ...]`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.unit.rules.script import START_US
from tests.unit.rules.script import line as said_in_a_line
from vedette.contracts.sample import Samples, quantise
from vedette.contracts.verdict import RuleVerdict
from vedette.rules.build import build_rule
from vedette.rules.port import Rule
from vedette.testing.rule_contract import LINES, ZONES, Seen, moment

Box = tuple[float, float, float, float]
Path = Callable[[float], Box | None]


@dataclass(frozen=True, kw_only=True)
class Body:
    """An object with its class and its joints, where it has some."""

    path: Path
    label: str = "person"
    joints: Callable[[float], npt.NDArray[np.float64] | None] = field(default=lambda at_s: None)
    """(17, 3) as fractions of the picture with scores."""


Bodies = Mapping[int, Body | Path]
"""By number of the track."""


def around(x: float, y: float, size: float = 0.1) -> Box:
    """A box of twice the height of its width that stands on a point."""
    return (x - size / 4, y - size, x + size / 4, y)


def line(a: tuple[float, float], b: tuple[float, float], lasts_s: float) -> Path:
    """From a to b with one speed; it stays there."""

    def path(at_s: float) -> Box:
        part = min(at_s / lasts_s, 1.0)
        return around(a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part)

    return path


def stands(x: float, y: float, since_s: float = 0.0, until_s: float = 1e9) -> Path:
    """At one place, for a while."""
    return lambda at_s: around(x, y) if since_s <= at_s < until_s else None


def rule(when: Mapping[str, Any], **settings: Any) -> Rule:
    """A rule with this condition, for the camera of the contract suite."""
    everybody = {"labels": ["person", "car"]}
    return build_rule(
        {"type": "when", "id": "r", "when": when, **everybody, **settings}, ZONES, LINES
    ).rule


def story(
    bodies: Bodies,
    lasts_s: float,
    *,
    step_s: float = 0.2,
    ground: Callable[[Samples], npt.NDArray[np.float32]] | None = None,
    tampering: Callable[[float], str] = lambda at_s: "",
) -> list[Samples]:
    """The moments of these bodies; a track ends when its body is not there any more."""
    cast = {n: b if isinstance(b, Body) else Body(path=b) for n, b in bodies.items()}
    moments, first = [], dict[int, int]()
    for index in range(round(lasts_s / step_s) + 1):
        at_s = index * step_s
        at_us = START_US + round(at_s * 1e6)
        boxes = {number: body.path(at_s) for number, body in cast.items()}
        there = {number: box for number, box in boxes.items() if box is not None}
        ended = [number for number in first if number not in there]
        for number in ended:
            del first[number]
        seen = [
            Seen(
                track=number,
                label=cast[number].label,
                box=box,
                first_us=first.setdefault(number, at_us),
            )
            for number, box in there.items()
        ]
        samples = replace(moment(at_us, seen, ended), aspect=1.0, tampering=tampering(at_s))
        joints = [cast[number].joints(at_s) for number in there]
        if any(each is not None for each in joints):
            known = [np.zeros((17, 3)) if each is None else each for each in joints]
            samples = replace(samples, keypoints=quantise(np.stack(known)))
        moments.append(samples if ground is None else replace(samples, ground=ground(samples)))
    return moments


def told(rule: Rule, moments: list[Samples]) -> list[RuleVerdict]:
    """Every verdict while they pass, without those of the end."""
    state, verdicts = rule.start(), list[RuleVerdict]()
    for samples in moments:
        state, said = rule.step(state, samples)
        verdicts += said
    return verdicts


def walk(when: Mapping[str, Any], bodies: Bodies, lasts_s: float, **more: Any) -> list[str]:
    """What opens and closes while these bodies move."""
    verdicts = told(rule(when), story(bodies, lasts_s, **more))
    return [said_in_a_line(v) for v in verdicts if v.action != "reject"]


def reasons(
    when: Mapping[str, Any], bodies: Bodies, lasts_s: float, **more: Any
) -> list[tuple[str, dict[str, Any]]]:
    """Why it did not count, in the order in which that was said."""
    verdicts = told(rule(when), story(bodies, lasts_s, **more))
    return [(v.code, dict(v.numbers)) for v in verdicts if v.action == "reject"]
