"""Opens when something is in a zone (or in the picture) for long enough; one event per track."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from vedette.contracts.sample import Samples
from vedette.contracts.verdict import RuleVerdict
from vedette.rules.base import Judge, ZoneRuleConfig, microseconds
from vedette.rules.stay import StayState, StayTimer


class PresenceConfig(ZoneRuleConfig):
    """`type: presence`"""

    for_s: float = Field(
        default=0.0,
        ge=0.0,
        le=86400.0,
        description="The event opens after this long without a break.",
    )


class PresenceRule:
    """Something is there. Closes when it was out for `end_after_s`, or at once when lost."""

    Config: ClassVar = PresenceConfig

    def __init__(
        self, config: PresenceConfig, *, zones: Sequence[str] = (), lines: Sequence[str] = ()
    ) -> None:
        """
        Raises:
            InvalidConfig: there is no such zone.
        """
        self.config = config
        self._judge = Judge(config, config.zone, zones)
        self._timer = StayTimer(
            code="present",
            needed_us=microseconds(config.for_s),
            forgive_us=0,
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
