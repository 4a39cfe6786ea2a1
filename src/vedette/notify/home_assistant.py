"""Tells Home Assistant: a device for each camera by MQTT discovery, and the states of its entities.

Device discovery (`PREFIX/device/ID/config`, Home Assistant 2024.11 and later): one kept message
describes a camera with all that it has; an empty one takes it away.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from vedette import __version__
from vedette.contracts.event import Event, EventState
from vedette.notify.broker import part_of
from vedette.notify.home import Again, HomeCamera, Message, Present, Toggle

ON, OFF = b"ON", b"OFF"
LONGEST_STATE = 250
"""Home Assistant takes no state of more than 255 characters."""
MOST_LABELS = 50
"""Of one camera."""
MOST_INDEX_BYTES = 1_000_000


class HomeEvent(BaseModel):
    """The last event of a camera, as Home Assistant's attributes show it."""

    title: str
    event_id: str
    state: str
    severity: str
    rule: str
    event: str
    """Type of the rule that was satisfied: `enter`, `loiter` ..."""
    label: str
    zone: str | None
    line: str | None
    time: str
    """ISO 8601."""
    score: float
    """Fraction 0..1."""


class HomeAssistantVoice:
    """Implements `Voice`."""

    def __init__(
        self, *, base: str, prefix: str, status: str, commands: bool, url: str | None = None
    ) -> None:
        """Say where.

        Args:
            base: what our topics begin with.
            prefix: where Home Assistant looks for what there is: `homeassistant`.
            status: the topic that says `online` and `offline`.
            commands: cameras may be switched from there.
            url: our page, where a link to it can be shown.
        """
        self._base = base
        self._prefix = prefix
        self._status = status
        self._commands = commands
        self._url = url
        self._node = _slug(base)
        self._cameras: dict[str, HomeCamera] = {}
        self._labels: dict[str, list[str]] = {}
        self._gone: dict[str, list[str]] = {}
        """Labels that a camera has no more, for Home Assistant to forget."""

    def listens(self) -> Sequence[str]:
        wanted = [f"{self._prefix}/status", self._index]
        if self._commands:
            wanted.append(f"{self._base}/cameras/+/detect/set")
        return wanted

    def cameras(self, cameras: Sequence[HomeCamera]) -> Iterator[Message]:
        now = {camera.id: camera for camera in cameras}
        for camera_id in [each for each in self._cameras if each not in now]:
            yield from self._forget(camera_id, self._labels.pop(camera_id, []))
            self._gone.pop(camera_id, None)
        for camera in cameras:
            before = self._labels.get(camera.id, [])
            known = self._cameras.get(camera.id)
            if known is None or known.labels != camera.labels:  # what came by itself is forgotten
                self._labels[camera.id] = list(dict.fromkeys(camera.labels))[:MOST_LABELS]
            gone = [each for each in before if each not in self._labels[camera.id]]
            self._gone[camera.id] = gone
            yield self._discovery(camera)
            yield self._state(camera.id, "detect", ON if camera.detects else OFF)
            for label in gone:
                yield from self._object(camera.id, label, None)
            for label in self._labels[camera.id]:
                if label not in before:
                    yield from self._object(camera.id, label, 0)
            if camera.id not in self._cameras:
                yield self._state(camera.id, "online", OFF)
        self._cameras = now
        yield Message(
            topic=self._index,
            payload=json.dumps({each: self._labels[each] for each in now}).encode(),
            state=True,
        )

    def online(self, camera_id: str, online: bool) -> Iterator[Message]:
        if camera_id in self._cameras:
            yield self._state(camera_id, "online", ON if online else OFF)

    def event(self, event: Event, title: str, camera: Present, zone: Present) -> Iterator[Message]:
        del zone
        known = self._cameras.get(event.camera_id)
        if known is None:
            return
        labels = self._labels[known.id]
        if event.label not in labels and len(labels) < MOST_LABELS:
            labels.append(event.label)
            yield self._discovery(known)
        if event.label in labels:
            yield from self._object(known.id, event.label, camera.counts[event.label])
        said = HomeEvent(
            title=title,
            event_id=str(event.id),
            state="open" if event.state is EventState.OPEN else "closed",
            severity=event.severity.value,
            rule=event.rule_id,
            event=event.event_type,
            label=event.label,
            zone=event.zone_id,
            line=event.line_id,
            time=event.opened_at.isoformat(),
            score=event.score,
        )
        yield self._state(known.id, "event", said.model_dump_json().encode())

    def picture(self, camera_id: str, label: str, jpeg: bytes) -> Iterator[Message]:
        del label
        if camera_id in self._cameras:
            yield Message(topic=self._topic(camera_id, "picture"), payload=jpeg, retain=True)

    def hears(self, topic: str, payload: bytes, kept: bool) -> Toggle | Again | Iterable[Message]:
        if topic == self._index:
            return list(self._left_behind(payload)) if kept else ()
        if kept:
            return ()  # a command is meant for the moment in which it is given
        if topic == f"{self._prefix}/status":
            return Again() if payload == b"online" else ()
        for camera_id in self._cameras:
            if topic == self._topic(camera_id, "detect/set") and payload in (ON, OFF):
                return Toggle(camera_id=camera_id, on=payload == ON)
        return ()

    def _left_behind(self, payload: bytes) -> Iterator[Message]:
        """Cameras of an earlier life that are no more."""
        try:
            listed = json.loads(payload[:MOST_INDEX_BYTES])
        except ValueError:
            return
        for camera_id, labels in listed.items() if isinstance(listed, dict) else ():
            if camera_id not in self._cameras and isinstance(labels, list):
                yield from self._forget(camera_id, [str(label) for label in labels])

    def _forget(self, camera_id: str, labels: Iterable[str]) -> Iterator[Message]:
        yield Message(topic=self._config(camera_id), payload=b"", state=True)
        for name in ("online", "detect", "event", "picture"):
            yield self._state(camera_id, name, b"")
        for label in labels:
            yield from self._object(camera_id, label, None)

    def _object(self, camera_id: str, label: str, count: int | None) -> Iterator[Message]:
        """How many there are of a class; None: it is spoken of no more."""
        there = b"" if count is None else ON if count else OFF
        number = b"" if count is None else str(count).encode()
        yield self._state(camera_id, f"objects/{part_of(label)}", there)
        yield self._state(camera_id, f"objects/{part_of(label)}/count", number)

    def _discovery(self, camera: HomeCamera) -> Message:
        """The device of a camera, with all its entities."""
        components: dict[str, dict[str, Any]] = {}

        def entity(key: str, platform: str, **about: Any) -> None:
            unique = f"{self._node}_{_slug(camera.id)}_{key}"
            components[key] = {"platform": platform, "unique_id": unique, **about}

        entity(
            "online",
            "binary_sensor",
            name="Online",
            device_class="connectivity",
            entity_category="diagnostic",
            state_topic=self._topic(camera.id, "online"),
        )
        entity(
            "event",
            "sensor",
            name="Last event",
            state_topic=self._topic(camera.id, "event"),
            value_template=f"{{{{ value_json.title[:{LONGEST_STATE}] }}}}",
            json_attributes_topic=self._topic(camera.id, "event"),
        )
        entity(
            "picture",
            "image",
            name="Last picture",
            image_topic=self._topic(camera.id, "picture"),
            content_type="image/jpeg",
        )
        if self._commands:
            entity(
                "detect",
                "switch",
                name="Detection",
                state_topic=self._topic(camera.id, "detect"),
                command_topic=self._topic(camera.id, "detect/set"),
            )
        for label in self._labels[camera.id]:
            topic, shown = self._topic(camera.id, f"objects/{part_of(label)}"), label.capitalize()
            entity(
                f"{_slug(label)}_there",
                "binary_sensor",
                name=shown,
                device_class="occupancy",
                state_topic=topic,
            )
            entity(
                f"{_slug(label)}_count",
                "sensor",
                name=f"{shown} count",
                state_class="measurement",
                state_topic=f"{topic}/count",
            )
        for label in self._gone.get(camera.id, ()):
            for end, platform in (("there", "binary_sensor"), ("count", "sensor")):
                components.setdefault(f"{_slug(label)}_{end}", {"platform": platform})
        device: dict[str, Any] = {
            "identifiers": [f"{self._node}_{_slug(camera.id)}"],
            "name": camera.title,
            "manufacturer": "Vedette",
            "model": "Camera",
        }
        if self._url is not None:
            device["configuration_url"] = self._url
        config = {
            "device": device,
            "origin": {"name": "Vedette", "sw_version": __version__},
            "availability": [{"topic": self._status}],
            "components": components,
        }
        return Message(
            topic=self._config(camera.id), payload=json.dumps(config).encode(), state=True
        )

    @property
    def _index(self) -> str:
        """Cameras of which something was said, so that a later life can take it away."""
        return f"{self._base}/cameras"

    def _config(self, camera_id: str) -> str:
        return f"{self._prefix}/device/{self._node}_{_slug(camera_id)}/config"

    def _topic(self, camera_id: str, name: str) -> str:
        return f"{self._base}/cameras/{part_of(camera_id)}/{name}"

    def _state(self, camera_id: str, name: str, payload: bytes) -> Message:
        return Message(topic=self._topic(camera_id, name), payload=payload, state=True)


def _slug(text: str) -> str:
    """As Home Assistant has ids: letters, digits and `_`."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", text)
