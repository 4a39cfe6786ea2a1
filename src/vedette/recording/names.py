"""Names of recorded files: `site/camera/2026-01-31/14/20260131T140322123456Z.mp4`, and back."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from vedette.kit.clock import from_us, to_us
from vedette.kit.ids import is_slug

PART = ".part"
_STAMP = re.compile(r"\d{8}T\d{12}Z")
_EXTENSION = re.compile(r"\.(?:mp4|mkv)")
_NUMBER = re.compile(r"(?P<stem>[^-]+)(?:-(?P<number>[2-9]|[1-9]\d{1,3}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentName:
    """What the path of a recorded file says."""

    site_id: str
    camera_id: str
    started_us: int
    extension: str
    """With the dot."""
    number: int = 1
    """From 2 on where the same moment was recorded before (a file that is played again)."""

    def path(self) -> str:
        """Relative to the folder of recordings, POSIX separators."""
        at = from_us(self.started_us)
        again = f"-{self.number}" if self.number > 1 else ""
        return (
            f"{self.site_id}/{self.camera_id}/{at:%Y-%m-%d}/{at:%H}/"
            f"{_stamp(self.started_us)}{again}{self.extension}"
        )

    def part(self) -> str:
        """Name while it is in the making."""
        return f"{self.site_id}.{self.camera_id}.{_stamp(self.started_us)}{PART}"


def read_path(path: str) -> SegmentName | None:
    """What a path says; None where it is not that of a recorded file."""
    parts = path.split("/")
    if len(parts) != 5:
        return None
    stem, dot, kind = parts[4].partition(".")
    found = _NUMBER.fullmatch(stem)
    if found is None:
        return None
    name = _name(parts[0], parts[1], found["stem"], dot + kind, int(found["number"] or 1))
    return name if name is not None and name.path() == path else None


def read_part(file: str) -> SegmentName | None:
    """What the name of a file in the making says (not its extension); None where it is not one."""
    parts = file.split(".")
    if len(parts) != 4 or f".{parts[3]}" != PART:
        return None
    return _name(parts[0], parts[1], parts[2], ".mp4", 1)


def _name(site: str, camera: str, stamp: str, extension: str, number: int) -> SegmentName | None:
    if not (is_slug(site) and is_slug(camera) and _EXTENSION.fullmatch(extension)):
        return None
    if not _STAMP.fullmatch(stamp):
        return None
    try:
        at = datetime.strptime(stamp, "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return SegmentName(
        site_id=site,
        camera_id=camera,
        started_us=to_us(at),
        extension=extension,
        number=number,
    )


def _stamp(at_us: int) -> str:
    return f"{from_us(at_us):%Y%m%dT%H%M%S%f}Z"
