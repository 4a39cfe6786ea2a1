"""Messages that people read in the product itself."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from vedette.contracts.event import Severity
from vedette.contracts.notice import MOST_ITEMS, MOST_LINKS, Line, Link
from vedette.contracts.payload import Payload, Slug


class InboxMessage(Payload):
    """One message, read or not."""

    number: int
    """In the order in which they came."""
    alert_id: UUID
    event_id: UUID
    """The alert's own id where no event is behind it."""
    site_id: Slug
    camera_id: Slug | Literal[""] = ""
    """Empty where it is not about one camera."""
    severity: Severity
    title: str
    text: str
    items: tuple[Line, ...] = Field(default=(), max_length=MOST_ITEMS)
    links: tuple[Link, ...] = Field(default=(), max_length=MOST_LINKS)
    at: AwareDatetime
    """When it happened."""
    arrived_at: AwareDatetime
    read_at: AwareDatetime | None = None
    """None while nobody has read it."""


class InboxPage(Payload):
    """Some of them, the newest first."""

    items: tuple[InboxMessage, ...]
    unread: int
    """Of all."""
    next: int | None
    """Give it as `before` to get the page after this one; null on the last."""
