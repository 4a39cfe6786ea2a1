"""Home automations beside the running product: found, told, obeyed, and told of its death."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.running import Running
from tests.servers.black_hole import BlackHole
from tests.servers.mqtt_broker import MqttBroker
from tests.servers.mqtt_listener import MqttListener

CAMERA = """
  - id: {name}
    source: {{type: simulator, pace: realtime}}
    detect: {{fps: 10}}
    rules: [{{id: anybody, type: presence, labels: []}}]
"""
SETTINGS = """
detector: {{type: blob}}
workers: 0
api: {{port: 0}}
mqtt:
  {{host: 127.0.0.1, port: {port}, timeout_s: 1, home_assistant: true, frigate: {{prefix: cctv}}}}
cameras:
"""


def settings(port: int, *cameras: str) -> str:
    return SETTINGS.format(port=port) + "".join(CAMERA.format(name=name) for name in cameras)


def config_of(camera: str) -> str:
    return f"homeassistant/device/vedette_{camera}/config"


@pytest.mark.timeout(180)
def test_home_automations_are_told_and_obeyed(tmp_path: Path) -> None:
    config, data = tmp_path / "vedette.yaml", tmp_path / "data"
    with MqttBroker() as broker, MqttListener(broker.port) as home:
        config.write_text(settings(broker.port, "yard"))

        def ended() -> list[str]:
            told = home.objects("cctv/events")
            return [each["after"]["id"] for each in told if each["type"] == "end"]

        with Running("up", "--config", config, "--data", data) as product:
            home.until(lambda: home.last("vedette/cameras/yard/online") == b"ON", "a camera")
            home.until(lambda: home.last("vedette/cameras/yard/picture"), "a picture")
            home.until(lambda: len(ended()) >= 2, "events that are over", within_s=90)
            last = json.loads(home.last("vedette/cameras/yard/event") or b"{}")
            stored = {event["id"]: event for event in product.events(limit="500")}
            home.say("vedette/cameras/yard/detect/set", b"OFF")
            home.until(lambda: home.last("vedette/cameras/yard/detect") == b"OFF", "the switch")
            product.until(lambda: not detects(product), "the settings that were changed by it")
            heard = len(home.heard)
            home.say("homeassistant/status", b"online")
            home.until(
                lambda: config_of("yard") in {each.topic for each in home.heard[heard:]},
                "everything again for a Home Assistant that has just come",
            )
            assert product.stop() == 0
        home.until(lambda: home.last("vedette/status") == b"offline", "goodbye")

    device = json.loads(home.of(config_of("yard"))[0])
    assert device["device"]["name"] == "yard"
    label = stored[last["event_id"]]["label"]
    counts = [int(each) for each in home.of(f"vedette/cameras/yard/objects/{label}/count")]
    assert 0 in counts
    assert max(counts) >= 1
    assert home.of("vedette/cameras/yard/picture")[0].startswith(b"\xff\xd8")
    assert home.of("cctv/yard/" + label), "counts as Frigate has them"
    assert home.objects("cctv/reviews")[0]["type"] == "new"
    for one in ended():
        kinds = [e["type"] for e in home.objects("cctv/events") if e["after"]["id"] == one]
        assert (kinds[0], kinds[-1]) == ("new", "end")
        assert set(kinds[1:-1]) <= {"update"}


@pytest.mark.timeout(180)
def test_who_is_killed_is_away_and_cameras_that_are_gone_are_taken_away(tmp_path: Path) -> None:
    config, data = tmp_path / "vedette.yaml", tmp_path / "data"
    with MqttBroker() as broker, MqttListener(broker.port) as home:
        config.write_text(settings(broker.port, "yard", "gate"))
        with Running("up", "--config", config, "--data", data) as product:
            home.until(lambda: home.last("vedette/cameras/gate/online") == b"ON", "a camera")
            home.until(lambda: home.last("cctv/available") == b"online", "the other greeting")
            product.kill()
            home.until(lambda: home.last("vedette/status") == b"offline", "the last will")
            home.until(lambda: home.last("cctv/available") == b"offline", "the other one")

        config.write_text(settings(broker.port, "yard"))
        with Running("up", "--config", config, "--data", data) as product:
            home.until(lambda: home.last("vedette/status") == b"online", "it is back")
            home.until(lambda: home.last(config_of("gate")) == b"", "what is gone is taken away")
            home.until(lambda: home.last("vedette/cameras/yard/online") == b"ON", "the other")
            assert product.stop() == 0
        home.until(lambda: home.last("vedette/status") == b"offline", "goodbye")
        with MqttListener(broker.port) as later:
            later.until(lambda: later.last("vedette/status"), "what the broker keeps")
            kept = {each.topic for each in later.heard if each.kept}

    assert config_of("yard") in kept
    assert not [topic for topic in kept if "gate" in topic and not topic.startswith("cctv")]


@pytest.mark.timeout(180)
def test_without_its_broker_the_product_works_and_says_so(tmp_path: Path) -> None:
    config, data = tmp_path / "vedette.yaml", tmp_path / "data"
    with BlackHole() as hole:
        port = hole.port
        config.write_text(settings(port, "yard"))
        with Running("up", "--config", config, "--data", data) as product:
            product.until(lambda: len(product.events()) >= 1, "an event")
            product.until(lambda: "did not answer" in told_by(product)["detail"], "a word about it")
            module = told_by(product)
            assert product.stop() == 0

    assert module["level"] == "degraded"
    assert f"the MQTT broker 127.0.0.1:{port}" in module["detail"]


def detects(product: Running) -> bool:
    settings = product.http.get("/api/v1/config").json()["settings"]
    return bool(settings["cameras"][0]["detect"]["enabled"])


def told_by(product: Running) -> dict[str, Any]:
    """What the module says of itself."""
    modules = product.http.get("/api/v1/modules").json()
    found: dict[str, Any] = next(each for each in modules if each["name"] == "mqtt")
    return found
