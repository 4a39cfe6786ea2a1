"""What Home Assistant is told: devices that it can read, states after events, no leftovers."""

import json
from collections.abc import Iterable
from typing import Any

from tests.unit.notify.events import an_event, closed
from vedette.contracts.event import Event
from vedette.notify.home import Again, HomeCamera, Message, Toggle, present
from vedette.notify.home_assistant import MOST_LABELS, HomeAssistantVoice

YARD = HomeCamera(id="yard", title="Front yard", labels=("person", "traffic light"))
GATE = HomeCamera(id="gate", title="Gate", labels=("car",), detects=False)
CONFIG = "homeassistant/device/vedette_yard/config"


def a_voice(*, commands: bool = True) -> HomeAssistantVoice:
    return HomeAssistantVoice(
        base="vedette",
        prefix="homeassistant",
        status="vedette/status",
        commands=commands,
        url="https://vedette.example",
    )


def kept(messages: Iterable[Message], before: dict[str, bytes] | None = None) -> dict[str, bytes]:
    """What a broker holds after these."""
    held = dict(before or {})
    for each in messages:
        if each.state or each.retain:
            held[each.topic] = each.payload
            if not each.payload:
                del held[each.topic]
    return held


def said(voice: HomeAssistantVoice, event: Event, *opened: Event) -> list[Message]:
    there = present(opened)
    return list(voice.event(event, "Person at Front yard", there, present(())))


