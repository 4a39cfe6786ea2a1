"""Opens while there are too many, or too few, in a zone; one event per zone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from pydantic import Field, model_validator

from vedette.contracts.sample import Samples
from vedette.contracts.verdict import RuleAction, RuleVerdict
from vedette.rules.base import Judge, ZoneRuleConfig, microseconds, seconds


class CountConfig(ZoneRuleConfig):
    """`type: count`"""

    at_least: int | None = Field(default=None, ge=1, le=10_000, description="This many or more.")
    at_most: int | None = Field(default=None, ge=0, le=10_000, description="This many or fewer.")
    for_s: float = Field(
        default=1.0, ge=0.0, le=86400.0, description="The event opens after this long."
    )

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("a count needs either `at_least` or `at_most`, and not both")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class CountState:
    """Never changed in place."""

    since_us: int | None = None
    """Since when the condition holds (short breaks of an open event included)."""
    last_us: int = 0
    """When it last held."""
    open: bool = False
    peak: int = 0
    """Most (at_least) or fewest (at_most) since then."""


class CountRule:
    """Objects in the zone that fulfil every predicate are counted."""

    Config: ClassVar = CountConfig

    def __init__(
        self, config: CountConfig, *, zones: Sequence[str] = (), lines: Sequence[str] = ()
    ) -> None:
        """
        Raises:
            InvalidConfig: there is no such zone.
        """
        self.config = config
        self._judge = Judge(config, config.zone, zones)
        self._key = "picture" if config.zone is None else f"zone-{config.zone}"
        self._needed_us = microseconds(config.for_s)
        self._end_us = microseconds(config.end_after_s)

    def start(self) -> CountState:
        """Nothing was counted yet."""
        return CountState()

    def step(self, state: CountState, samples: Samples) -> tuple[CountState, Sequence[RuleVerdict]]:
        """One moment on; see `rules/port.py`."""
        count = self._judge.look(samples).faults.count("")
        if self._holds(count):
            return self._go_on(state, count, samples.at_us)
        if state.since_us is None:
            return state, ()
        if state.open and samples.at_us - state.last_us < max(self._end_us, 1):
            return state, ()
        return CountState(), [self._end(state, samples.at_us, "cleared")]

    def finish(self, state: CountState, at_us: int, code: str) -> Sequence[RuleVerdict]:
        """The camera ends."""
        return [] if state.since_us is None else [self._end(state, at_us, code)]

    def _holds(self, count: int) -> bool:
        if self.config.at_least is not None:
            return count >= self.config.at_least
        return self.config.at_most is not None and count <= self.config.at_most

    def _go_on(
        self, state: CountState, count: int, at_us: int
    ) -> tuple[CountState, Sequence[RuleVerdict]]:
        since_us = at_us if state.since_us is None else state.since_us
        extreme = max if self.config.at_least is not None else min
        peak = count if state.since_us is None else extreme(state.peak, count)
        after = replace(state, since_us=since_us, last_us=at_us, peak=peak)
        if not state.open and at_us - since_us >= self._needed_us:
            after = replace(after, open=True)
            return after, [self._say(RuleAction.OPEN, after, at_us, "counted", count)]
        if state.open and peak != state.peak:
            return after, [self._say(RuleAction.UPDATE, after, at_us, "counted", count)]
        return after, ()

    def _say(
        self, action: RuleAction, state: CountState, at_us: int, code: str, count: int
    ) -> RuleVerdict:
        return RuleVerdict(
            action=action,
            key=self._key,
            at_us=at_us,
            code=code,
            first_us=state.since_us or 0,
            numbers={"count": count, "peak": state.peak},
        )

    def _end(self, state: CountState, at_us: int, code: str) -> RuleVerdict:
        held_s = seconds(state.last_us - (state.since_us or 0))
        if state.open:
            numbers = {"peak": state.peak, "held_s": held_s}
            return RuleVerdict(
                action=RuleAction.CLOSE, key=self._key, at_us=at_us, code=code, numbers=numbers
            )
        return RuleVerdict(
            action=RuleAction.REJECT,
            key=self._key,
            at_us=at_us,
            code="dwell_short",
            numbers={"dwell_s": held_s, "needed_s": seconds(self._needed_us), "peak": state.peak},
        )
