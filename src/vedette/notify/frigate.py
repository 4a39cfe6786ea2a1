"""Tells those who listen to Frigate: `PREFIX/events`, `PREFIX/reviews`, counts and snapshots.

Field names as in Frigate 0.14 and later (docs.frigate.video/integrations/mqtt). What Vedette does
not know is null, empty or false there; boxes are pixels of a picture 1280 wide and 720 high.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from vedette.contracts.event import Event, EventState, Severity
from vedette.contracts.payload import FractionBox
from vedette.kit.recent import Recent
from vedette.notify.broker import part_of
from vedette.notify.home import Again, HomeCamera, Message, Present, Toggle

WIDTH, HEIGHT = 1280, 720
"""Pixels that boxes are told in: Frigate speaks of those of its detection stream."""
MOST_OPEN = 10_000

Object = dict[str, Any]


class FrigateVoice:
    """Implements `Voice`. Each event becomes a tracked object; those of a camera that overlap in
    time become one review item."""

    def __init__(self, *, prefix: str) -> None:
        """Say where: `frigate` is what such listeners expect."""
        self._prefix = prefix
        self._cameras: set[str] = set()
        self._said: dict[UUID, Object] = {}
        self._over: Recent[UUID] = Recent(MOST_OPEN)
        self._reviews: dict[str, Object] = {}
        self._counted: dict[str, set[str]] = {}

    def listens(self) -> Sequence[str]:
        return ()

    def cameras(self, cameras: Sequence[HomeCamera]) -> Iterator[Message]:
        now = {camera.id for camera in cameras}
        for gone in sorted(self._cameras - now):
            for topic in sorted(self._counted.pop(gone, ())):
                yield Message(topic=topic, payload=b"", state=True)
            self._reviews.pop(gone, None)
        self._cameras = now
        for camera in cameras:
            for label in ("all", *camera.labels):
                topic = self._topic(camera.id, label)
                if topic not in self._counted.setdefault(camera.id, set()):
                    yield self._count(camera.id, label, 0)

    def online(self, camera_id: str, online: bool) -> Iterable[Message]:
        del camera_id, online
        return ()

    def event(self, event: Event, title: str, camera: Present, zone: Present) -> Iterator[Message]:
        del title
        if event.camera_id not in self._cameras:
            return
        if event.id not in self._over:  # what is over may still get a better picture
            yield from self._object(event)
            yield from self._review(event, camera)
        for label in (event.label, "all"):
            for place, there in ((event.camera_id, camera), (event.zone_id, zone)):
                if place is not None:
                    count = there.counts.total() if label == "all" else there.counts[label]
                    yield self._count(place, label, count)

    def picture(self, camera_id: str, label: str, jpeg: bytes) -> Iterator[Message]:
        if camera_id in self._cameras:
            topic = f"{self._topic(camera_id, label)}/snapshot"
            yield Message(topic=topic, payload=jpeg, retain=True)

    def hears(self, topic: str, payload: bytes, kept: bool) -> Toggle | Again | Iterable[Message]:
        del topic, payload, kept
        return ()

    def _object(self, event: Event) -> Iterator[Message]:
        after = object_of(event)
        before = self._said.pop(event.id, None)
        over = event.state is not EventState.OPEN
        if before is None:
            opened = event.model_copy(update={"state": EventState.OPEN, "ended_at": None})
            first = object_of(opened)
            yield self._json("events", {"type": "new", "before": first, "after": first})
            before = first
        elif not over:
            yield self._json("events", {"type": "update", "before": before, "after": after})
        if over:
            self._over.again(event.id)
            yield self._json("events", {"type": "end", "before": before, "after": after})
            return
        self._said[event.id] = after
        while len(self._said) > MOST_OPEN:
            del self._said[next(iter(self._said))]

    def _review(self, event: Event, camera: Present) -> Iterator[Message]:
        """One item for as long as anything is open at a camera."""
        before = self._reviews.get(event.camera_id)
        after = review_of(before, event, over=not camera.open)
        if before is None:
            opened = {**after, "end_time": None}
            yield self._json("reviews", {"type": "new", "before": opened, "after": opened})
            before = opened
        elif camera.open and after != before:
            yield self._json("reviews", {"type": "update", "before": before, "after": after})
        self._reviews[event.camera_id] = after
        if not camera.open:
            del self._reviews[event.camera_id]
            yield self._json("reviews", {"type": "end", "before": before, "after": after})

    def _count(self, place: str, label: str, count: int) -> Message:
        topic = self._topic(place, label)
        self._counted.setdefault(place, set()).add(topic)
        return Message(topic=topic, payload=str(count).encode(), state=True)

    def _topic(self, place: str, label: str) -> str:
        return f"{self._prefix}/{part_of(place)}/{part_of(label)}"

    def _json(self, name: str, said: Object) -> Message:
        return Message(topic=f"{self._prefix}/{name}", payload=json.dumps(said).encode())


def id_of(event: Event) -> str:
    """As Frigate's look: seconds and six letters."""
    return f"{event.opened_at.timestamp():.6f}-{event.id.hex[:6]}"