def device(held: dict[str, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(held[CONFIG])
    return found


def test_a_camera_is_one_device_with_an_entity_for_each_class() -> None:
    held = kept(a_voice().cameras([YARD, GATE]))

    told = device(held)
    assert told["device"]["name"] == "Front yard"
    assert told["device"]["configuration_url"] == "https://vedette.example"
    assert told["availability"] == [{"topic": "vedette/status"}]
    assert told["origin"]["name"] == "Vedette"
    assert {key: part["platform"] for key, part in told["components"].items()} == {
        "online": "binary_sensor",
        "event": "sensor",
        "picture": "image",
        "detect": "switch",
        "person_there": "binary_sensor",
        "person_count": "sensor",
        "traffic_light_there": "binary_sensor",
        "traffic_light_count": "sensor",
    }
    unique = [part["unique_id"] for part in told["components"].values()]
    assert len(unique) == len(set(unique))
    for part in told["components"].values():
        if part["platform"] == "binary_sensor":
            assert part["state_topic"] in held, "it begins with a state"
    assert held["vedette/cameras/yard/objects/person"] == b"OFF"
    assert held["vedette/cameras/yard/objects/person/count"] == b"0"
    assert held["vedette/cameras/gate/detect"] == b"OFF"


def test_who_must_not_command_gets_no_switch_and_is_not_heard() -> None:
    voice = a_voice(commands=False)
    held = kept(voice.cameras([YARD]))

    assert "detect" not in device(held)["components"]
    assert not any("set" in topic for topic in voice.listens())


def test_events_move_the_states() -> None:
    voice = a_voice()
    held = kept(voice.cameras([YARD]))
    first, second = an_event(1, "a", "b"), an_event(2, "b", "c")

    held = kept(said(voice, first, first), held)
    held = kept(said(voice, second, first, second), held)
    during = dict(held)
    held = kept(said(voice, closed(first), second), held)
    held = kept(said(voice, closed(second)), held)

    assert during["vedette/cameras/yard/objects/person"] == b"ON"
    assert during["vedette/cameras/yard/objects/person/count"] == b"3", "each object once"
    assert held["vedette/cameras/yard/objects/person"] == b"OFF"
    assert held["vedette/cameras/yard/objects/person/count"] == b"0"
    last = json.loads(held["vedette/cameras/yard/event"])
    assert (last["title"], last["state"]) == ("Person at Front yard", "closed")
    assert last["event_id"] == str(second.id)


def test_a_class_that_no_rule_named_is_announced_when_it_comes_and_taken_away_with_its_rule() -> (
    None
):
    voice = a_voice()
    held = kept(voice.cameras([YARD]))
    bear = an_event(1, "a").model_copy(update={"label": "bear"})

    held = kept(said(voice, bear, bear), held)
    assert device(held)["components"]["bear_there"]["device_class"] == "occupancy"
    assert held["vedette/cameras/yard/objects/bear"] == b"ON"

    held = kept(voice.cameras([HomeCamera(id="yard", title="Yard", labels=("person",))]), held)
    assert "vedette/cameras/yard/objects/bear" not in held
    gone = device(held)["components"]
    assert gone["bear_there"] == {"platform": "binary_sensor"}, "this is how an entity is removed"
    assert gone["traffic_light_count"] == {"platform": "sensor"}


def test_any_number_of_classes_stays_a_bounded_device() -> None:
    voice = a_voice()
    many = HomeCamera(id="yard", title="Yard", labels=tuple(f"class {n}" for n in range(500)))
    held = kept(voice.cameras([many]))
    other = an_event(1, "a").model_copy(update={"label": "one more"})
    held = kept(said(voice, other, other), held)

    counts = [key for key in device(held)["components"] if key.endswith("_count")]
    assert len(counts) == MOST_LABELS
    assert len(json.dumps(device(held))) < 64_000


def test_a_camera_that_goes_leaves_nothing_at_the_broker() -> None:
    voice = a_voice()
    held = kept(voice.cameras([GATE]))
    alone = set(held)
    held = kept(voice.cameras([YARD, GATE]), held)
    held = kept(voice.online("yard", online=True), held)
    event = an_event(1, "a")
    held = kept(said(voice, event, event), held)
    held = kept(voice.picture("yard", "person", b"jpeg"), held)
    assert held["vedette/cameras/yard/online"] == b"ON"

    held = kept(voice.cameras([GATE]), held)
    assert set(held) == alone
    assert not list(voice.online("yard", online=True)), "nothing is said of it any more"
    assert not list(voice.picture("yard", "person", b"jpeg"))


def test_what_an_earlier_life_said_of_cameras_that_are_no_more_is_taken_away() -> None:
    before = kept(a_voice().cameras([YARD, GATE]))
    voice = a_voice()
    held = dict(before)
    found = voice.hears("vedette/cameras", before["vedette/cameras"], True)
    assert not isinstance(found, Toggle | Again)
    first = kept(voice.cameras([GATE]), held)
    found = voice.hears("vedette/cameras", before["vedette/cameras"], True)
    assert not isinstance(found, Toggle | Again)
    after = kept(found, first)

    assert not [topic for topic in after if "yard" in topic]
    assert "homeassistant/device/vedette_gate/config" in after
    for nonsense in (b"", b"{", b"[1]", b'{"yard": 3}', bytes(range(256))):
        assert not list(voice.hears("vedette/cameras", nonsense, True))  # type: ignore[arg-type]


def test_only_plain_commands_of_this_moment_are_obeyed() -> None:
    voice = a_voice()
    list(voice.cameras([YARD]))
    switch = "vedette/cameras/yard/detect/set"

    assert voice.hears(switch, b"OFF", False) == Toggle(camera_id="yard", on=False)
    assert voice.hears(switch, b"ON", False) == Toggle(camera_id="yard", on=True)
    assert voice.hears("homeassistant/status", b"online", False) == Again()
    for topic, payload, was_kept in (
        (switch, b"OFF", True),
        (switch, b"maybe", False),
        ("vedette/cameras/moon/detect/set", b"OFF", False),
        ("homeassistant/status", b"offline", False),
    ):
        assert voice.hears(topic, payload, was_kept) == ()


def test_names_cannot_leave_their_topic() -> None:
    voice = a_voice()
    evil = HomeCamera(id="yard", title="Yard\n", labels=("a/+/#",))
    held = kept(voice.cameras([evil]))

    assert not [topic for topic in held if "+" in topic or "#" in topic]
    assert "vedette/cameras/yard/objects/a____" in held
