"""Puts home automation together: which voices, over which connections, about which cameras."""

import random
from collections.abc import Iterator, Mapping, Sequence

from vedette.app.basement import Basement
from vedette.app.camera_settings import CameraSettings
from vedette.app.cameras import Cameras
from vedette.app.home_settings import MqttSettings
from vedette.app.settings import Settings
from vedette.contracts.facts import CameraState
from vedette.contracts.health import Health
from vedette.contracts.payload import Payload
from vedette.kit.clock import Clock
from vedette.notify.broker import BrokerSettings
from vedette.notify.frigate import FrigateVoice
from vedette.notify.home import HomeCamera, Voice
from vedette.notify.home_assistant import HomeAssistantVoice
from vedette.notify.mqtt_link import MqttLink
from vedette.services.home import TOPICS, Home, Outlet


class HomeParts:
    """The module `mqtt`. What it is made of is exchanged when its settings change."""

    def __init__(self, base: Basement, cameras: Cameras, rng: random.Random) -> None:
        self._base = base
        self._cameras = cameras
        self._rng = rng
        self._home = self.make(base.settings)

    def make(self, settings: Settings) -> Home:
        """One for these settings."""
        base = self._base
        return Home(
            list(_outlets(settings, base.clock, self._rng)),
            base.bus,
            base.clock,
            cameras=home_cameras(settings.cameras),
            states=self._states,
            picture_path=base.blobs.local_path,
        )

    def exchange(self, home: Home) -> None:
        """Another one; the former has ended."""
        self._home = home

    def take(self, settings: Settings) -> None:
        """Other cameras, or others of their settings."""
        self._home.take(home_cameras(settings.cameras))

    def subscribe(self) -> None:
        """Hear what the product says."""
        for topic in TOPICS:
            self._base.bus.subscribe(topic, self._handle, name=f"mqtt-{topic.partition('.')[0]}")

    async def run(self) -> None:
        await self._home.run()

    async def close(self) -> None:
        self._home.close()

    def health(self) -> Health:
        return self._home.health()

    async def _handle(self, topic: str, fact: Payload) -> None:
        await self._home.handle(topic, fact)

    def _states(self) -> Mapping[str, CameraState]:
        return {camera_id: stats.state for camera_id, stats in self._cameras.stats().items()}


def home_cameras(cameras: Sequence[CameraSettings]) -> list[HomeCamera]:
    """What home automations know of cameras; classes are those that rules or settings name."""
    return [
        HomeCamera(
            id=camera.id,
            title=camera.title,
            labels=tuple(_labels(camera)),
            detects=camera.detect.enabled,
        )
        for camera in cameras
    ]


def _labels(camera: CameraSettings) -> list[str]:
    named = [str(label) for rule in camera.rules for label in rule.get("labels") or ()]
    return list(dict.fromkeys([*named, *camera.detect.labels]))


def _outlets(settings: Settings, clock: Clock, rng: random.Random) -> Iterator[Outlet]:
    """One connection for each, because each has a last will of its own."""
    mqtt = settings.mqtt
    if mqtt is None:
        return
    assistant, frigate = mqtt.home_assistant, mqtt.frigate
    status = f"{mqtt.prefix}/status"
    if assistant.enabled:
        voice = HomeAssistantVoice(
            base=mqtt.prefix,
            prefix=assistant.prefix,
            status=status,
            commands=assistant.commands,
            url=settings.api.base_url,
        )
        yield _outlet("home-assistant", voice, mqtt, status, clock, rng)
    if frigate.enabled:
        will = f"{frigate.prefix}/available"
        yield _outlet("frigate", FrigateVoice(prefix=frigate.prefix), mqtt, will, clock, rng)


def _outlet(
    name: str, voice: Voice, mqtt: MqttSettings, will: str, clock: Clock, rng: random.Random
) -> Outlet:
    broker = BrokerSettings.model_construct(
        **{each: getattr(mqtt, each) for each in BrokerSettings.model_fields}
    )
    if mqtt.client_id is not None:
        broker = broker.model_copy(update={"client_id": f"{mqtt.client_id}-{name}"})
    link = MqttLink(broker, will=will, listen=voice.listens(), clock=clock, rng=rng)
    return Outlet(name=name, voice=voice, link=link)
