"""Tells an MQTT broker: an alert as one JSON object, or as one word, and its picture beside it.

An attempt has a connection of its own, as with email: a broker that restarts in between is no
special case. With `qos: 0` a message is sent and forgotten: nobody confirms it, and it is not
tried again. With `qos: 1` the broker confirms each, and what fails is tried again.
"""

import asyncio
import ssl
import threading
from string import Formatter
from typing import Any, Literal
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    Field,
    field_validator,
)

from vedette.contracts.errors import DeliveryFailed, DeliveryRefused
from vedette.contracts.event import Severity
from vedette.contracts.notice import Link, Notice
from vedette.kit.clock import Clock
from vedette.notify.broker import BrokerSettings, part_of
from vedette.notify.mqtt_session import Refused, Session
from vedette.notify.port import ChannelConfig

PLACES = ("site_id", "camera_id", "rule_id", "event_type", "severity", "label")
"""What `topic` may hold in braces."""


class MqttConfig(BrokerSettings, ChannelConfig):
    """Settings of the MQTT channel."""

    topic: str = Field(
        default="vedette/{site_id}/{camera_id}/{rule_id}",
        max_length=200,
        description="Also with {event_type}, {severity} or {label}.",
    )
    payload_format: Literal["json", "raw"] = Field(
        default="json", description="`raw` is the bare word: the class of the object."
    )
    qos: Literal[0, 1] = Field(
        default=0, description="0: sent and forgotten; 1: confirmed by the broker, or tried again."
    )
    retain: bool = Field(
        default=False, description="The broker keeps the last alert for who comes later."
    )
    include_picture: bool = Field(
        default=False, description="JPEG on `TOPIC/picture`, just before the alert."
    )

    @field_validator("topic")
    @classmethod
    def _topic(cls, topic: str) -> str:
        try:
            parts = list(Formatter().parse(topic))
        except ValueError as error:
            raise ValueError(f"topic: {error}") from error
        for text, place, how, conversion in parts:
            if set(text) & {"+", "#"} or not text.isprintable():
                raise ValueError("topic: no `+`, `#` or control characters; they are for listeners")
            if place is not None and (place not in PLACES or how or conversion):
                known = ", ".join(f"{{{each}}}" for each in PLACES)
                raise ValueError(f"topic: {{{place}}} cannot be there; use {known}")
        if not topic.strip("/") or topic.startswith("$"):
            raise ValueError("topic: it has a name, which does not begin with `$`")
        return topic


class MqttMessage(BaseModel):
    """The JSON object: flat, so that templates of home automation reach everything."""

    schema_version: int = 1
    id: UUID
    """Of the alert; the same when it is sent again."""
    value: str
    """Class of the object: the word that `raw` sends alone."""
    event: str
    """Type of the rule that was satisfied: `enter`, `loiter` ..."""
    event_id: UUID
    severity: Severity
    site: str
    camera: str
    rule: str
    zone: str | None
    line: str | None
    time: AwareDatetime
    score: float
    """Fraction 0..1."""
    numbers: dict[str, Any]
    title: str
    text: str
    link: str | None
    """The event's page, where a base address is configured."""
    items: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    correlation_id: str | None


class MqttChannel:
    """Publishes to one broker."""

    Config = MqttConfig

    def __init__(self, config: MqttConfig, *, clock: Clock) -> None:
        del clock  # a notice has its own time
        self._config = config
        host, port = config.address
        self._who = f"the MQTT broker {host}:{port}"

    async def send(self, notice: Notice) -> str:
        config = self._config
        topic = topic_of(config.topic, notice)
        messages = [(topic, payload_of(notice, config.payload_format))]
        if config.include_picture and notice.picture is not None:
            messages.insert(0, (f"{topic}/picture", notice.picture))
        given_up = threading.Event()
        try:
            async with asyncio.timeout(config.timeout_s):
                await asyncio.to_thread(publish, config, messages, given_up)
        except TimeoutError as error:
            raise self._failure(f"did not answer within {config.timeout_s:g} s") from error
        except ssl.SSLCertVerificationError as error:
            raise DeliveryRefused(f"{self._who} cannot be trusted: {error}") from error
        except OSError as error:
            raise self._failure(f"cannot be used: {error}") from error
        except Refused as error:
            said = f"refused the connection: {error}"
            if error.for_good:
                raise DeliveryRefused(f"{self._who} {said}") from error
            raise self._failure(said) from error
        finally:
            given_up.set()
        return f"{topic} at {self._who}" + ("" if config.qos else ", unconfirmed")

    async def close(self) -> None:
        """Nothing to give back: each attempt has its own connection."""

    def _failure(self, said: str) -> DeliveryFailed | DeliveryRefused:
        """What was sent to be forgotten is not tried again."""
        if self._config.qos:
            return DeliveryFailed(f"{self._who} {said}")
        return DeliveryRefused(f"{self._who} {said}; with `qos: 0` it is not tried again")


def publish(
    config: MqttConfig, messages: list[tuple[str, bytes]], given_up: threading.Event
) -> None:
    """One connection with all messages, in a thread: it waits for the network and for files.

    Raises:
        OSError: the broker cannot be reached, is not trusted, or hung up.
        Refused: it does not want us.
    """
    session = Session(
        config.address,
        client_id=config.client_id or "",
        login=config.login,
        tls=config.trust(),
        qos=config.qos,
        timeout_s=config.timeout_s,
        given_up=given_up,
    )
    with session:
        for topic, payload in messages:
            session.publish(topic, payload, retain=config.retain)


def topic_of(template: str, notice: Notice) -> str:
    """The topic of an alert: names with what no topic may hold become harmless."""
    return template.format_map({name: part_of(str(getattr(notice, name))) for name in PLACES})


def payload_of(notice: Notice, payload_format: Literal["json", "raw"]) -> bytes:
    """What is published there."""
    if payload_format == "raw":
        return notice.label.encode()
    message = MqttMessage(
        id=notice.alert_id,
        value=notice.label,
        event=notice.event_type,
        event_id=notice.event_id,
        severity=notice.severity,
        site=notice.site_id,
        camera=notice.camera_id,
        rule=notice.rule_id,
        zone=notice.zone_id,
        line=notice.line_id,
        time=notice.at,
        score=notice.score,
        numbers=notice.numbers,
        title=notice.title,
        text=notice.text,
        link=notice.link,
        items=notice.items,
        links=notice.links,
        correlation_id=notice.correlation_id,
    )
    return message.model_dump_json().encode()
