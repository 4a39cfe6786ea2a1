"""Opens when something crosses a line; one short event per crossing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import Field

from vedette.contracts.payload import Slug
from vedette.contracts.sample import Samples
from vedette.contracts.verdict import RuleAction, RuleVerdict
from vedette.rules.base import (
    MOST_REJECTS,
    Judge,
    Judged,
    RuleConfig,
    index_of,
    microseconds,
    reject,
    track_key,
)


class LineCrossingConfig(RuleConfig):
    """`type: line_crossing`"""

    line: Slug = Field(description="Id of the line.")
    direction: Literal["any", "forward", "backward"] = Field(
        default="any", description="Forward is from the left to the right of a walker from a to b."
    )
    end_after_s: float = Field(
        default=2.0, ge=0.0, le=3600.0, description="The event closes after this long."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """An open event."""

    track: int
    opened_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineState:
    """Never changed in place."""

    counts: Mapping[int, int] = field(default_factory=dict)
    """By track: how often it has crossed, in either direction."""
    open: Mapping[str, Crossing] = field(default_factory=dict)
    """By key."""


class LineCrossingRule:
    """Something crossed the line. The key is the track's and the number of its crossing."""

    Config: ClassVar = LineCrossingConfig

    def __init__(
        self, config: LineCrossingConfig, *, zones: Sequence[str] = (), lines: Sequence[str] = ()
    ) -> None:
        """
        Raises:
            InvalidConfig: there is no such line.
        """
        self.config = config
        self._judge = Judge(config, None, zones)
        self._line = index_of("line", config.line, lines, config.id)
        self._end_us = microseconds(config.end_after_s)

    def start(self) -> LineState:
        """Nobody was seen yet."""
        return LineState()

    def step(self, state: LineState, samples: Samples) -> tuple[LineState, Sequence[RuleVerdict]]:
        """One moment on; see `rules/port.py`."""
        counts, still_open = dict(state.counts), dict(state.open)
        verdicts: list[RuleVerdict] = []
        for key, crossing in state.open.items():
            if samples.at_us - crossing.opened_us >= self._end_us:
                verdicts.append(_close(key, crossing, samples.at_us, "done"))
                del still_open[key]
        ways = samples.crossings[:, self._line].tolist()
        if any(ways):
            judged = self._judge.look(samples)
            for row, track in enumerate(samples.ids.tolist()):
                if ways[row]:
                    counts[track] = counts.get(track, 0) + 1
                    said = self._consider(judged, row, ways[row], counts[track])
                    if said.action is RuleAction.OPEN:
                        still_open[said.key] = Crossing(track=track, opened_us=samples.at_us)
                    elif counts[track] > MOST_REJECTS:
                        continue
                    verdicts.append(said)
        for track in samples.ended:
            counts.pop(track, None)
        return LineState(counts=counts, open=still_open), verdicts

    def finish(self, state: LineState, at_us: int, code: str) -> Sequence[RuleVerdict]:
        """The camera ends."""
        return [_close(key, crossing, at_us, code) for key, crossing in state.open.items()]

    def _consider(self, judged: Judged, row: int, way: int, number: int) -> RuleVerdict:
        samples = judged.samples
        track = int(samples.ids[row])
        if fault := judged.faults[row]:
            numbers, _ = self._judge.measure(judged, row)
            return reject(track, samples.at_us, fault, numbers)
        direction = "forward" if way > 0 else "backward"
        if self.config.direction not in ("any", direction):
            wrong = {"direction": direction, "needed": self.config.direction}
            return reject(track, samples.at_us, "direction", wrong)
        return RuleVerdict(
            action=RuleAction.OPEN,
            key=f"{track_key(track)}-{number}",
            at_us=samples.at_us,
            code="crossed",
            track=track,
            first_us=samples.at_us,
            numbers={"direction": direction, "crossing": number},
        )


def _close(key: str, crossing: Crossing, at_us: int, code: str) -> RuleVerdict:
    return RuleVerdict(
        action=RuleAction.CLOSE, key=key, at_us=at_us, code=code, track=crossing.track
    )