def object_of(event: Event) -> Object:
    """An event as one of Frigate's tracked objects."""
    box = _pixels(event.box)
    area, ratio = _shape(box)
    zones = [event.zone_id] if event.zone_id else []
    over = event.state is not EventState.OPEN
    at_s = event.updated_at.timestamp()
    snapshot = {
        "frame_time": at_s,
        "box": box,
        "area": area,
        "region": box,
        "score": event.score,
        "attributes": [],
    }
    return {
        "id": id_of(event),
        "camera": event.camera_id,
        "frame_time": at_s,
        "snapshot": snapshot,
        "label": event.label,
        "sub_label": None,
        "top_score": event.score,
        "false_positive": False,
        "start_time": event.started_at.timestamp(),
        "end_time": _seconds(event.ended_at) if over else None,
        "score": event.score,
        "box": box,
        "area": area,
        "ratio": ratio,
        "region": box,
        "active": not over,
        "stationary": False,
        "motionless_count": 0,
        "position_changes": 0,
        "current_zones": [] if over else zones,
        "entered_zones": zones,
        "has_clip": False,
        "has_snapshot": event.box is not None,
        "attributes": {},
        "current_attributes": [],
        "pending_loitering": False,
        "max_severity": severity_of(event),
    }


def severity_of(event: Event) -> str:
    """Frigate's two: what people should look at, and the rest."""
    return "detection" if event.severity is Severity.INFO else "alert"


def review_of(before: Object | None, event: Event, *, over: bool) -> Object:
    """The review item of a camera after one more event of it."""
    data = before["data"] if before else {}
    severities = {severity_of(event), before["severity"] if before else "detection"}
    started_s = before["start_time"] if before else event.started_at.timestamp()
    return {
        "id": before["id"] if before else id_of(event),
        "camera": event.camera_id,
        "start_time": started_s,
        "end_time": (_seconds(event.ended_at) or event.updated_at.timestamp()) if over else None,
        "severity": "alert" if "alert" in severities else "detection",
        "thumb_path": "",
        "data": {
            "detections": _with(data.get("detections", []), id_of(event)),
            "objects": _with(data.get("objects", []), event.label),
            "sub_labels": [],
            "zones": _with(data.get("zones", []), event.zone_id),
            "audio": [],
        },
    }


def _with(known: Sequence[str], more: str | None) -> list[str]:
    return list(known) if more is None or more in known else [*known, more]


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _pixels(box: FractionBox | None) -> list[int]:
    """x1, y1, x2, y2; zeros where it is not known."""
    if box is None:
        return [0, 0, 0, 0]
    x1, y1, x2, y2 = box
    return [round(x1 * WIDTH), round(y1 * HEIGHT), round(x2 * WIDTH), round(y2 * HEIGHT)]


def _shape(box: Sequence[int]) -> tuple[int, float]:
    """Area, and width by height."""
    width, height = box[2] - box[0], box[3] - box[1]
    return width * height, round(width / height, 6) if height else 0.0
