"""What other services ask the notification gateway to tell people, and what it answers."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AwareDatetime,
    Base64Bytes,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from vedette.contracts.event import Severity
from vedette.contracts.notice import MOST_ITEMS, MOST_LINKS, Line, Link
from vedette.contracts.payload import Slug

MOST_PICTURE_BYTES = 4 * 1024 * 1024
JPEG = b"\xff\xd8\xff"

_SEED_SEVERITIES = {"normal": "info", "suspect": "warning"}
"""The seed design's words."""


def _severity(value: Any) -> Any:
    return _SEED_SEVERITIES.get(value, value) if isinstance(value, str) else value


Key = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class NotifyRequest(BaseModel):
    """The body of `POST /internal/notify`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    site_id: Slug
    severity: Annotated[Severity, BeforeValidator(_severity)]
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
    text: str = Field(default="", max_length=8000)
    items: tuple[Line, ...] = Field(default=(), max_length=MOST_ITEMS)
    """Lines of a list, the most important first."""
    links: tuple[Link, ...] = Field(default=(), max_length=MOST_LINKS)
    channels: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Only over these; as the policies say where absent."""
    dedup_key: Key
    """Of what this is about: the same key again, soon, tells nobody twice. A new outage of the
    same thing is another key."""
    source: Key
    """Who asks."""
    camera_id: Slug | None = None
    label: str = Field(default="", max_length=100)
    at: AwareDatetime | None = None
    """When it happened; now where absent."""
    picture: Base64Bytes | None = Field(default=None, max_length=MOST_PICTURE_BYTES)
    """JPEG, in base64."""
    link: str | None = Field(default=None, pattern=r"^https?://[!-~]+$", max_length=2000)
    correlation_id: str | None = Field(default=None, max_length=200)


class NotifyStatus(StrEnum):
    """What became of a request."""

    SENT = "sent"
    """At least one channel has delivered it."""
    QUEUED = "queued"
    """None has yet; at least one goes on trying."""
    FAILED = "failed"
    """Every channel gave it up."""
    SUPPRESSED = "suppressed"
    """What this installation wishes was against it."""


class ChannelResult(BaseModel):
    """One channel."""

    channel: str
    status: str
    log_id: int
    """Its number in the notification log."""
    target: str = ""
    """Who or what was reached, without secrets."""
    error: str = ""
    """Of the last attempt; or why it is not to be told there."""


class NotifyAnswer(BaseModel):
    """The answer of the gateway."""

    status: NotifyStatus
    alert_id: UUID
    duplicate: bool = False
    """The same was asked before; this tells what became of it then."""
    channels: tuple[ChannelResult, ...] = ()
    log_ids: tuple[int, ...] = ()
