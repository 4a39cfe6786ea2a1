"""Version 2 of what the detector found: zones in a place of their own, sides of boxes by name."""

from typing import Any

from pydantic import AwareDatetime, Field

from vedette.contracts.facts import DetectedObject, DetectionFact
from vedette.contracts.payload import Fraction, Payload, Slug


class NamedBox(Payload):
    """A box; fractions of the frame."""

    left: Fraction
    top: Fraction
    right: Fraction
    bottom: Fraction


class DetectedObject2(Payload):
    """One object of one frame."""

    label: str
    score: Fraction
    box: NamedBox
    track_id: str | None = None
    zones: tuple[Slug, ...] = ()
    """Those that the object is in."""
    attributes: dict[str, Any] = Field(default_factory=dict)


class DetectionFact2(Payload):
    """Objects of one frame, on `process.detected.v2`."""

    schema_version: int = 2
    camera_id: Slug
    at: AwareDatetime
    objects: tuple[DetectedObject2, ...]
    correlation_id: str


def to_v2(fact: DetectionFact) -> DetectionFact2:
    """The same as version 2; nothing is lost."""
    return DetectionFact2(
        camera_id=fact.camera_id,
        at=fact.at,
        objects=tuple(map(_object_to_v2, fact.objects)),
        correlation_id=fact.correlation_id,
    )


def to_v1(fact: DetectionFact2) -> DetectionFact:
    """The same as version 1; nothing is lost."""
    return DetectionFact(
        camera_id=fact.camera_id,
        at=fact.at,
        objects=tuple(map(_object_to_v1, fact.objects)),
        correlation_id=fact.correlation_id,
    )


def _object_to_v2(old: DetectedObject) -> DetectedObject2:
    left, top, right, bottom = old.box
    rest = {key: value for key, value in old.attributes.items() if key != "zone_matches"}
    return DetectedObject2(
        label=old.label,
        score=old.score,
        box=NamedBox(left=left, top=top, right=right, bottom=bottom),
        track_id=old.track_id,
        zones=tuple(old.attributes.get("zone_matches", ())),
        attributes=rest,
    )


def _object_to_v1(new: DetectedObject2) -> DetectedObject:
    zones = {"zone_matches": list(new.zones)} if new.zones else {}
    return DetectedObject(
        label=new.label,
        score=new.score,
        box=(new.box.left, new.box.top, new.box.right, new.box.bottom),
        track_id=new.track_id,
        attributes={**new.attributes, **zones},
    )
