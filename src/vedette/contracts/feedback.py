"""What people say of an event afterwards: was it right to tell of it?"""

from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, Field

from vedette.contracts.payload import Payload, Slug


class Judgement(StrEnum):
    """One word about an event."""

    TRUE = "true"
    """It was what it says."""
    FALSE = "false"
    """There was nothing of the kind."""
    MISSED = "missed"
    """It was what it says, and nobody was told in time; or nothing opened at all."""


ANY_RULE = "_"
"""Of a missed moment: no rule in particular should have seen it."""


class EventFeedback(Payload):
    """The latest word about one event; or about a moment at which none opened (`of_moment`)."""

    event_id: UUID
    site_id: Slug
    camera_id: Slug
    rule_id: Slug
    label: str
    judgement: Judgement
    note: str = Field(default="", max_length=500)
    at: AwareDatetime

    @property
    def of_moment(self) -> bool:
        """True of a moment at which nothing opened: it has no label, and `at` is that moment."""
        return self.judgement is Judgement.MISSED and not self.label
