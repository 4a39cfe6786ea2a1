"""Opens when something stays in a zone too long, short absences forgiven; one event per track."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from vedette.contracts.sample import Samples
from vedette.contracts.verdict import RuleVerdict
from vedette.rules.base import Judge, ZoneRuleConfig, microseconds
from vedette.rules.stay import StayState, StayTimer


class LoiterConfig(ZoneRuleConfig):
    """`type: loiter`"""

    dwell_s: float = Field(
        gt=0.0, le=86400.0, description="The event opens when the stay is this long."
    )
    forgive_s: float = Field(
        default=2.0,
        ge=0.0,
        le=3600.0,
        description="An absence shorter than this does not end the stay (and counts as stay).",
    )


class LoiterRule:
    """Something lingers. Closes when it was out for `end_after_s`, or at once when lost."""

    Config: ClassVar = LoiterConfig

    def __init__(
        self, config: LoiterConfig, *, zones: Sequence[str] = (), lines: Sequence[str] = ()
    ) -> None:
        """
        Raises:
            InvalidConfig: there is no such zone.
        """
        self.config = config
        self._judge = Judge(config, config.zone, zones)
        self._timer = StayTimer(
            code="loitered",
            needed_us=microseconds(config.dwell_s),
            forgive_us=microseconds(config.forgive_s),
            end_us=microseconds(config.end_after_s),
        )

    def start(self) -> StayState:
        """Nobody was seen yet."""
        return StayState()

    def step(self, state: StayState, samples: Samples) -> tuple[StayState, Sequence[RuleVerdict]]:
        """One moment on; see `rules/port.py`."""
        return self._timer.step(self._judge, state, self._judge.look(samples))

    def finish(self, state: StayState, at_us: int, code: str) -> Sequence[RuleVerdict]:
        """The camera ends."""
        return self._timer.finish(state, at_us, code)
