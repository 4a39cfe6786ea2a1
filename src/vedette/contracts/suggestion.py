"""A change of settings that is proposed after what people said of events, with what it would do."""

from typing import Any

from pydantic import Field

from vedette.contracts.payload import Payload, Slug


class Suggestion(Payload):
    """One change of one setting; the figures are those of a backtest on stored tracks."""

    camera_id: Slug
    rule_id: Slug
    kind: str
    """`score`, `size`, `shape`, `place`, `wait`, `label`."""
    setting: str
    """As `vedette config set` takes it."""
    old: Any = None
    """The value in force; None where there is none."""
    new: Any
    why: str
    """One sentence."""
    apply: str
    """The command that puts it in force."""
    false: int = Field(ge=0)
    """Events marked false that the settings in force still open."""
    false_removed: int = Field(ge=0)
    others: int = Field(ge=0)
    """Events not marked false that the settings in force open; of the whole camera for a place."""
    others_lost: int = Field(ge=0)
    missed: int = Field(ge=0)
    """Moments that people called missed, and that the rule could have been about."""
    missed_found: int = Field(ge=0)
    more: int = Field(ge=0)
    """Events that would open besides."""
    days: float
    """From the first to the last track that was judged."""
    tracks: int


class Suggestions(Payload):
    """All of them, and what nothing can be proposed for."""

    items: tuple[Suggestion, ...] = ()
    notes: tuple[str, ...] = ()
