"""Spyoncino's `config.yaml` as our settings."""

import re
from typing import Any

from vedette.config.imports.taken import Note, Taken
from vedette.config.imports.words import number, slug, words

_SECRET = re.compile(r"@secrets\s+([A-Za-z0-9_.]+)")
PERSON = ["person"]


def from_spyoncino(data: dict[str, Any]) -> tuple[dict[str, Any], list[Note]]:
    """Settings, and what could not be taken over.

    Raises:
        InvalidConfig: something in it makes no sense.
    """
    file = Taken(data)
    detection = file.inner("detection")
    zones = _zones(detection.inner("zoning"))
    cameras: list[dict[str, Any]] = []
    for given in file.items("cameras"):
        name = str(given.get("camera_id", "camera"))
        camera: dict[str, Any] = {
            "id": slug(name, [each["id"] for each in cameras]),
            "name": name,
            "source": _source(given),
            "detect": _detect(detection),
            "rules": [_rule(detection)],
        }
        if zones.get(name):
            camera["zones"] = zones[name]
        cameras.append(camera | _events(detection.inner("notifications")))
    settings: dict[str, Any] = {"version": 1, "cameras": cameras}
    settings["notify"] = _notify(file, detection)
    settings["retention"] = _retention(file.inner("storage"))
    return {key: value for key, value in settings.items() if value}, file.notes()


def reference(value: Any) -> Any:
    """`@secrets telegram.token` as a reference to the secret TELEGRAM_TOKEN."""
    if isinstance(value, str) and (found := _SECRET.fullmatch(value.strip())):
        return {"secret": found[1].replace(".", "_").upper()}
    return value


def _source(camera: Taken) -> Any:
    address, port = camera.get("rtsp_url"), camera.get("usb_port")
    size = {key: camera.get(key) for key in ("width", "height", "fps")}
    if address:
        return reference(address)
    if isinstance(port, str) and not port.isdigit():
        return {"type": "file", "path": port, "pace": "realtime"}
    found: dict[str, Any] = {"type": "usb", "device": str(port or 0)}
    if size["width"] and size["height"]:
        found |= {key: int(number(size[key], key)) for key in ("width", "height")}
    elif size["width"] or size["height"]:
        camera.say("width and height count only together; the camera's own are used")
    return found | ({"fps": number(size["fps"], "fps")} if size["fps"] else {})


def _detect(detection: Taken) -> dict[str, Any]:
    detection.note("interval", "moving things are looked at several times a second (detect.fps)")
    detection.note("motion_threshold", "motion adapts to noise and light by itself")
    labels = words(detection.get("class_filter"))
    return {"labels": labels} if labels else {}


def _rule(detection: Taken) -> dict[str, Any]:
    """One alert for whoever is there."""
    pipeline = detection.inner("alert_pipeline")
    labels = words(detection.get("alert_labels", pipeline.get("target_labels", PERSON)))
    score = pipeline.get("min_confidence", detection.get("confidence", 0.0))
    rule = {"id": "alert", "type": "presence", "labels": labels or PERSON, "severity": "warning"}
    return rule | {"min_score": number(score, "detection.alert_pipeline.min_confidence")}


def _zones(zoning: Taken) -> dict[str, list[dict[str, Any]]]:
    """By the camera's name there."""
    found: dict[str, list[dict[str, Any]]] = {}
    enabled = bool(zoning.get("enabled", False))
    for camera in zoning.items("zones"):
        name, zones = str(camera.get("camera_id", "")), camera.inner("zones")
        for each in zones.names():
            zone = zones.inner(each)
            if not enabled:
                zones.note(each, "zones are switched off there (zoning.enabled), so it is left out")
                continue
            corners = [number(x, f"zone {each}: bounds") for x in zone.get("bounds", (0, 0, 1, 1))]
            left, top, right, bottom = corners if len(corners) == 4 else (0.0, 0.0, 1.0, 1.0)
            known = found.setdefault(name, [])
            entry: dict[str, Any] = {
                "id": slug(each, [other["id"] for other in known]),
                "kind": "exclude" if zone.get("action", "include") == "exclude" else "include",
                "polygon": [[left, top], [right, top], [right, bottom], [left, bottom]],
            }
            labels = words(zone.get("labels"))
            known.append(entry | ({"labels": labels} if labels else {}))
    return found


def _events(notifications: Taken) -> dict[str, Any]:
    gif_s = notifications.inner("gif").get("duration_seconds")
    if gif_s is None:
        return {}
    return {"events": {"preview_s": min(30.0, max(1.0, number(gif_s, "gif.duration_seconds")))}}


def _notify(file: Taken, detection: Taken) -> dict[str, Any]:
    notifications, pipeline = detection.inner("notifications"), detection.inner("alert_pipeline")
    quiet = notifications.get("cooldown_seconds", pipeline.get("cooldown_seconds"))
    found: dict[str, Any] = {} if quiet is None else {"quiet_s": number(quiet, "cooldown_seconds")}
    chat = file.inner("system").inner("security").get("notification_chat_id")
    channels: list[dict[str, Any]] = []
    for module in file.inner("outputs").items("modules"):
        kind = str(module.get("module", "")).rpartition(".")[2]
        options = module.inner("options")
        if module.get("enabled", True) is False:
            continue
        if kind == "telegram_notifier" and chat is not None:
            token = {"secret": "TELEGRAM_TOKEN"}
            channels.append({"type": "telegram", "token": token, "chat_ids": [chat]})
        elif kind == "webhook_notifier" and options.get("url"):
            channels.append({"type": "webhook", "url": reference(options.get("url"))})
        else:
            module.say(f"{kind}: write it anew under notify.channels; not all is said here")
    return found | ({"channels": channels} if channels else {})


def _retention(storage: Taken) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if (hours := storage.get("retention_hours")) is not None:
        found["max_days"] = round(number(hours, "storage.retention_hours") / 24.0, 3)
    if (free := storage.get("low_space_threshold_gb")) is not None:
        found["min_free_gb"] = number(free, "storage.low_space_threshold_gb")
    storage.note("path", "where everything is kept is told at the start: `vedette up --data`")
    return found
