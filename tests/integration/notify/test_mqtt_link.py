"""The lasting connection to a real broker: it comes and goes, lies, is silent; nobody waits."""

import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import pytest

from tests.servers.black_hole import BlackHole
from tests.servers.line import Line
from tests.servers.mqtt_broker import MqttBroker, free_port
from tests.servers.mqtt_listener import MqttListener
from vedette.contracts.health import HealthLevel
from vedette.kit.clock import SystemClock
from vedette.notify import mqtt_link
from vedette.notify.broker import BrokerSettings
from vedette.notify.mqtt_link import END_S, MOST_WAITING, MOST_WAITING_BYTES, MqttLink

WILL = "vedette/status"
CHANCE = random.Random(7)  # noqa: S311 - jitter, not a secret


@contextmanager
def linked(port: int, *listen: str, **settings: Any) -> Iterator[MqttLink]:
    """A link that runs meanwhile."""
    broker = BrokerSettings.model_validate({"host": "127.0.0.1", "port": port, **settings})
    link = MqttLink(broker, will=WILL, listen=listen, clock=SystemClock(), rng=CHANCE)
    thread = threading.Thread(target=link.run)
    thread.start()
    try:
        yield link
    finally:
        link.close()
        thread.join(10)
        assert not thread.is_alive(), "the link did not end"


def eventually(what: Callable[[], Any], within_s: float = 30.0) -> Any:
    clock = SystemClock()
    until_s = clock.monotonic() + within_s
    never = threading.Event()
    while not (value := what()):
        assert clock.monotonic() < until_s, "it did not come about"
        clock.wait(never, 0.02)
    return value


def test_states_are_kept_for_who_comes_later_and_what_happened_is_not() -> None:
    with MqttBroker() as broker:
        with linked(broker.port) as link:
            link.keep("yard/online", b"ON")
            link.tell("yard/event", b"somebody came")
            eventually(lambda: len(broker.heard) >= 3)
            with MqttListener(broker.port) as late:
                late.until(lambda: late.last("yard/online") == b"ON", "the state")
                link.keep("yard/online", b"ON")  # no news
                link.keep("yard/online", b"")  # it is no more
                late.until(lambda: late.last("yard/online") == b"", "its end")
                assert late.of("yard/event") == []
                assert late.of("yard/online") == [b"ON", b""]
        with MqttListener(broker.port) as later:
            later.until(lambda: later.last(WILL) == b"offline", "the goodbye")
            assert later.of("yard/online") == []


def test_a_broker_that_was_away_is_told_how_things_are_now(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(mqtt_link, "LONGEST_PAUSE_S", 1.0)
    port = free_port()
    with linked(port) as link:
        eventually(lambda: link.problem)
        never = link.health()
        with MqttBroker(port=port) as first:
            eventually(lambda: link.connected)
            link.keep("yard/objects", b"1")
            link.keep("yard/online", b"ON")
            eventually(lambda: len(first.heard) >= 3)
        eventually(lambda: not link.connected)
        link.keep("yard/objects", b"0")
        link.tell("yard/event", b"while you were away")
        with MqttBroker(port=port) as again:
            eventually(lambda: len(again.heard) >= 4)
            back = link.health()
        eventually(lambda: not link.connected)
    said = [(each.topic, each.payload) for each in again.heard]

    assert never.level is HealthLevel.DEGRADED
    assert f"the MQTT broker 127.0.0.1:{port} cannot be used" in never.detail
    assert back.level is HealthLevel.HEALTHY
    assert said[0] == (WILL, b"online")
    assert ("yard/objects", b"0") in said
    assert ("yard/online", b"ON") in said, "what did not change is said again, too"
    assert ("yard/objects", b"1") not in said
    assert ("yard/event", b"while you were away") in said
    refused = [each for each in caplog.messages if "refused" in each]
    assert len(refused) == len(set(refused)), "a reason is told once, however often it is tried"


def test_without_a_broker_only_the_newest_messages_wait_and_all_states() -> None:
    with BlackHole() as hole, linked(hole.port, timeout_s=0.5) as link:
        clock = SystemClock()
        began_s = clock.monotonic()
        for number in range(3000):
            link.tell("yard/event", b"%d" % number)
            link.keep(f"yard/{number}", b"ON")
        took_s = clock.monotonic() - began_s
        eventually(lambda: "did not answer within 0.5 s" in link.problem)
        health = link.health()
        link.tell("yard/picture", bytes(MOST_WAITING_BYTES))
        crowded = link.waiting

    assert took_s < 2.0, "whoever says something does not wait for the network"
    assert health.level is HealthLevel.DEGRADED
    assert health.figures == {"waiting": 3000.0 + MOST_WAITING, "dropped": 3000.0 - MOST_WAITING}
    assert crowded == 3001, "a picture as large as all that may wait drives out the rest"


def test_who_dies_is_declared_away_by_the_broker() -> None:
    with (
        MqttBroker() as broker,
        MqttListener(broker.port, WILL) as listener,
        Line(broker.port) as line,
    ):
        with linked(line.port):
            listener.until(lambda: listener.last(WILL) == b"online", "the greeting")
            line.cut()
            listener.until(lambda: b"offline" in listener.of(WILL), "the last will")
            listener.until(lambda: listener.last(WILL) == b"online", "the next greeting")
        listener.until(lambda: listener.last(WILL) == b"offline", "the goodbye")

    said = [payload for payload, _ in groupby(listener.of(WILL))]  # the broker may repeat itself
    assert said == [b"online", b"offline", b"online", b"offline"]


def test_it_ends_at_once_while_it_still_waits_for_an_answer() -> None:
    clock = SystemClock()
    with BlackHole() as hole:
        with linked(hole.port, timeout_s=60):
            eventually(lambda: hole.connections)
            began_s = clock.monotonic()
        took_s = clock.monotonic() - began_s

    assert took_s < END_S, "there is nobody to whom goodbye could be said"


def test_a_wrong_login_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with (
        MqttBroker(login=("vedette", "right")) as broker,
        linked(broker.port, username="vedette", password="wr0ng") as link,  # noqa: S106
    ):
        eventually(lambda: "refused the connection" in link.problem)
        eventually(lambda: len(broker.users) >= 2)  # it tried again
        said = [each for each in caplog.messages if "refused the connection" in each]

    assert len(said) == 1
    assert "wr0ng" not in caplog.text


def test_what_others_say_is_heard_with_whether_it_was_kept() -> None:
    heard: list[tuple[str, bytes, bool]] = []
    with MqttBroker() as broker, MqttListener(broker.port) as other:
        other.say("homes/1/set", b"before", retain=True)
        with linked(broker.port, "homes/+/set") as link:
            link.heard = lambda *said: heard.append(said)
            eventually(lambda: link.connected)
            eventually(lambda: heard)
            other.say("homes/2/set", b"now")
            other.say("elsewhere/2/set", b"now")
            other.say("homes/3/set", b"last")
            eventually(lambda: len(heard) >= 3)

    assert list(dict.fromkeys(heard)) == [  # the broker may repeat what it kept
        ("homes/1/set", b"before", True),
        ("homes/2/set", b"now", False),
        ("homes/3/set", b"last", False),
    ]
