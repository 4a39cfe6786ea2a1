"""A rule that counts at some times only: outside of them it neither sees nor remembers anything."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vedette.calendar.schedule import Calendar, Phase
from vedette.contracts.sample import Samples
from vedette.contracts.verdict import RuleVerdict
from vedette.kit.clock import from_us
from vedette.rules.base import reject
from vedette.rules.port import Rule

OFF = "off_schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledState:
    """Never changed in place."""

    inner: Any = None
    """Of the rule, while it counts."""
    phase: Phase | None = None
    told: frozenset[int] = frozenset()
    """Tracks that were refused because the rule is off."""


class ScheduledRule:
    """Implements `Rule`. What began before the rule counted is taken to have begun with it."""

    def __init__(self, rule: Rule, calendar: Calendar) -> None:
        self._rule = rule
        self._calendar = calendar
        self.blind = bool(getattr(rule, "blind", False))

    def start(self) -> ScheduledState:
        return ScheduledState()

    def step(
        self, state: ScheduledState, samples: Samples
    ) -> tuple[ScheduledState, Sequence[RuleVerdict]]:
        """One moment on; see `rules/port.py`."""
        phase = state.phase
        if phase is None or not phase.holds(samples.at_us):
            phase = self._calendar.phase(samples.at_us)
        if phase.active:
            return self._count(state, phase, samples)
        return self._rest(state, phase, samples)

    def finish(self, state: ScheduledState, at_us: int, code: str) -> Sequence[RuleVerdict]:
        """The camera ends."""
        return () if state.inner is None else self._rule.finish(state.inner, at_us, code)

    def _count(
        self, state: ScheduledState, phase: Phase, samples: Samples
    ) -> tuple[ScheduledState, Sequence[RuleVerdict]]:
        verdicts: list[RuleVerdict] = []
        inner = state.inner
        if inner is not None and state.phase is not None and state.phase != phase:
            verdicts += self._rule.finish(inner, samples.at_us, OFF)  # it was off in between
            inner = None
        inner, said = self._rule.step(
            self._rule.start() if inner is None else inner, since(samples, phase.since_us)
        )
        return ScheduledState(inner=inner, phase=phase), [*verdicts, *said]

    def _rest(
        self, state: ScheduledState, phase: Phase, samples: Samples
    ) -> tuple[ScheduledState, Sequence[RuleVerdict]]:
        verdicts: list[RuleVerdict] = []
        if state.inner is not None:
            verdicts += self._rule.finish(state.inner, samples.at_us, OFF)
        again = {"again": from_us(phase.until_us).isoformat()}
        fresh = [track for track in samples.ids.tolist() if track not in state.told]
        verdicts += [reject(track, samples.at_us, OFF, again) for track in fresh]
        told = (state.told | frozenset(fresh)).difference(samples.ended)
        return ScheduledState(phase=phase, told=told), verdicts


def since(samples: Samples, begin_us: int) -> Samples:
    """The same for somebody who looks only since then."""
    if not len(samples) or int(samples.first_us.min()) >= begin_us:
        return samples
    entered = np.where(samples.entered_us < 0, -1, np.maximum(samples.entered_us, begin_us))
    first = np.maximum(samples.first_us, begin_us)
    return replace(samples, first_us=first, entered_us=entered)
