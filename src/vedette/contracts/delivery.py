"""One alert on one channel, as it is listed."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from vedette.contracts.event import Severity
from vedette.contracts.notice import DeliveryStatus
from vedette.contracts.payload import Slug


class Message(BaseModel):
    """What became of it."""

    model_config = ConfigDict(frozen=True)

    id: int
    alert_id: UUID
    event_id: UUID
    site_id: Slug
    camera_id: Slug | Literal[""]
    """Empty where it is not about one camera."""
    title: str
    severity: Severity
    channel: str
    status: DeliveryStatus
    target: str
    """Who or what was reached, without secrets."""
    error: str
    """Of the last attempt that failed."""
    attempts: int
    created_at: AwareDatetime
    updated_at: AwareDatetime
