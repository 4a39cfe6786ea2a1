"""Something a rule saw: it opens, it may change, it closes."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from vedette.contracts.lifecycle import Lifecycle
from vedette.contracts.payload import Fraction, FractionBox, Payload, Slug


class EventState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """The more severe, the higher."""
        return list(type(self)).index(self)


class Event(Payload):
    """The state of one event at one moment; a change is a new object with the same id."""

    id: UUID
    site_id: Slug
    camera_id: Slug
    rule_id: Slug
    event_type: str
    """The kind of rule: presence, enter, leave, loiter, line_crossing, count ..."""
    severity: Severity = Severity.INFO
    label: str
    """Class of the object: person, car ... (of the first one where there are several)."""
    zone_id: Slug | None = None
    line_id: Slug | None = None
    message: str | None = None
    """What people are told instead of our own words."""
    dedupe_key: str
    track_ids: tuple[str, ...] = ()
    """`camera/session/number` of the tracks involved, the first one first."""
    state: EventState
    started_at: AwareDatetime
    """Time of the first sample that belongs to it."""
    opened_at: AwareDatetime
    """When the rule was satisfied."""
    updated_at: AwareDatetime
    ended_at: datetime | None = None
    end_reason: str | None = None
    """Why it closed: `left`, `lost`, `source_ended`, `stopped`, `interrupted` ..."""
    score: Fraction
    """Median score of the track."""
    box: FractionBox | None = None
    """Where the object was when the best picture was taken."""
    numbers: dict[str, Any] = Field(default_factory=dict)
    """What the rule measured: dwell_s, count, direction ..."""
    correlation_id: str | None = None
    lifecycle: Lifecycle = Lifecycle()
    """How long its files are kept."""
