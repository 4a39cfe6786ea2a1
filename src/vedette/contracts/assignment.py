"""What a media worker is told to do: its cameras with their settings, and who listens.

Handed over the link, never in arguments or the environment, because it holds the secrets of the
worker's cameras (and no others). It is not shown in logs.
"""

from typing import Any

from pydantic import Field

from vedette.contracts.payload import Payload, Slug


class CameraAssignment(Payload):
    """One camera."""

    camera_id: Slug
    version: int = Field(ge=1)
    """Grows with each change of its settings."""
    settings: dict[str, Any] = Field(repr=False)
    """As in the settings file, references to secrets filled in."""
    secrets: tuple[str, ...] = Field(default=(), repr=False)
    """Values in these settings that must not be shown."""


class WorkerAssignment(Payload):
    """All that a worker needs to begin."""

    worker: Slug
    cameras: tuple[CameraAssignment, ...]
    detectors: dict[str, dict[str, Any]] = Field(default_factory=dict, repr=False)
    """Settings of every detector by name; `default` is always there."""
    workers: int = Field(default=1, ge=1)
    """How many workers share the cores of this machine."""
    topics: tuple[str, ...] = ()
    """Patterns of the facts that somebody listens to; others are not even built."""
    recordings: str = ""
    """Folder of recordings, where the worker may write."""
    stuck_after_s: float = Field(default=15.0, gt=0.0)
    """A camera that works on one packet for longer hangs (a disk that wakes up takes 10 s);
    decoding, which waits for no disk, is given less."""
    stop_within_s: float = Field(default=15.0, gt=0.0)
    """How long its cameras may take to finish when it is asked to stop."""
