"""The MQTT channel against a real broker that demands a login, speaks TLS, goes, and comes back."""

import asyncio
import gc
import json
import os
from pathlib import Path
from typing import Any

import pytest
from amqtt.client import MQTTClient

from tests.servers.black_hole import BlackHole
from tests.servers.mqtt_broker import MqttBroker
from vedette.contracts.errors import DeliveryFailed, DeliveryRefused
from vedette.notify.mqtt import MqttChannel, MqttConfig
from vedette.testing.channel_contract import JPEG, a_notice
from vedette.testing.fakes import FakeClock

PASSWORD = "correct horse battery staple"  # noqa: S105  opens nothing but the broker
TOPIC = "vedette/home/front_door/visitors"


def channel_to(port: int, **settings: Any) -> MqttChannel:
    values = {"host": "127.0.0.1", "port": port, "qos": 1, **settings}
    return MqttChannel(MqttConfig.model_validate(values), clock=FakeClock())


async def test_an_alert_is_one_flat_object() -> None:
    with MqttBroker() as broker:
        reached = await channel_to(broker.port).send(a_notice())

    [message] = broker.heard
    told = json.loads(message.payload)
    assert reached == f"{TOPIC} at the MQTT broker 127.0.0.1:{broker.port}"
    assert (message.topic, message.qos, message.retain) == (TOPIC, 1, False)
    assert told["id"] == str(a_notice().alert_id)
    assert (told["value"], told["event"]) == ("person", "enter")
    assert (told["camera"], told["zone"]) == ("front_door", "yard")
    assert told["time"] == "2026-11-21T14:03:22Z"
    assert told["numbers"] == {"dwell_s": 3.5}


async def test_a_bare_word_arrives_where_the_operator_says() -> None:
    settings = {"topic": "home/security/backyard", "payload_format": "raw", "qos": 0}
    with MqttBroker() as broker:
        reached = await channel_to(broker.port, **settings).send(a_notice())
        await channel_to(broker.port).send(a_notice())  # the broker has read what came before

    word = broker.heard[0]
    assert reached.endswith(", unconfirmed")
    assert (word.topic, word.payload, word.qos) == ("home/security/backyard", b"person", 0)


async def test_the_picture_comes_before_the_alert() -> None:
    with MqttBroker() as broker:
        await channel_to(broker.port, include_picture=True).send(a_notice())

    picture, alert = broker.heard
    assert (picture.topic, picture.payload) == (f"{TOPIC}/picture", JPEG)
    assert alert.topic == TOPIC


async def test_names_bring_no_wildcards_into_a_topic() -> None:
    settings = {"topic": "alarm/{severity}/{event_type}/{label}", "client_id": "vedette-yard"}
    with MqttBroker() as broker:
        for label in ("person", "a/+/#\n{rule_id}", ""):
            await channel_to(broker.port, **settings).send(a_notice(label=label))

    assert [each.topic for each in broker.heard] == [
        "alarm/warning/enter/person",
        "alarm/warning/enter/a_____{rule_id}",
        "alarm/warning/enter/_",
    ]
    assert {each.client_id for each in broker.heard} == {"vedette-yard"}


async def test_who_comes_later_gets_the_last_alert_where_it_is_kept() -> None:
    with MqttBroker() as broker:
        await channel_to(broker.port, retain=True).send(a_notice())
        listener = MQTTClient()
        await listener.connect(f"mqtt://127.0.0.1:{broker.port}/")
        await listener.subscribe([(f"{TOPIC}/#", 1)])
        async with asyncio.timeout(20):
            kept = await listener.deliver_message()
        await listener.disconnect()

    assert kept is not None
    assert kept.topic == TOPIC
    assert json.loads(kept.data)["title"] == "Person entered yard (Front door)"


async def test_a_login_over_tls(tmp_path: Path) -> None:
    with MqttBroker(login=("vedette", PASSWORD), tls_in=tmp_path) as broker:
        channel = channel_to(
            broker.port, tls=True, ca_file=broker.ca_file, username="vedette", password=PASSWORD
        )
        await channel.send(a_notice())

    assert [each.user for each in broker.heard] == ["vedette"]


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("login", [{}, {"username": "vedette", "password": "wrong"}])
async def test_a_wrong_login_is_refused_for_good(login: dict[str, str], qos: int) -> None:
    with (
        MqttBroker(login=("vedette", PASSWORD)) as broker,
        pytest.raises(DeliveryRefused, match="refused the connection: "),
    ):
        await channel_to(broker.port, qos=qos, **login).send(a_notice())

    assert not broker.heard


async def test_a_broker_of_unknown_authority_is_not_told(tmp_path: Path) -> None:
    with MqttBroker(tls_in=tmp_path) as broker:
        with pytest.raises(DeliveryRefused, match=r"cannot be trusted: .*verify failed"):
            await channel_to(broker.port, tls=True).send(a_notice())
        await channel_to(broker.port, tls=True, verify_tls=False).send(a_notice())

    assert [each.topic for each in broker.heard] == [TOPIC]


async def test_a_broker_that_restarts_is_no_special_case() -> None:
    with MqttBroker() as broker:
        channel = channel_to(broker.port)
        await channel.send(a_notice())
    with pytest.raises(DeliveryFailed, match=r"cannot be used: .*refused"):
        await channel.send(a_notice())
    with pytest.raises(DeliveryRefused, match="it is not tried again"):
        await channel_to(broker.port, qos=0).send(a_notice())
    with MqttBroker(port=broker.port) as again:
        await channel.send(a_notice())

    assert [each.topic for each in again.heard] == [TOPIC]


async def test_a_silent_broker_holds_up_nothing_that_may_be_forgotten() -> None:
    with BlackHole() as hole:
        reached = await channel_to(hole.port, qos=0).send(a_notice())

    assert reached.endswith(", unconfirmed")


async def test_silence_is_given_up_in_time_and_leaves_nothing_open() -> None:
    with BlackHole() as hole:
        channel = channel_to(hole.port, timeout_s=0.3)
        left: list[int] = []
        for _ in range(4):
            with pytest.raises(DeliveryFailed, match=r"did not answer within 0\.3 s"):
                await channel.send(a_notice())
            await asyncio.sleep(0.3)  # its thread looks twenty times a second
            gc.collect()
            left.append(len(os.listdir("/proc/self/fd")) - hole.connections)

    assert left[-1] <= left[0]
