"""Frigate's settings become ours, and nothing in them is silently dropped."""

from typing import Any

import pytest

from vedette.config.imports.frigate import from_frigate
from vedette.config.reader import parse_yaml
from vedette.contracts.errors import InvalidConfig

FILE = """
mqtt:
  {host: 10.0.0.2, user: frigate, password: "{FRIGATE_MQTT_PASSWORD}", client_id: yard, qos: 0}
detectors: {coral: {type: edgetpu, device: usb}}
birdseye: {mode: continuous}
go2rtc:
  streams:
    yard_main:
      - rtsp://viewer:{FRIGATE_RTSP_PASSWORD}@10.0.10.10:554/live
      - ffmpeg:yard_main#audio=opus
    yard_sub: "ffmpeg:rtsp://viewer:{FRIGATE_RTSP_PASSWORD}@10.0.10.10:554/sub#video=copy"
    nothing: ["exec:cat"]
detect: {fps: 10, width: 1280, height: 720, stationary: {interval: 50, threshold: 50}}
objects:
  track: [person, car, dog]
  filters:
    person: {threshold: 0.75, min_score: 0.5, min_area: 9216, max_ratio: 2.0}
    car: {mask: ["0,0,0.5,0,0.5,0.2"]}
record:
  enabled: true
  retain: {days: 7, mode: motion}
  alerts: {pre_capture: 8, retain: {days: 30, mode: motion}}
  detections: {post_capture: 12, retain: {days: 14}}
snapshots: {enabled: true, quality: 80}
cameras:
  Back Yard:
    ffmpeg:
      hwaccel_args: preset-vaapi
      inputs:
        - {path: "rtsp://127.0.0.1:8554/yard_main", roles: [record, audio]}
        - path: rtsp://127.0.0.1:8554/yard_sub
          roles: [detect]
          input_args: preset-rtsp-restream
    motion: {mask: "1280,0,1280,72,640,72,640,0", threshold: 40}
    zones:
      steps:
        {coordinates: "0.1,0.1,0.4,0.1,0.4,0.5", inertia: 5, loitering_time: 4, objects: person}
      Drive: {coordinates: "640,360,1280,360,1280,720,640,720", filters: {car: {min_area: 9}}}
    review:
      alerts: {labels: [person, car], required_zones: [steps, Drive]}
      detections: {labels: [dog]}
    onvif: {host: 10.0.10.10, port: 8000, user: "ad min", password: "{FRIGATE_ONVIF}"}
  front:
    ffmpeg: {inputs: [{path: "rtsp://10.0.0.9/1", roles: [detect, record]}]}
    detect: {enabled: false}
    record: {retain: {days: 0}}
    objects: {track: [person]}
  attic:
    enabled: false
    ffmpeg: {inputs: [{path: "rtsp://10.0.0.8/1", roles: [detect]}]}
"""


