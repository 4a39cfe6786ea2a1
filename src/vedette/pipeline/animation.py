"""Makes the animations of an event when there is time: a job that can be made smaller."""

from collections.abc import Callable
from dataclasses import dataclass

from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import StorageFailed
from vedette.contracts.event import Event
from vedette.contracts.sink import EventChange, NewArtifact
from vedette.media.preview import Preview
from vedette.pipeline.desk import Patient

Later = Callable[[Patient], bool]
"""Has a job done when there is time; False where too many wait, so that it is not done."""


def now(job: Patient) -> bool:
    """The `Later` of an analysis: results do not depend on timing."""
    job()
    return True


@dataclass(slots=True, kw_only=True)
class Animation:
    """Implements `Patient` for the GIF and the WebP of one event."""

    event: Event
    preview: Preview
    first_us: int
    """Time of the first sample of the event."""
    deliver: Callable[[EventChange], None]
    failed: Callable[[str], None]
    """Told where they could not be made."""

    def thin(self, most: int) -> None:
        """See `Patient`."""
        self.preview.thin(most)

    def __call__(self) -> None:
        """Make both, and hand them over."""
        kinds = (
            (ArtifactKind.GIF, ".gif", "image/gif", self.preview.gif),
            (ArtifactKind.PREVIEW, ".webp", "image/webp", self.preview.webp),
        )
        try:
            artifacts = tuple(
                NewArtifact(
                    kind=kind,
                    revision=1,
                    extension=extension,
                    media_type=media_type,
                    started_us=self.first_us,
                    duration_s=self.preview.duration_s,
                    width=self.preview.width,
                    data=encode(),
                )
                for kind, extension, media_type, encode in kinds
            )
        except StorageFailed as error:
            self.failed(f"the animation of event {self.event.id} could not be made: {error}")
            return
        self.deliver(EventChange(event=self.event, artifacts=artifacts))

    def left_out(self) -> None:
        """Say that it will not be made."""
        self.failed(f"the animation of event {self.event.id} was left out: too many waited")
