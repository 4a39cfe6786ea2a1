"""One camera's stored tracks under its settings, and under changes of them: what opens.

An event is known here by its rule and its track; events of no single object (counts) are left out.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vedette.app.backtest import PastMoment, judged
from vedette.app.build import zone_map
from vedette.app.camera_settings import CameraSettings
from vedette.contracts.sample import QUANTUM, Samples
from vedette.contracts.verdict import Numbers, RuleAction
from vedette.evaluation.suggest import Points, Span
from vedette.pipeline.past import PastTrack
from vedette.rules.build import SOMEWHERE, BuiltRule, build_rules

Spans = Mapping[str, Span]
"""By name of the figure: `score`, `height`, `area`, `shape`."""

Opened = list[set[str]]
"""Ids of tracks with an event, by rule, in the order of the rules that were judged."""


@dataclass(slots=True)
class Seen:
    """What rules saw of one object while they could have counted it."""

    spans: dict[str, Span] = field(default_factory=dict)
    feet: list[tuple[float, float]] = field(default_factory=list)

    @property
    def points(self) -> Points:
        return np.asarray(self.feet, dtype=np.float64).reshape(-1, 2)


@dataclass(slots=True)
class Look:
    """One pass over the tracks."""

    opened: Opened
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)
    """By zone (empty: anywhere) and track."""
    refused: dict[tuple[int, str], list[tuple[str, Numbers]]] = field(default_factory=dict)
    """Why nothing opened, by rule and track."""


def rules_of(camera: CameraSettings, rules: Sequence[Mapping[str, Any]]) -> tuple[BuiltRule, ...]:
    """Rules at a camera, each for itself: several may have the same id.

    Raises:
        InvalidConfig, pydantic.ValidationError: one of them is wrong.
    """
    zones = zone_map(camera)
    place = camera.place or SOMEWHERE
    return tuple(
        built
        for rule in rules
        for built in build_rules([rule], zones.zone_ids, zones.line_ids, place)
    )


def look(
    camera: CameraSettings,
    rules: Sequence[BuiltRule],
    tracks: Sequence[PastTrack],
    *,
    watched: Collection[str] = (),
    missed: Collection[str] = (),
) -> Look:
    """Judge the tracks once.

    Args:
        watched: tracks of which figures are wanted.
        missed: tracks of which refusals are wanted.
    """
    found = Look(opened=[set() for _ in rules])
    zones = {
        rule.zone or "": None if rule.zone is None else zone_map(camera).zone_ids.index(rule.zone)
        for rule in rules
    }
    wanted = frozenset(watched)
    for moment in judged(camera, rules, tracks):
        session = moment.session[0].session
        for index, track, action, code, numbers in _said(moment):
            name = f"{session}/{track}"
            if action is RuleAction.OPEN:
                found.opened[index].add(name)
            elif action is RuleAction.REJECT and name in missed:
                found.refused.setdefault((index, name), []).append((code, numbers))
        if wanted and len(moment.samples):
            _watch(found, moment.samples, session, wanted, zones)
    return found


def _said(moment: PastMoment) -> Iterator[tuple[int, int, RuleAction, str, Numbers]]:
    for index, (_, verdicts) in enumerate(moment.said):
        for verdict in verdicts:
            if verdict.track:
                yield index, verdict.track, verdict.action, verdict.code, verdict.numbers


def _watch(
    found: Look,
    samples: Samples,
    session: str,
    wanted: Collection[str],
    zones: Mapping[str, int | None],
) -> None:
    """Take the figures of the objects that are watched, in each zone that rules are about."""
    for row, number in enumerate(samples.ids.tolist()):
        name = f"{session}/{number}"
        if name not in wanted:
            continue
        figures = _figures(samples, row)
        left, _, right, bottom = (float(value) / QUANTUM for value in samples.boxes[row])
        for zone, bit in zones.items():
            if bit is not None and not int(samples.zones[row]) >> bit & 1:
                continue
            seen = found.seen.setdefault((zone, name), Seen())
            for key, value in figures.items():
                held = seen.spans.get(key, Span(least=value, most=value))
                seen.spans[key] = Span(least=min(held.least, value), most=max(held.most, value))
            seen.feet.append(((left + right) / 2, bottom))


def _figures(samples: Samples, row: int) -> dict[str, float]:
    left, top, right, bottom = (float(value) / QUANTUM for value in samples.boxes[row])
    wide, tall = right - left, bottom - top
    return {
        "score": int(samples.scores[row]) / QUANTUM,
        "height": tall,
        "area": wide * tall,
        "shape": wide * samples.aspect / max(tall, 1 / QUANTUM),
    }
