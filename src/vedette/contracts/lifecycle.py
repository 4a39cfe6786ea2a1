"""How long the files of an event are kept, as its camera and its rule want it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from vedette.contracts.payload import Payload

LONGEST_DAYS = 36_500.0

KeepDays = Annotated[float, Field(gt=0.0, le=LONGEST_DAYS)]

Tag = Annotated[str, Field(max_length=64, pattern=r"^[\w +=.:/@-]*$")]
"""A short word of the user's on files; what object stores take as the value of a tag."""


class RetentionClass(StrEnum):
    """Which limits end the life of a file."""

    STANDARD = "standard"
    """Its own expiry, or the age and size that hold for all."""
    KEEP = "keep"
    """None: neither age nor size. It still counts towards the size."""


class Lifecycle(Payload):
    """What an event says of the life of its files."""

    retention_class: RetentionClass = RetentionClass.STANDARD
    keep_days: KeepDays | None = None
    """From storing on, instead of the age that holds for all; absent: that age."""
    tag: Tag = ""

    def expires_at(self, stored_at: datetime) -> datetime | None:
        """When a file that is stored at that time may go; None: nothing of its own is said."""
        if self.keep_days is None or self.retention_class is RetentionClass.KEEP:
            return None
        return stored_at + timedelta(days=self.keep_days)
