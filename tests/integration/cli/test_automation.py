"""A rule switches something: exactly this topic of a broker, with exactly this word."""

import json
from pathlib import Path

import pytest

from tests.command import vedette
from tests.running import Running
from tests.scenes import film, walker
from tests.servers.mqtt_broker import MqttBroker

SETTINGS = """
detector: {{type: blob, contrast: 60, smallest: 0.004}}
workers: 0
cameras:
  - id: garden
    source: {{type: file, path: garden.mp4, pace: realtime, start: now}}
    detect: {{fps: 10}}
    zones:
      - {{id: front, polygon: [[0.25, 0], [0.5, 0], [0.5, 1], [0.25, 1]]}}
      - {{id: backyard, polygon: [[0.6, 0], [1, 0], [1, 1], [0.6, 1]]}}
    rules:
      - {{id: somebody_in_front, type: enter, zone: front, labels: [person]}}
      - {{id: person_confirmed, type: enter, zone: backyard, labels: [person]}}
notify:
  quiet_s: 0
  channels:
    - {{id: raw, type: mqtt, host: 127.0.0.1, port: {port}, zones: [backyard],
       rules: [person_confirmed], topic: home/security/backyard, payload_format: raw}}
    - {{id: json, type: mqtt, host: 127.0.0.1, port: {port}, zones: [backyard],
       topic: home/security/backyard/json}}
    - {{id: everything, type: mqtt, host: 127.0.0.1, port: {port}, topic: everything, qos: 1}}
api: {{port: 0}}
"""


@pytest.mark.timeout(180)
def test_a_person_in_the_backyard_is_one_word_on_its_topic(tmp_path: Path) -> None:
    film(tmp_path / "garden.mp4", walker((0.5, -0.1, 0.5), (4.5, 1.1, 0.5)), duration_s=6.0)
    file = tmp_path / "vedette.yaml"
    with MqttBroker() as broker:
        file.write_text(SETTINGS.format(port=broker.port))
        with Running("up", "--config", file, "--data", tmp_path / "data") as product:
            product.until(
                lambda: len([m for m in broker.heard if m.topic == "everything"]) >= 2,
                "alerts of both zones",
            )
            product.until(
                lambda: len([m for m in broker.heard if m.topic.startswith("home/")]) >= 2,
                "those of the backyard",
            )
            assert product.stop() == 0
    told = {m.topic: m.payload for m in broker.heard if m.topic.startswith("home/")}
    assert told["home/security/backyard"] == b"person"
    message = json.loads(told["home/security/backyard/json"])
    assert (message["value"], message["zone"]) == ("person", "backyard")
    assert len([m for m in broker.heard if m.topic.startswith("home/")]) == 2


def test_a_rule_and_a_zone_that_there_are_not_are_said(tmp_path: Path) -> None:
    text = SETTINGS.format(port=1883)
    for right, wrong, said in (
        ("rules: [person_confirmed]", "rules: [person_seen]", "no rule is called 'person_seen'"),
        ("zones: [backyard],\n       topic", "zones: [attic],\n       topic", "called 'attic'"),
    ):
        assert right in text
        (tmp_path / "vedette.yaml").write_text(text.replace(right, wrong))
        done = vedette("config", "check", tmp_path / "vedette.yaml")
        assert done.code == 3
        assert said in " ".join(done.err.split())
