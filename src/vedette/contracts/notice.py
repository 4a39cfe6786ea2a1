"""What a person is told: made from an event by the alert policy, sent by channels."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from vedette.contracts.event import Severity
from vedette.contracts.payload import Payload, Slug


class Notice(Payload):
    """One message, ready for any channel."""

    alert_id: UUID
    event_id: UUID
    site_id: Slug
    camera_id: Slug
    rule_id: Slug
    event_type: str
    severity: Severity
    title: str
    """One line: `person in yard (front_door)`."""
    text: str
    """A sentence or two."""
    at: AwareDatetime
    """When the rule was satisfied."""
    label: str = ""
    """Class of the object."""
    zone_id: Slug | None = None
    line_id: Slug | None = None
    score: float = 0.0
    numbers: dict[str, Any] = Field(default_factory=dict)
    """What the rule measured: dwell_s, count, direction ..."""
    picture: bytes | None = None
    """JPEG, annotated; never put on the bus or in the log."""
    link: str | None = None
    """Address of the event's page, where a base address is configured."""
    correlation_id: str | None = None
    escalates: UUID | None = None
    """The alert that nobody acknowledged, where this is said once more because of that."""


class DeliveryStatus(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
