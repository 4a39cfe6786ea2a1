"""The file of an event that is about a camera without pictures: the last one that there was."""

from collections.abc import Callable
from dataclasses import dataclass

from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.event import Event
from vedette.contracts.sink import NewArtifact
from vedette.pipeline.media_limit import NoMedia
from vedette.pipeline.sight import Sight

Last = Callable[[], tuple[int, bytes] | None]
"""Time and JPEG of the last picture that was looked at; None before the first."""


@dataclass(slots=True)
class LastPicture(NoMedia):
    """A `Capture` of one picture, with the time when it was taken; there is nothing to film."""

    last: Last = lambda: None

    def opening(self, event: Event, sight: Sight) -> tuple[NewArtifact, ...]:
        found = self.last()
        if found is None:
            return ()
        at_us, jpeg = found
        return (
            NewArtifact(
                kind=ArtifactKind.SNAPSHOT_ANNOTATED,
                revision=1,
                extension=".jpg",
                media_type="image/jpeg",
                started_us=at_us,
                data=jpeg,
            ),
        )
