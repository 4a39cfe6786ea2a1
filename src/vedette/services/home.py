"""Home automations over MQTT: takes facts off the bus, and has voices say them over their links.

Everything here is quick and waits for no network: the links have threads and bounds of their own.
"""

import asyncio
import contextlib
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

from vedette.alerts.wording import title_of
from vedette.bus.port import EventBus
from vedette.contracts.artifact import Artifact, ArtifactKind
from vedette.contracts.control import ControlCommand
from vedette.contracts.event import Event
from vedette.contracts.facts import CameraState, CameraStatus
from vedette.contracts.health import Health, HealthLevel, PartHealth
from vedette.contracts.payload import Payload
from vedette.contracts.topics import COMMAND
from vedette.kit.clock import Clock
from vedette.kit.recent import Recent
from vedette.kit.supervise import guarded
from vedette.notify.home import Again, HomeCamera, Message, Toggle, Voice, present
from vedette.notify.mqtt_link import MqttLink
from vedette.services.open_events import OpenEvents

log = logging.getLogger(__name__)

ONLINE = {CameraState.ONLINE, CameraState.DEGRADED}
TOPICS = ("event.*", "camera.*.status")
"""What `handle` wants to hear of."""
MOST_PICTURE_BYTES = 4_000_000
REMEMBERED = 5000
"""Changes of events that were said: the same one may be told again."""
GIVE_UP_S = 4.0
"""At the end, a connection that is just being made is not waited for."""
PAUSE_S = 10.0
"""After what should not happen."""
LABELS_OF = 1000
"""Events whose class is known when a picture of theirs comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """Who says it, and over which connection."""

    name: str
    voice: Voice
    link: MqttLink


class Home:
    """Runs in the loop; `run` keeps the links going until `close`."""

    def __init__(
        self,
        outlets: Sequence[Outlet],
        bus: EventBus,
        clock: Clock,
        *,
        cameras: Sequence[HomeCamera],
        states: Callable[[], Mapping[str, CameraState]],
        picture_path: Callable[[str], Path],
    ) -> None:
        """Take what it needs.

        Args:
            outlets: none where nothing is configured.
            states: how each camera is now.
            picture_path: where the file of an artifact lies, by its storage path.
        """
        self._outlets = tuple(outlets)
        self._bus = bus
        self._clock = clock
        self._states = states
        self._path = picture_path
        self._titles: dict[str, str] = {}
        self._at_camera: defaultdict[str, OpenEvents] = defaultdict(OpenEvents)
        self._in_zone: defaultdict[str, OpenEvents] = defaultdict(OpenEvents)
        self._said: Recent[tuple[object, ...]] = Recent(REMEMBERED)
        self._labels: dict[object, str] = {}
        self._closed = asyncio.Event()
        self.take(cameras)

    def take(self, cameras: Sequence[HomeCamera]) -> None:
        """These cameras there are from now on."""
        self._titles = {camera.id: camera.title for camera in cameras}
        states = self._states()
        for outlet in self._outlets:
            _say(outlet, outlet.voice.cameras(cameras))
            for camera_id, state in states.items():
                _say(outlet, outlet.voice.online(camera_id, state in ONLINE))

    async def run(self) -> None:
        """Until `close`."""
        if not self._outlets:
            await self._closed.wait()
            return
        loop = asyncio.get_running_loop()
        ends = [self._begin(outlet, loop) for outlet in self._outlets]
        try:
            await self._closed.wait()
            await asyncio.wait(ends, timeout=GIVE_UP_S)
        finally:
            self._hang_up()

    def close(self) -> None:
        """Say what waits, then goodbye; `run` returns."""
        self._closed.set()
        self._hang_up()

    def health(self) -> Health:
        """Degraded while a broker is away."""
        if not self._outlets:
            return Health(detail="no broker is configured (`mqtt`)")
        each = [(outlet.name, outlet.link.health()) for outlet in self._outlets]
        worst = [health for _, health in each if health.level is not HealthLevel.HEALTHY]
        chosen = worst[0] if worst else each[0][1]
        parts = tuple(
            PartHealth(name=name, level=health.level, detail=health.detail) for name, health in each
        )
        names = dict.fromkeys(name for _, health in each for name in health.figures)
        figures = {name: sum(health.figures[name] for _, health in each) for name in names}
        return Health(level=chosen.level, detail=chosen.detail, parts=parts, figures=figures)

    async def handle(self, topic: str, fact: Payload) -> None:
        """A fact of the bus; durable ones may come again."""
        if not self._outlets:
            return
        if isinstance(fact, CameraStatus):
            for outlet in self._outlets:
                _say(outlet, outlet.voice.online(fact.camera_id, fact.state in ONLINE))
        elif isinstance(fact, Event):
            self._event(topic, fact)
        elif isinstance(fact, Artifact) and topic == "event.snapshot.ready":
            await self._picture(fact)

    def hear(self, outlet: Outlet, topic: str, payload: bytes, kept: bool) -> None:
        """Somebody else's message; call it in the loop."""
        found = outlet.voice.hears(topic, payload, kept)
        if isinstance(found, Again):
            outlet.link.again()
        elif isinstance(found, Toggle):
            log.info("camera %s is switched over MQTT: %s", found.camera_id, found.on)
            command = ControlCommand(
                id=uuid4(),
                at=self._clock.now(),
                command="camera.toggle",
                target=found.camera_id,
                arguments={"on": found.on},
                actor=f"mqtt:{outlet.name}",
            )
            self._bus.publish(COMMAND, command)
        else:
            _say(outlet, found)

    def _begin(self, outlet: Outlet, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """Have a link run in a thread; what is returned is done when it has ended."""
        ended: asyncio.Future[None] = loop.create_future()
        outlet.link.heard = partial(_call, loop, self.hear, outlet)

        def live() -> None:
            while not outlet.link.closed:
                with guarded(f"the connection for {outlet.name}") as outcome:
                    outlet.link.run()
                if outcome.error is not None:
                    outlet.link.pause(PAUSE_S)
            _call(loop, _settle, ended)

        threading.Thread(target=live, name=f"mqtt-{outlet.name}", daemon=True).start()
        return ended

    def _event(self, topic: str, event: Event) -> None:
        if self._said.again((event.id, topic, event.updated_at)):
            return
        self._labels[event.id] = event.label
        while len(self._labels) > LABELS_OF:
            del self._labels[next(iter(self._labels))]
        at_camera = self._at_camera[event.camera_id]
        in_zone = self._in_zone[event.zone_id] if event.zone_id else OpenEvents()
        for place in (at_camera, in_zone):
            place.note(event)
        camera, zone = present(at_camera), present(in_zone)
        title = title_of(event, self._titles.get(event.camera_id, event.camera_id))
        for outlet in self._outlets:
            _say(outlet, outlet.voice.event(event, title, camera, zone))

    async def _picture(self, artifact: Artifact) -> None:
        label = self._labels.get(artifact.event_id)
        shown = artifact.kind is ArtifactKind.SNAPSHOT_ANNOTATED
        if label is None or not shown or artifact.size_bytes > MOST_PICTURE_BYTES:
            return
        jpeg = await asyncio.to_thread(_read, self._path(artifact.storage_path))
        for outlet in self._outlets if jpeg else ():
            _say(outlet, outlet.voice.picture(artifact.camera_id, label, jpeg))

    def _hang_up(self) -> None:
        for outlet in self._outlets:
            outlet.link.close()


def _say(outlet: Outlet, messages: Iterable[Message]) -> None:
    for message in messages:
        if message.state:
            outlet.link.keep(message.topic, message.payload)
        else:
            outlet.link.tell(message.topic, message.payload, retain=message.retain)


def _call(loop: asyncio.AbstractEventLoop, what: Callable[..., None], *about: object) -> None:
    """From another thread; in vain where the loop has ended."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(what, *about)


def _settle(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)


def _read(path: Path) -> bytes:
    """Nothing where the file is gone by now."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
