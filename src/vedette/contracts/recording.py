"""A recorded file that is complete: what its maker says of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file of one format that is on the disk, whole."""

    started_us: int
    """UTC of its first picture."""
    ended_us: int
    """UTC of the end of its last picture."""
    media_type: str
    codec: str
    width: int
    height: int
    packets: int
    """Of video."""
    size_bytes: int
    sha256: str
    has_audio: bool
