"""What a person is told: made from an event by the alert policy, or asked for at the gateway."""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from vedette.contracts.event import Severity
from vedette.contracts.payload import Payload, Slug

MOST_ITEMS = 20
MOST_LINKS = 60

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class Link(BaseModel):
    """Where a person may go on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    url: Annotated[str, Field(pattern=r"^https?://[!-~]+$", max_length=2000)]


class VideoKind(StrEnum):
    CLIP = "clip"
    """As recorded, with sound."""
    ANIMATION = "animation"
    """Short and silent; it plays by itself."""


class FollowUp(BaseModel):
    """Of an alert that was told before: here is its video."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alert_id: UUID
    kind: VideoKind


class Video(BaseModel):
    """A video, whole in memory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    content: bytes = Field(repr=False)
    media_type: str
    """`video/mp4`, `image/gif`"""
    width: int = 0
    height: int = 0
    duration_s: float = 0.0


class Notice(Payload):
    """One message, ready for any channel."""

    alert_id: UUID
    event_id: UUID
    """The alert's own id where no event is behind it."""
    site_id: Slug
    camera_id: Slug | Literal[""] = ""
    """Empty where it is not about one camera."""
    rule_id: Slug | Literal[""] = ""
    """Empty where no rule is behind it."""
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
    video: Video | None = None
    """Like the picture, only with a message that brings it."""
    link: str | None = None
    """Address of the event's page, where a base address is configured."""
    items: tuple[Line, ...] = Field(default=(), max_length=MOST_ITEMS)
    """Lines of a list, the most important first: the busiest cameras, what a digest tells."""
    links: tuple[Link, ...] = Field(default=(), max_length=MOST_LINKS)
    """More places to go on, in this order."""
    source: str = ""
    """Who asked for it at the gateway; empty where a rule is behind it."""
    card: bool | None = None
    """As a card, or as text, where a chat can do both; as the channel is set where absent."""
    again: bool = False
    """It may have arrived before: an earlier life ended while it was being sent."""
    correlation_id: str | None = None
    follow_up: FollowUp | None = None
    """Only where it brings the video of what was told already."""
    escalates: UUID | None = None
    """The alert that nobody acknowledged, where this is said once more because of that."""


class DeliveryStatus(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    DIGESTED = "digested"
    """Told within another message, which its target names."""
    SUPPRESSED = "suppressed"
    """Somebody asked for it at the gateway, and what a site lets out was against it."""
