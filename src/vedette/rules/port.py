"""Does what was seen mean something?"""

from collections.abc import Sequence
from typing import Any, Protocol

from vedette.contracts.sample import Samples
from vedette.contracts.verdict import RuleVerdict


class Rule(Protocol):
    """Pure: all memory is in the state, so live, replay and backtest agree."""

    def start(self) -> Any:
        """The state before the first sample."""
        ...

    def step(self, state: Any, samples: Samples) -> tuple[Any, Sequence[RuleVerdict]]:
        """One moment on. The state given is not used again by the caller."""
        ...

    def finish(self, state: Any, at_us: int, code: str) -> Sequence[RuleVerdict]:
        """Close what is open, because the camera ends (`source_ended`, `stopped`)."""
        ...
