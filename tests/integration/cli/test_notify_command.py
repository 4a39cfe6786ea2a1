"""`vedette notify`: channels are listed, and a test message really arrives, or says why not."""

import json
from pathlib import Path

from tests.command import vedette
from tests.servers.mqtt_broker import MqttBroker
from tests.servers.webhook_receiver import WebhookReceiver

SETTINGS = """
notify:
  channels:
    - {{type: log}}
    - {{id: hook, type: webhook, url: "{hook}/a-key", include_picture: true}}
    - {{id: broker, type: mqtt, host: 127.0.0.1, port: {port}, include_picture: true, qos: 1}}
cameras: [{{id: yard, source: "simulator:"}}]
"""


def settings(folder: Path, hook: str = "http://127.0.0.1:9", port: int = 9) -> Path:
    file = folder / "vedette.yaml"
    file.write_text(SETTINGS.format(hook=hook, port=port))
    return file


def test_channels_are_listed_without_their_keys(tmp_path: Path) -> None:
    shown = vedette("notify", "list", settings(tmp_path))

    assert shown.code == 0, shown.err
    for word in ("log", "hook", "webhook", "broker", "mqtt"):
        assert word in shown.out
    assert "a-key" not in shown.out


def test_a_test_message_arrives_with_a_picture(tmp_path: Path) -> None:
    with WebhookReceiver() as receiver, MqttBroker() as broker:
        file = settings(tmp_path, receiver.url, broker.port)
        over_http = vedette("notify", "test", "hook", file)
        over_mqtt = vedette("notify", "test", "broker", file)

    [message] = receiver.messages.values()
    picture, told = broker.heard
    assert over_http.out == "told: the webhook at 127.0.0.1\n", over_http.err
    assert message["title"] == "Test of this channel (Vedette)"
    assert message["picture_base64"].startswith("/9j/")
    assert over_mqtt.code == 0, over_mqtt.err
    assert picture.payload.startswith(b"\xff\xd8")
    assert told.topic == "vedette/default/notification_test/notification_test"
    assert json.loads(told.payload)["value"] == "person"


def test_what_does_not_arrive_says_why(tmp_path: Path) -> None:
    file = settings(tmp_path)
    nobody = vedette("notify", "test", "hook", file)
    unknown = vedette("notify", "test", "pigeon", file)

    assert nobody.code == 1
    assert "the webhook at 127.0.0.1 cannot be reached" in " ".join(nobody.err.split())
    assert "a-key" not in nobody.err
    assert unknown.code != 0
    assert "there are: log, hook, broker" in " ".join(unknown.err.split())
