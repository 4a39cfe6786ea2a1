"""What all rules share: settings, predicates on a track, and the words of their verdicts.

Codes of an OPEN: `present` (presence), `entered` (enter), `left`, `vanished` (leave),
`loitered` (loiter), `crossed` (line_crossing), `counted` (count).

Codes of a CLOSE: `left` (out of the zone for long enough), `lost` (the track ended), `done` (a
short event is over), `returned` (back in the zone), `cleared` (a count no longer holds), the
code of the predicate that failed, `off_schedule` (its hours are over), or what `finish` was told
(`source_ended`, `stopped` ...).

Codes of a REJECT, the first predicate that failed, in this order:
    `label`            {label, wanted}      the rule is about other classes
    `score_low`        {score, needed}      median score of the track
    `too_small`        {height, needed} or {area, needed}   fractions of the picture
    `outside`          {zone}               not in the zone
    `dwell_short`      {dwell_s, needed_s}  the stay, or the count, ended too early
    `appeared_inside`  {zone}               seen first inside: nobody saw it enter
    `direction`        {direction, needed}  crossed the line the other way
    `vanished`         {zone}               ended inside: nobody saw it leave
    `off_schedule`     {again}              the rule does not count now; when it does again
A REJECT is said when the reason changes, at most eight times per track and rule, and once more
when a track ends that came closer than it was said to; `dwell_short` when a stay was longer than
those that were said before.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from pydantic import Field

from vedette.calendar.schedule import Schedule
from vedette.contracts.errors import InvalidConfig
from vedette.contracts.event import Severity
from vedette.contracts.lifecycle import Tag
from vedette.contracts.payload import Slug
from vedette.contracts.sample import QUANTUM, Samples
from vedette.contracts.verdict import Numbers, RuleAction, RuleVerdict
from vedette.plugins.registry import PluginConfig

MOST_REJECTS = 8
"""Per track and rule."""

FAULTS = ("", "label", "score_low", "too_small", "outside")
"""Predicates in the order in which they are asked; empty where all hold."""


class RuleConfig(PluginConfig):
    """Settings of every rule."""

    id: Slug
    labels: tuple[str, ...] = Field(
        default=("person",), description="Classes that the rule is about; every class where empty."
    )
    min_score: float = Field(
        default=0.0, ge=0.0, le=1.0, description="Lowest median score over the track."
    )
    min_height: float = Field(
        default=0.0, ge=0.0, le=1.0, description="Smallest height, a fraction of the picture's."
    )
    min_area: float = Field(
        default=0.0, ge=0.0, le=1.0, description="Smallest area, a fraction of the picture's."
    )
    severity: Severity = Severity.INFO
    message: str | None = Field(
        default=None, min_length=1, max_length=200, description="What a notice says about it."
    )
    schedule: Schedule | None = Field(
        default=None, description="When it counts; always where absent (docs/rules.md)."
    )
    keep: bool = Field(
        default=False,
        description="Retention never deletes the files of its events, whatever their age or size.",
    )
    tag: Tag = Field(
        default="", description="A short word on the files of its events; the camera's if empty."
    )


class ZoneRuleConfig(RuleConfig):
    """Settings of a rule about a zone, or about the whole picture."""

    zone: Slug | None = Field(
        default=None, description="Id of a zone; the whole picture if absent."
    )
    end_after_s: float = Field(
        default=2.0,
        ge=0.0,
        le=3600.0,
        description="The event closes when the object was out this long.",
    )


def index_of(what: str, wanted: str, known: Sequence[str], rule_id: str) -> int:
    """Position of a zone or line among those of the camera.

    Args:
        what: `zone` or `line`.
    Raises:
        InvalidConfig: there is none of that id; the sentence lists those there are.
    """
    if wanted in known:
        return known.index(wanted)
    there = f"there are: {', '.join(known)}" if known else f"this camera has no {what}s"
    raise InvalidConfig(f"rule {rule_id!r}: there is no {what} {wanted!r}; {there}")


def seconds(duration_us: int) -> float:
    """Microseconds as the seconds that people read, to the millisecond."""
    return round(duration_us / 1e6, 3)


def microseconds(duration_s: float) -> int:
    return round(duration_s * 1e6)


def track_key(track: int) -> str:
    return f"track-{track}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Samples with the first predicate that fails of each row."""

    samples: Samples
    faults: tuple[str, ...]
    """(n,) a word of FAULTS; being outside comes last, so `outside` means all else holds."""
    inside: tuple[bool, ...]
    """(n,) in the zone, whatever the other predicates say."""
    entered_us: tuple[int, ...]
    """(n,) when it entered the zone; when it was first seen, for the whole picture."""


