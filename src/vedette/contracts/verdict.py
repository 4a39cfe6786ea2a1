"""Decisions with their numbers: what each stage said of each track, and what a rule demands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Numbers = Mapping[str, float | int | str]
"""Why, in figures: `{"dwell_s": 7.2, "needed_s": 10.0}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One line of the decision ledger."""

    camera_id: str
    track: int
    """Number of the track; 0 for a verdict on the camera itself (gate closed, light change)."""
    stage: str
    """`motion`, `detect`, `track`, `zones`, `rules`, `media` ..."""
    at_us: int
    code: str
    """A stable word: `confirmed`, `entered`, `dwell_short`, `opened` ..."""
    numbers: Numbers = field(default_factory=dict)


class RuleAction(StrEnum):
    """What a rule wants done."""

    OPEN = "open"
    UPDATE = "update"
    CLOSE = "close"
    REJECT = "reject"
    """Nothing, and the numbers say how far from something it was (only for the ledger)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVerdict:
    """A rule's word on one thing that it watches."""

    action: RuleAction
    key: str
    """Dedupe key within the rule: `track-12`, `zone-yard` ... The same from open to close."""
    at_us: int
    code: str
    """Which predicate decided: `present`, `label`, `dwell_short`, `crossed`, `left` ..."""
    track: int = 0
    """Number of the track that it is about; 0 where it is about many (a count)."""
    first_us: int = 0
    """For OPEN: time of the first sample that belongs to it; identity of the event."""
    numbers: Numbers = field(default_factory=dict)
