"""Stored media of an event: pictures, previews, clips. The bytes never ride on the bus."""

from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import AwareDatetime, Field

from vedette.contracts.lifecycle import Lifecycle, RetentionClass
from vedette.contracts.payload import Payload, Slug


class ArtifactKind(StrEnum):
    SNAPSHOT = "snapshot"
    """The best picture, clean."""
    SNAPSHOT_ANNOTATED = "snapshot_annotated"
    """The best picture with box, label and zone."""
    GIF = "gif"
    PREVIEW = "preview"
    """Animated WebP."""
    CLIP = "clip"


class Artifact(Payload):
    """One file that belongs to an event."""

    id: UUID
    event_id: UUID
    site_id: Slug
    camera_id: Slug
    kind: ArtifactKind
    revision: int = 1
    """A better snapshot of the same event gets the next number; only the last is kept."""
    part: int = 1
    """A long event has several clips, one after another; each part has revisions of its own."""
    storage_path: str
    """Relative to the artifact store, POSIX separators: site/camera/date/event/file."""
    media_type: str
    size_bytes: int = Field(ge=0)
    sha256: str
    width: int = 0
    height: int = 0
    started_at: AwareDatetime
    """Time of the picture, or of the first frame."""
    duration_s: float = 0.0
    expires_at: AwareDatetime | None = None
    """When it may go, whatever the age that holds for all; None: that age decides."""
    retention_class: RetentionClass = RetentionClass.STANDARD
    lifecycle_tag: str = ""
    """A short word of the user's, from the rule or the camera."""

    def living(self, lifecycle: Lifecycle, stored_at: datetime) -> Self:
        """The same artifact with how long it is kept, where it is stored at that time."""
        return self.model_copy(
            update={
                "expires_at": lifecycle.expires_at(stored_at),
                "retention_class": lifecycle.retention_class,
                "lifecycle_tag": lifecycle.tag,
            }
        )
