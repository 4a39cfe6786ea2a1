"""Opens when something goes out of a zone; a short event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import Field

from vedette.contracts.payload import Slug
from vedette.contracts.sample import Samples
from vedette.contracts.verdict import Numbers, RuleAction, RuleVerdict
from vedette.rules.base import (
    Judge,
    Judged,
    ZoneRuleConfig,
    microseconds,
    reject,
    seconds,
    track_key,
)


class LeaveConfig(ZoneRuleConfig):
    """`type: leave`"""

    zone: Slug = Field(description="Id of the zone that is left.")
    count_vanishing: bool = Field(
        default=False,
        description="Count a track that ends inside, too (it may have gone through a door there).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupant:
    """One track inside the zone."""

    entered_us: int
    last_us: int
    """When it was last inside."""
    fault: str
    """The predicate that failed then; empty where all held."""
    numbers: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveState:
    """Never changed in place."""

    inside: Mapping[int, Occupant] = field(default_factory=dict)
    opened_us: Mapping[int, int] = field(default_factory=dict)
    """By track: when its event opened."""


class LeaveRule:
    """Something went out: it was inside and is seen outside. Closes after `end_after_s`
    (`done`), or when it comes back (`returned`)."""

    Config: ClassVar = LeaveConfig

    def __init__(
        self, config: LeaveConfig, *, zones: Sequence[str] = (), lines: Sequence[str] = ()
    ) -> None:
        """
        Raises:
            InvalidConfig: there is no such zone.
        """
        self.config = config
        self._judge = Judge(config, config.zone, zones)
        self._end_us = microseconds(config.end_after_s)

    def start(self) -> LeaveState:
        """Nobody was seen yet."""
        return LeaveState()

    def step(self, state: LeaveState, samples: Samples) -> tuple[LeaveState, Sequence[RuleVerdict]]:
        """One moment on; see `rules/port.py`."""
        judged = self._judge.look(samples)
        inside, opened_us = dict(state.inside), dict(state.opened_us)
        verdicts = self._close_due(opened_us, judged)
        for row, track in enumerate(samples.ids.tolist()):
            if judged.inside[row]:
                inside[track] = self._occupant(judged, row)
            elif (occupant := inside.pop(track, None)) is not None:
                verdicts.append(self._leave(track, occupant, samples.at_us, "left"))
        for track in samples.ended:
            if (occupant := inside.pop(track, None)) is not None:
                verdicts.append(self._leave(track, occupant, samples.at_us, "vanished"))
        for verdict in verdicts:
            if verdict.action is RuleAction.OPEN:
                opened_us[verdict.track] = samples.at_us
        return LeaveState(inside=inside, opened_us=opened_us), verdicts

    def finish(self, state: LeaveState, at_us: int, code: str) -> Sequence[RuleVerdict]:
        """The camera ends."""
        return [_close(track, at_us, code) for track in state.opened_us]

    def _close_due(self, opened_us: dict[int, int], judged: Judged) -> list[RuleVerdict]:
        """Close what is over, and forget it."""
        at_us = judged.samples.at_us
        here = dict(zip(judged.samples.ids.tolist(), judged.inside, strict=True))
        verdicts: list[RuleVerdict] = []
        for track, since_us in list(opened_us.items()):
            back = here.get(track, False)
            if back or at_us - since_us >= self._end_us:
                verdicts.append(_close(track, at_us, "returned" if back else "done"))
                del opened_us[track]
        return verdicts

    def _occupant(self, judged: Judged, row: int) -> Occupant:
        fault = judged.faults[row]
        return Occupant(
            entered_us=judged.entered_us[row],
            last_us=judged.samples.at_us,
            fault=fault,
            numbers=self._judge.measure(judged, row)[0] if fault else {},
        )

    def _leave(self, track: int, occupant: Occupant, at_us: int, code: str) -> RuleVerdict:
        if occupant.fault:
            return reject(track, at_us, occupant.fault, occupant.numbers)
        if code == "vanished" and not self.config.count_vanishing:
            return reject(track, at_us, code, {"zone": self.config.zone})
        return RuleVerdict(
            action=RuleAction.OPEN,
            key=track_key(track),
            at_us=at_us,
            code=code,
            track=track,
            first_us=at_us,
            numbers={"stayed_s": seconds(occupant.last_us - occupant.entered_us)},
        )


def _close(track: int, at_us: int, code: str) -> RuleVerdict:
    return RuleVerdict(
        action=RuleAction.CLOSE, key=track_key(track), at_us=at_us, code=code, track=track
    )