class Judge:
    """The predicates that every rule asks first: label, score, size, zone. Columnar."""

    def __init__(self, config: RuleConfig, zone: str | None, zones: Sequence[str]) -> None:
        self._config = config
        self._zone = zone
        self._bit = None if zone is None else index_of("zone", zone, zones, config.id)

    def look(self, samples: Samples) -> Judged:
        """Ask every predicate of every track."""
        count = len(samples)
        fault = np.zeros(count, dtype=np.int8)
        inside = self._inside(samples)
        fault[~inside] = FAULTS.index("outside")
        if self._config.min_height or self._config.min_area:
            fault[self._small(samples)] = FAULTS.index("too_small")
        if self._config.min_score:
            fault[samples.scores < math.floor(self._config.min_score * QUANTUM)] = FAULTS.index(
                "score_low"
            )
        if self._config.labels:
            known = [label in self._config.labels for label in samples.labels]
            wanted = np.array(known, dtype=np.bool_)[samples.classes]
            fault[~wanted] = FAULTS.index("label")
        entered = samples.first_us if self._bit is None else samples.entered_us[:, self._bit]
        return Judged(
            samples=samples,
            faults=tuple(FAULTS[code] for code in fault.tolist()),
            inside=tuple(inside.tolist()),
            entered_us=tuple(entered.tolist()),
        )

    def measure(self, judged: Judged, row: int) -> tuple[Numbers, float]:
        """Why a row fails, in figures; and how close it came (more is closer)."""
        samples, fault = judged.samples, judged.faults[row]
        if fault == "label":
            label = samples.labels[int(samples.classes[row])]
            return {"label": label, "wanted": ", ".join(self._config.labels)}, 0.0
        if fault == "score_low":
            score = round(int(samples.scores[row]) / QUANTUM, 4)
            return {"score": score, "needed": self._config.min_score}, score
        if fault == "too_small":
            left, top, right, bottom = (int(v) / QUANTUM for v in samples.boxes[row])
            height, area = round(bottom - top, 4), round((right - left) * (bottom - top), 6)
            if height < self._config.min_height:
                return {"height": height, "needed": self._config.min_height}, height
            return {"area": area, "needed": self._config.min_area}, area
        return {"zone": self._zone or ""}, 0.0

    def _inside(self, samples: Samples) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        if self._bit is None:
            return np.ones(len(samples), dtype=np.bool_)
        return (samples.zones >> np.uint64(self._bit) & np.uint64(1)).astype(np.bool_)

    def _small(self, samples: Samples) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        boxes = samples.boxes.astype(np.int64)
        width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
        low = height < math.floor(self._config.min_height * QUANTUM)
        slight = width * height < self._config.min_area * QUANTUM**2
        small: np.ndarray[tuple[int], np.dtype[np.bool_]] = low | slight
        return small


class Measures(Protocol):
    """Knows the figures of what failed."""

    def measure(self, judged: Judged, row: int) -> tuple[Numbers, float]:
        """Why a row fails, in figures; and how close it came (more is closer)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What was last said of a track that does not count."""

    fault: str = ""
    said: float = 0.0
    """How close it was when that was said."""
    best: float = 0.0
    times: int = 0
    numbers: Numbers = field(default_factory=dict)
    """Of the moment when it was closest."""


_NOTHING_SAID = Refusal()

Refusals = Mapping[int, Refusal]
"""By track number."""


def refuse(
    judge: Measures,
    judged: Judged,
    told: Refusals,
    counted: Collection[int] = (),
    growing: frozenset[str] = frozenset(),
) -> tuple[Refusals, list[RuleVerdict]]:
    """REJECTs of this step: for each track whose first failing predicate changed.

    Args:
        counted: tracks that have an open event; a short absence of theirs is no refusal.
        growing: codes whose figures grow while they last, so that they are said at their end.
    """
    after = dict(told)
    verdicts: list[RuleVerdict] = []
    for row, track in enumerate(judged.samples.ids.tolist()):
        if track in counted:
            continue
        before = after.get(track, _NOTHING_SAID)
        now = _consider(judge, judged, row, before)
        if now is before:
            continue
        after[track] = now
        if before.fault in growing and now.fault != before.fault and before.best > before.said:
            verdicts.append(reject(track, judged.samples.at_us, before.fault, before.numbers))
        if before.times < now.times <= MOST_REJECTS:
            verdicts.append(reject(track, judged.samples.at_us, now.fault, now.numbers))
    for track in judged.samples.ended:
        last = after.pop(track, None)
        if last is not None and last.best > last.said and track not in counted:
            verdicts.append(reject(track, judged.samples.at_us, last.fault, last.numbers))
    return after, verdicts


def _consider(judge: Measures, judged: Judged, row: int, before: Refusal) -> Refusal:
    """What is to be remembered of a track; `before` itself where nothing changed."""
    fault = judged.faults[row]
    if not fault:
        return replace(before, best=before.said) if before.best > before.said else before
    if fault == before.fault and fault in ("label", "outside"):
        return before
    numbers, value = judge.measure(judged, row)
    if fault != before.fault:
        times = before.times + 1
        return Refusal(fault=fault, said=value, best=value, times=times, numbers=numbers)
    return replace(before, best=value, numbers=numbers) if value > before.best else before


def reject(track: int, at_us: int, code: str, numbers: Numbers) -> RuleVerdict:
    """A line for the ledger: why nothing came of it."""
    return RuleVerdict(
        action=RuleAction.REJECT,
        key=track_key(track),
        at_us=at_us,
        code=code,
        track=track,
        numbers=numbers,
    )
