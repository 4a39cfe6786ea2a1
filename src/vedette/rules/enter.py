"""Opens when something comes into a zone from outside; one event per visit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from pydantic import Field

from vedette.contracts.payload import Slug
from vedette.contracts.sample import Samples
from vedette.contracts.verdict import RuleAction, RuleVerdict
from vedette.rules.base import (
    Judge,
    Judged,
    Refusals,
    ZoneRuleConfig,
    microseconds,
    refuse,
    reject,
    seconds,
    track_key,
)


class EnterConfig(ZoneRuleConfig):
    """`type: enter`"""

    zone: Slug = Field(description="Id of the zone that is entered.")
    count_appearing: bool = Field(
        default=False,
        description="Count what was first seen inside, too (it may have come out of a door there).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One track inside the zone, or only just out of it."""

    entered_us: int
    last_us: int
    """When it was last inside."""
    open: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterState:
    """Never changed in place."""

    visits: Mapping[int, Visit] = field(default_factory=dict)
    done_us: Mapping[int, int] = field(default_factory=dict)
    """By track: until when it was inside in a visit that is closed; it opens no second event."""
    told: Refusals = field(default_factory=dict)


class EnterRule:
    """Something came in. Closes when it was out for `end_after_s`, or at once when lost."""

    Config: ClassVar = EnterConfig

    def __init__(
        self, config: EnterConfig, *, zones: Sequence[str] = (), lines: Sequence[str] = ()
    ) -> None:
        """
        Raises:
            InvalidConfig: there is no such zone.
        """
        self.config = config
        self._judge = Judge(config, config.zone, zones)
        self._end_us = microseconds(config.end_after_s)

    def start(self) -> EnterState:
        """Nobody was seen yet."""
        return EnterState()

    def step(self, state: EnterState, samples: Samples) -> tuple[EnterState, Sequence[RuleVerdict]]:
        """One moment on; see `rules/port.py`."""
        judged = self._judge.look(samples)
        counted = {track for track, visit in state.visits.items() if visit.open}
        told, verdicts = refuse(self._judge, judged, state.told, counted)
        visits, done_us = dict(state.visits), dict(state.done_us)
        for row, track in enumerate(samples.ids.tolist()):
            if judged.inside[row]:
                visit = self._visit(visits.get(track), judged, row, done_us.get(track, -1))
                visits[track], said = self._consider(track, visit, judged, row)
                verdicts += said
        for track, visit in list(visits.items()):
            lost = track in samples.ended
            if not lost and samples.at_us - visit.last_us < max(self._end_us, 1):
                continue
            del visits[track]
            if visit.open:
                done_us[track] = visit.last_us
                verdicts.append(_close(track, visit, samples.at_us, "lost" if lost else "left"))
        for track in samples.ended:
            done_us.pop(track, None)
        return EnterState(visits=visits, done_us=done_us, told=told), verdicts

    def finish(self, state: EnterState, at_us: int, code: str) -> Sequence[RuleVerdict]:
        """The camera ends."""
        return [_close(t, v, at_us, code) for t, v in state.visits.items() if v.open]

    def _visit(self, before: Visit | None, judged: Judged, row: int, done_us: int) -> Visit:
        """The visit that goes on (short absences included), or a new one."""
        at_us, entered_us = judged.samples.at_us, judged.entered_us[row]
        if before is not None and (before.open or before.entered_us == entered_us):
            return replace(before, last_us=at_us)
        return Visit(entered_us=entered_us, last_us=at_us, refused=entered_us <= done_us)

    def _consider(
        self, track: int, visit: Visit, judged: Judged, row: int
    ) -> tuple[Visit, list[RuleVerdict]]:
        """Open at the first moment inside at which every predicate holds."""
        if visit.open or visit.refused or judged.faults[row]:
            return visit, []
        at_us = judged.samples.at_us
        appeared = visit.entered_us <= int(judged.samples.first_us[row])
        if appeared and not self.config.count_appearing:
            numbers = {"zone": self.config.zone}
            said = reject(track, at_us, "appeared_inside", numbers)
            return replace(visit, refused=True), [said]
        opened = RuleVerdict(
            action=RuleAction.OPEN,
            key=track_key(track),
            at_us=at_us,
            code="entered",
            track=track,
            first_us=visit.entered_us,
            numbers={"inside_s": seconds(at_us - visit.entered_us)},
        )
        return replace(visit, open=True), [opened]


def _close(track: int, visit: Visit, at_us: int, code: str) -> RuleVerdict:
    return RuleVerdict(
        action=RuleAction.CLOSE,
        key=track_key(track),
        at_us=at_us,
        code=code,
        track=track,
        numbers={"inside_s": seconds(visit.last_us - visit.entered_us)},
    )
