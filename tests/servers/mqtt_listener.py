"""Somebody at a broker who hears everything, as Home Assistant would."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One message; `kept` where the broker had it from before."""

    topic: str
    payload: bytes
    kept: bool


class MqttListener:
    """Use as a context manager; `heard` grows meanwhile."""

    def __init__(self, port: int, *topics: str) -> None:
        self.heard: list[Heard] = []
        self._port = port
        self._topics = topics or ("#",)
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: self._subscribed.set()

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        self._client.subscribe([(topic, 1) for topic in self._topics])
        assert self._subscribed.wait(PATIENCE_S), "the broker did not answer"
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish something; returns once the broker has it."""
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(PATIENCE_S)

    def of(self, topic: str) -> list[bytes]:
        """All that was said on a topic, in order."""
        return [each.payload for each in self.heard if each.topic == topic]

    def last(self, topic: str) -> bytes | None:
        said = self.of(topic)
        return said[-1] if said else None

    def objects(self, topic: str) -> list[dict[str, Any]]:
        """The same, as JSON objects."""
        return [json.loads(each) for each in self.of(topic)]

    def until(self, found: Callable[[], Any], what: str, *, within_s: float = PATIENCE_S) -> Any:
        """Wait for something.

        Raises:
            AssertionError: it did not come in time.
        """
        until_s = time.monotonic() + within_s
        while not (value := found()):
            said = "\n".join(f"{each.topic} {each.payload[:80]!r}" for each in self.heard[-30:])
            assert time.monotonic() < until_s, f"no {what} within {within_s} s; heard:\n{said}"
            time.sleep(0.02)
        return value

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        del client, userdata
        self.heard.append(Heard(message.topic, bytes(message.payload), message.retain))
