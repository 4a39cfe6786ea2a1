"""Small facts that the stages announce on the bus: numbers about frames, never pixels."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from vedette.contracts.payload import Fraction, FractionBox, Payload, Slug


class FrameFact(Payload):
    """Metadata of one analysed frame."""

    camera_id: Slug
    number: int
    at: AwareDatetime
    width: int
    height: int
    correlation_id: str


class MotionFact(Payload):
    """Something moved."""

    camera_id: Slug
    at: AwareDatetime
    fraction: Fraction
    boxes: tuple[FractionBox, ...]
    correlation_id: str


class DetectedObject(Payload):
    """One object of one frame."""

    label: str
    score: Fraction
    box: FractionBox
    track_id: str | None = None
    attributes: dict[str, Any] = Field(default_factory=dict)
    """`zone_matches`: ids of the zones that the object is in."""


class DetectionFact(Payload):
    """Objects of one frame."""

    camera_id: Slug
    at: AwareDatetime
    objects: tuple[DetectedObject, ...]
    correlation_id: str


class CameraState(StrEnum):
    CONNECTING = "connecting"
    ONLINE = "online"
    DEGRADED = "degraded"
    """Of its two streams, the one that is recorded is away; detection goes on."""
    LOST = "lost"
    RETRYING = "retrying"
    ENDED = "ended"
    FAILED = "failed"


class CameraStatus(Payload):
    """A camera's state changed."""

    camera_id: Slug
    state: CameraState
    at: AwareDatetime
    detail: str = ""
    retry_in_s: float = 0.0


class TamperFact(Payload):
    """Somebody did something to the camera itself, or that is over."""

    camera_id: Slug
    kind: str
    """`covered`, `defocused`, `shifted`; empty where all is well again."""
    since: AwareDatetime
    numbers: dict[str, Any] = Field(default_factory=dict)


class NotifyFact(Payload):
    """The fate of one message on one channel."""

    alert_id: UUID
    event_id: UUID
    site_id: Slug
    channel: Slug
    status: str
    target: str = ""
    attempts: int = 0
    error: str = ""
    at: AwareDatetime
    correlation_id: str | None = None


class StorageFact(Payload):
    """A file of the artifact store came or went."""

    artifact_id: UUID
    event_id: UUID
    storage_path: str
    size_bytes: int
    reason: str = ""
