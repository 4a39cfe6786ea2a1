"""Names of artifact files: `site/camera/2026-01-31/event id/clip-1.mp4`, and back."""

import re
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import InvalidInput
from vedette.kit.ids import is_slug

_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
_FILE = re.compile(r"(?P<kind>[a-z_]+)-(?P<revision>[1-9][0-9]{0,8})(?P<extension>\.[a-z0-9]{1,8})")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileName:
    """What the path of an artifact file says."""

    site_id: str
    camera_id: str
    day: date
    """UTC day on which the event started."""
    event_id: UUID
    kind: ArtifactKind
    revision: int
    extension: str
    """With the dot."""

    def path(self) -> str:
        """Relative to the store.

        Raises:
            InvalidInput: an id is not a slug, or the extension is not one.
        """
        for what, value in (("site", self.site_id), ("camera", self.camera_id)):
            if not is_slug(value):
                raise InvalidInput(f"{value!r} is not the id of a {what}: use a-z, 0-9, _ and -")
        name = f"{self.kind.value}-{self.revision}{self.extension}"
        if not _FILE.fullmatch(name):
            raise InvalidInput(
                f"{name!r} is no name for an artifact: the revision counts from 1, and the "
                "extension is like .jpg"
            )
        return f"{self.site_id}/{self.camera_id}/{self.day.isoformat()}/{self.event_id}/{name}"


def read_path(path: str) -> FileName | None:
    """What a path says; None where it is not the path of an artifact."""
    parts = path.split("/")
    if len(parts) != 5:
        return None
    site_id, camera_id, day, event_id, name = parts
    found = _FILE.fullmatch(name)
    if found is None or found["kind"] not in set(ArtifactKind):
        return None
    try:
        read = FileName(
            site_id=site_id,
            camera_id=camera_id,
            day=date.fromisoformat(day),
            event_id=UUID(event_id),
            kind=ArtifactKind(found["kind"]),
            revision=int(found["revision"]),
            extension=found["extension"],
        )
        return read if read.path() == path else None
    except (ValueError, InvalidInput):
        return None


def demand_inside(path: str) -> tuple[str, ...]:
    """The parts of a relative path that cannot lead out of a folder.

    Raises:
        InvalidInput: empty, absolute, with `..`, hidden names or odd characters.
    """
    parts = tuple(path.split("/"))
    if not all(_PART.fullmatch(part) for part in parts):
        raise InvalidInput(f"{path[:200]!r} is not the path of an artifact")
    return parts
