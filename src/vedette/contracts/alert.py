"""What people were told, or were to be told, and what they made of it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from vedette.contracts.event import Event, Severity
from vedette.contracts.payload import Slug

Name = str
"""Who did something, as they call themselves; accounts come with issue 6."""


class AlertState(StrEnum):
    """How far people are with it."""

    RAISED = "raised"
    """Nobody has said that they know."""
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class AlertAction(StrEnum):
    """What was done with an alert."""

    RAISED = "raised"
    REPEATED = "repeated"
    """The same happened again while it was quiet."""
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    ESCALATED = "escalated"
    """Nobody acknowledged it in time: others were told."""


class Alert(BaseModel):
    """One matter that people are told of: an event, and those like it that followed."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    site_id: Slug
    camera_id: Slug
    rule_id: Slug
    label: str
    event_type: str
    severity: Severity
    title: str
    event_id: UUID
    """The event that raised it."""
    raised_at: AwareDatetime
    """When that event opened, by the camera's clock."""
    state: AlertState = AlertState.RAISED
    events: int = 1
    """How many it stands for."""
    last_event_id: UUID
    last_at: AwareDatetime
    """When the latest of them opened."""
    acknowledged_by: str = ""
    assignee: str = ""
    resolved_by: str = ""
    escalations: int = 0
    """How often others were told because nobody acknowledged it."""
    stored_at: AwareDatetime
    """When it was raised, by our clock; escalation and retention count from it."""
    updated_at: AwareDatetime


class AlertChange(BaseModel):
    """A line of an alert's history."""

    model_config = ConfigDict(frozen=True)

    alert_id: UUID
    at: AwareDatetime
    action: AlertAction
    by: str = ""
    """Empty where the product itself did it."""
    note: str = ""


class Mute(BaseModel):
    """People want to hear nothing of a camera, a rule, or all, for a while."""

    model_config = ConfigDict(frozen=True)

    id: int = 0
    site_id: Slug
    camera_id: Slug | None = None
    rule_id: Slug | None = None
    begun_at: AwareDatetime
    until: AwareDatetime
    by: str = Field(default="", max_length=100)
    note: str = Field(default="", max_length=400)

    def covers(self, event: Event) -> bool:
        """Whether nobody is to be told of an event, as long as it holds."""
        return self.covers_what(event.site_id, event.camera_id, event.rule_id, event.opened_at)

    def covers_what(self, site_id: str, camera_id: str, rule_id: str, at: datetime) -> bool:
        """The same of whatever happened there; an empty name is no camera, and no rule."""
        return (
            site_id == self.site_id
            and self.camera_id in (None, camera_id)
            and self.rule_id in (None, rule_id)
            and self.begun_at <= at < self.until
        )
