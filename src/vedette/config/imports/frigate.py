"""Frigate's `config.yml` (0.12 to 0.16) as our settings."""

from typing import Any

from vedette.config.imports.frigate_camera import FrigateCamera
from vedette.config.imports.restream import streams_of
from vedette.config.imports.taken import Note, Taken
from vedette.config.imports.words import slug

MOST_GB = 1000.0
LEAST_FREE_GB = 10.0

LATER = "messages over MQTT come with a later version; until then a webhook can tell Home Assistant"
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
    file.note("mqtt", LATER)
    for key in ("detectors", "model"):
        file.note(key, MODEL)
    settings: dict[str, Any] = {"version": 1, "cameras": cameras}
    settings["retention"] = _retention(cameras)
    return settings, file.notes()


def _retention(cameras: list[dict[str, Any]]) -> dict[str, Any]:
    """Frigate fills the disk; so do we, and leave some of it free."""
    days = [camera.get("record", {}).get("max_days", 0.0) for camera in cameras]
    days += [camera.get("events", {}).get("keep_days", 0.0) for camera in cameras]
    found: dict[str, Any] = {"max_gb": MOST_GB, "min_free_gb": LEAST_FREE_GB}
    if any(days):
        found["max_days"] = max(days)
    return found
