"""Frigate's `config.yml` (0.12 to 0.16) as our settings."""

from typing import Any

from vedette.config.imports.frigate_camera import FrigateCamera, secret_text
from vedette.config.imports.restream import streams_of
from vedette.config.imports.taken import Note, Taken
from vedette.config.imports.words import number, slug

MOST_GB = 1000.0
LEAST_FREE_GB = 10.0

MQTT_PORT = 1883

BESIDE = (
    "alerts go to topics below `vedette/`, so that a Frigate beside it is not disturbed; its own "
    "topics are said with `mqtt: {frigate: {prefix: ...}}` (docs/home-assistant.md)"
)
OTHER_CLIENT = "a name of its own at each connection, for a broker lets each name in once"
CONFIRMED = "the broker confirms each alert (quality of service 1)"
NO_FIGURES = "figures are on /metrics, for Prometheus"
CA_FILE = "put the file where Vedette can read it, and say `ca_file: PATH` at the channel"
MODEL = "Vedette has models of its own: `vedette models list`, then `detector: {model: ...}`"


def from_frigate(data: dict[str, Any]) -> tuple[dict[str, Any], list[Note]]:
    """Settings, and what could not be taken over.

    Raises:
        InvalidConfig: something in it makes no sense.
    """
    file = Taken(data)
    streams = streams_of(file.inner("go2rtc").inner("streams"))
    cameras: list[dict[str, Any]] = []
    listed = file.inner("cameras")
    for name in listed.names():
        own = listed.inner(name)
        if own.get("enabled", True) is False:
            listed.note(name, "it is disabled there, so it is left out here")
            continue
        taken = [each["id"] for each in cameras]
        camera = FrigateCamera(slug(name, taken), name, own, file, streams)
        cameras.append(camera.settings())
    channels = _channels(file.inner("mqtt"))
    for key in ("detectors", "model"):
        file.note(key, MODEL)
    settings: dict[str, Any] = {"version": 1, "cameras": cameras}
    if channels:
        settings["notify"] = {"channels": channels}
    settings["retention"] = _retention(cameras)
    return settings, file.notes()


def _channels(mqtt: Taken) -> list[dict[str, Any]]:
    """Where alerts are told: the broker, where there is one.

    Raises:
        InvalidConfig: its port is no number.
    """
    host = mqtt.get("host")
    if not host or mqtt.get("enabled", True) is False:
        if mqtt.names():
            mqtt.say(
                "it is switched off there, so nobody is told; see `notify` in docs/settings.md"
            )
        for key in mqtt.names():
            mqtt.get(key)
        return []
    port = int(number(mqtt.get("port", MQTT_PORT), "mqtt.port"))
    found: dict[str, Any] = {
        "id": "mqtt",
        "type": "mqtt",
        "host": str(host),
        "port": port,
        "qos": 1,
    }
    for theirs, ours in (("user", "username"), ("password", "password")):
        if value := mqtt.get(theirs):
            found[ours] = secret_text(str(value))
    if "tls_ca_certs" in mqtt:
        found |= {"tls": True, "verify_tls": not mqtt.get("tls_insecure", False)}
        mqtt.note("tls_ca_certs", CA_FILE)
    mqtt.note("topic_prefix", BESIDE)
    mqtt.note("client_id", OTHER_CLIENT)
    mqtt.note("qos", CONFIRMED)
    mqtt.note("stats_interval", NO_FIGURES)
    return [found]


def _retention(cameras: list[dict[str, Any]]) -> dict[str, Any]:
    """Frigate fills the disk; so do we, and leave some of it free."""
    days = [camera.get("record", {}).get("max_days", 0.0) for camera in cameras]
    days += [camera.get("events", {}).get("keep_days", 0.0) for camera in cameras]
    found: dict[str, Any] = {"max_gb": MOST_GB, "min_free_gb": LEAST_FREE_GB}
    if any(days):
        found["max_days"] = max(days)
    return found