def read(text: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Settings, and the notes by place."""
    settings, notes = from_frigate(parse_yaml(text.encode(), name="config.yml").data)
    return settings, {note.place: note.why for note in notes}


def test_a_camera_with_two_streams_zones_masks_and_filters() -> None:
    settings, _ = read(FILE)
    yard = settings["cameras"][0]

    assert yard["id"] == "back_yard"
    assert yard["name"] == "Back Yard"
    assert yard["source"] == "rtsp://viewer:${secret:FRIGATE_RTSP_PASSWORD}@10.0.10.10:554/live"
    assert yard["detect_source"].endswith(":${secret:FRIGATE_RTSP_PASSWORD}@10.0.10.10:554/sub")
    assert yard["onvif"] == {
        "url": "http://ad%20min:${secret:FRIGATE_ONVIF}@10.0.10.10:8000/onvif/device_service"
    }
    assert yard["detect"] == {
        "labels": ["person", "car", "dog"],
        "fps": 10.0,
        "still_recheck_s": 5.0,
        "min_score": {"person": 0.75},
    }
    assert yard["motion"]["masks"] == [[[1.0, 0.0], [1.0, 0.1], [0.5, 0.1], [0.5, 0.0]]]
    assert yard["zones"] == [
        {
            "id": "steps",
            "polygon": [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5]],
            "inertia_s": 0.5,
            "labels": ["person"],
        },
        {
            "id": "drive",
            "polygon": [[0.5, 0.5], [1.0, 0.5], [1.0, 1.0], [0.5, 1.0]],
            "inertia_s": 0.3,
        },
        {
            "id": "mask_car",
            "kind": "exclude",
            "polygon": [[0.0, 0.0], [0.5, 0.0], [0.5, 0.2]],
            "labels": ["car"],
        },
    ]


def test_what_it_alerts_of_becomes_rules() -> None:
    settings, _ = read(FILE)
    rules = {rule["id"]: rule for rule in settings["cameras"][0]["rules"]}

    assert set(rules) == {
        "alert_steps",
        "alert_steps_2",
        "alert_drive",
        "alert_drive_2",
        "detection",
    }
    assert rules["alert_steps"] == {
        "id": "alert_steps",
        "type": "loiter",
        "labels": ["person"],
        "severity": "warning",
        "zone": "steps",
        "dwell_s": 4.0,
        "min_area": 0.01,
    }
    assert rules["alert_drive_2"] == {
        "id": "alert_drive_2",
        "type": "presence",
        "labels": ["car"],
        "severity": "warning",
        "zone": "drive",
    }
    assert rules["detection"]["labels"] == ["dog"]
    assert rules["detection"]["severity"] == "info"
    front = settings["cameras"][1]["rules"]
    assert [(rule["id"], rule["labels"]) for rule in front] == [("alert", ["person"])]


def test_what_is_kept_and_how_long() -> None:
    settings, _ = read(FILE)
    yard, front = settings["cameras"]

    assert yard["record"] == {"mode": "always", "max_days": 7.0}
    assert yard["events"] == {
        "pre_roll_s": 8.0,
        "post_roll_s": 12.0,
        "keep_days": 30.0,
        "picture_quality": 80,
    }
    assert "record" not in front, "only events are kept of it"
    assert front["detect"]["enabled"] is False
    assert settings["retention"] == {"max_gb": 1000.0, "min_free_gb": 10.0, "max_days": 30.0}


def test_what_has_no_counterpart_is_listed_with_its_place() -> None:
    _, notes = read(FILE)

    listed = {
        "mqtt.client_id": "lets each name in once",
        "mqtt.qos": "confirms each alert",
        "detectors": "vedette models",
        "birdseye.mode": "no counterpart",
        "go2rtc.streams.nothing": "none of its sources",
        "detect.stationary.threshold": "no counterpart",
        "objects.filters.person.min_score": "median score",
        "objects.filters.person.max_ratio": "no counterpart",
        "record.retain.mode": "without motion",
        "cameras.Back Yard": "kept equally long",
        "cameras.Back Yard.ffmpeg.hwaccel_args": "no counterpart",
        "cameras.Back Yard.ffmpeg.inputs[1].input_args": "no counterpart",
        "cameras.Back Yard.motion.threshold": "adapts",
        "cameras.Back Yard.zones.Drive.filters.car.min_area": "no counterpart",
        "cameras.attic": "disabled",
    }
    assert {place: why for place, why in notes.items() if place not in listed} == {
        "record.alerts.retain.mode": "clips of events are kept whole",
        "cameras.front": "alerts, detections and snapshots are kept equally long: the longest",
    }
    for place, word in listed.items():
        assert word in notes[place], place


def test_pixels_without_a_size_are_told_and_left_out() -> None:
    settings, notes = read(
        """
cameras:
  yard:
    ffmpeg: {inputs: [{path: "rtsp://10.0.0.9/1", roles: [detect]}]}
    objects: {track: [person], filters: {person: {min_area: 5000}}}
    zones: {steps: {coordinates: "640,360,1280,360,1280,720"}}
"""
    )

    assert "zones" not in settings["cameras"][0]
    assert "min_area" not in settings["cameras"][0]["rules"][0]
    assert "zones.steps.coordinates is in pixels" in notes["cameras.yard"]
    assert "detect.width" in notes["cameras.yard.objects.filters.person.min_area"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("cameras: {yard: {ffmpeg: {inputs: []}}}", "'yard': ffmpeg.inputs names no stream"),
        (
            'cameras: {yard: {detect: {fps: many}, ffmpeg: {inputs: [{path: "rtsp://a/b"}]}}}',
            "detect.fps: 'many' is no number",
        ),
        (
            "cameras: {yard: {motion: {mask: '0,0,1'}, "
            'ffmpeg: {inputs: [{path: "rtsp://a/b"}]}}}',
            "is no polygon",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(InvalidConfig, match=sentence):
        read(text)


def test_the_broker_is_told_of_alerts() -> None:
    settings, _ = read(FILE)

    assert settings["notify"]["channels"] == [
        {
            "id": "mqtt",
            "type": "mqtt",
            "host": "10.0.0.2",
            "port": 1883,
            "qos": 1,
            "username": "frigate",
            "password": "${secret:FRIGATE_MQTT_PASSWORD}",
        }
    ]


def test_a_broker_with_tls_keeps_it() -> None:
    settings, notes = read(
        "mqtt: {host: b, port: '8883', tls_ca_certs: /config/ca.crt, tls_insecure: true}\n"
        "cameras: {}\n"
    )

    [channel] = settings["notify"]["channels"]
    assert (channel["port"], channel["tls"], channel["verify_tls"]) == (8883, True, False)
    assert "ca_file" in notes["mqtt.tls_ca_certs"]


@pytest.mark.parametrize("mqtt", ["{enabled: false, host: 10.0.0.2}", "{enabled: true}", "{}"])
def test_without_a_broker_nobody_is_told(mqtt: str) -> None:
    settings, notes = read(f"mqtt: {mqtt}\ncameras: {{}}\n")

    assert "notify" not in settings
    assert notes.pop("cameras", None)
    assert list(notes) == ["mqtt"]
