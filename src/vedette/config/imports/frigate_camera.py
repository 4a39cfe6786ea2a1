"""One camera of Frigate's settings."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from vedette.config.imports.restream import origin
from vedette.config.imports.taken import Layered, Taken
from vedette.config.imports.words import fractions, number, polygons, slug, words
from vedette.contracts.errors import InvalidConfig

FPS = 5.0
INERTIA = 3
ALERTING = ("person", "car")
"""What Frigate alerts of where nobody says otherwise."""

_VARIABLE = re.compile(r"\{(FRIGATE_[A-Za-z0-9_]+)\}")


def secret_text(value: Any) -> Any:
    """`{FRIGATE_X}` within a text as a reference to that secret."""
    if not isinstance(value, str):
        return value
    return _VARIABLE.sub(lambda found: "${secret:" + found[1] + "}", value)


class FrigateCamera:
    """Reads it section by section; `settings` is the whole."""

    def __init__(
        self, camera_id: str, name: str, own: Taken, shared: Taken, streams: Mapping[str, str]
    ) -> None:
        """Take it.

        Args:
            own: what stands under its name.
            shared: the whole file: what holds for all cameras.
            streams: addresses of restreamed cameras.
        """
        self._id = camera_id
        self._name = name
        self._own = own
        self._all = Layered(own, shared)
        self._streams = streams
        detect = self._all.inner("detect")
        self._fps = number(detect.get("fps", FPS), f"{name}: detect.fps")
        width, height = detect.get("width"), detect.get("height")
        self._size = (float(width), float(height)) if width and height else None
        self._labels = words(self._all.inner("objects").get("track", ["person"]))

    def settings(self) -> dict[str, Any]:
        """As our settings have it.

        Raises:
            InvalidConfig: it has no stream, or a number or place that makes no sense.
        """
        title = self._own.get("friendly_name") or self._name
        found: dict[str, Any] = {"id": self._id, "name": str(title), **self._sources()}
        sections = {
            "onvif": self._onvif(),
            "record": self._record(),
            "motion": self._motion(),
            "detect": self._detect(),
            "zones": [*self._zones(), *self._masks()],
            "rules": self._rules(),
            "events": self._events(),
        }
        return found | {key: value for key, value in sections.items() if value}

    # Streams.

    def _sources(self) -> dict[str, Any]:
        """The stream to keep, and a smaller one to look at."""
        by_role: dict[str, str] = {}
        for given in self._own.inner("ffmpeg").items("inputs"):
            path = str(given.get("path", ""))
            for role in words(given.get("roles", ["detect"])):
                by_role.setdefault(role, path)
        detect = by_role.get("detect") or by_role.get("record")
        if not detect:
            raise InvalidConfig(f"camera {self._name!r}: ffmpeg.inputs names no stream")
        kept = by_role.get("record", detect)
        found = {"source": self._address(kept)}
        if detect != kept:
            found["detect_source"] = self._address(detect)
        return found

    def _address(self, path: str) -> str:
        address = origin(path, self._streams)
        if re.match(r"(rtsps?|https?)://", address) is None:
            self._own.inner("ffmpeg").say(
                f"{address.partition(':')[0]}: is no kind of address here"
            )
        return str(secret_text(address))

    def _onvif(self) -> dict[str, Any]:
        onvif = self._own.inner("onvif")
        host = onvif.get("host")
        if not host:
            return {}
        scheme, _, bare = str(host).rpartition("://")
        user, password = onvif.get("user"), onvif.get("password")
        login = f"{_login(user)}:{_login(password)}@" if user else ""
        port = int(number(onvif.get("port", 8000), f"{self._name}: onvif.port"))
        return {"url": f"{scheme or 'http'}://{login}{bare}:{port}/onvif/device_service"}

    # What is looked at.

    def _detect(self) -> dict[str, Any]:
        detect = self._all.inner("detect")
        found: dict[str, Any] = {"labels": self._labels}
        if self._fps != FPS or "fps" in detect:
            found["fps"] = self._fps
        if detect.get("enabled", True) is False:
            found["enabled"] = False
        interval = detect.inner("stationary").get("interval")
        if interval:
            frames = number(interval, f"{self._name}: detect.stationary.interval")
            found["still_recheck_s"] = round(frames / self._fps, 2)
        filters = self._all.inner("objects").inner("filters")
        scores = {label: filters.inner(label).get("threshold") for label in filters.names()}
        for label in filters.names():
            filters.inner(label).note("min_score", "tracks are judged by their median score only")
        if given := {label: float(score) for label, score in scores.items() if score is not None}:
            found["min_score"] = given
        return found

    def _motion(self) -> dict[str, Any]:
        motion = self._all.inner("motion")
        for key in ("threshold", "contour_area", "lightning_threshold", "improve_contrast"):
            motion.note(key, "motion adapts to noise and light by itself; see motion.sensitivity")
        masks = self._polygons(motion.get("mask"), "motion.mask")
        return {"type": "luma", "masks": masks} if masks else {}

    def _zones(self) -> list[dict[str, Any]]:
        zones = self._own.inner("zones")
        found: list[dict[str, Any]] = []
        for name in zones.names():
            zone = zones.inner(name)
            corners = self._polygons(zone.get("coordinates"), f"zones.{name}.coordinates")
            if not corners:
                continue
            inertia = number(zone.get("inertia", INERTIA), f"{self._name}: zones.{name}.inertia")
            labels = words(zone.get("objects"))
            entry = {
                "id": slug(name, [each["id"] for each in found]),
                "polygon": corners[0],
                "inertia_s": round(inertia / self._fps, 2),
            }
            found.append(entry | ({"labels": labels} if labels else {}))
        return found

    def _masks(self) -> list[dict[str, Any]]:
        """Where objects, of all classes or of one, do not count: their feet decide, here too."""
        objects = self._all.inner("objects")
        given: list[tuple[str, Sequence[str], Any]] = [("mask", (), objects.get("mask"))]
        filters = objects.inner("filters")
        given += [
            (f"mask_{label}", (label,), filters.inner(label).get("mask"))
            for label in filters.names()
        ]
        found: list[dict[str, Any]] = []
        for name, labels, value in given:
            for corners in self._polygons(value, name):
                entry: dict[str, Any] = {
                    "id": slug(name, [each["id"] for each in found]),
                    "kind": "exclude",
                    "polygon": corners,
                }
                found.append(entry | ({"labels": list(labels)} if labels else {}))
        return found

    def _polygons(self, value: Any, place: str) -> list[list[list[float]]]:
        if not value:
            return []
        found: list[list[list[float]]] = []
        for flat in polygons(value):
            corners = fractions(flat, self._size)
            if corners is None:
                self._own.say(f"{place} is in pixels; give detect.width and detect.height, too")
            else:
                found.append(corners)
        return found

    # What people are told, and what is kept.

    def _rules(self) -> list[dict[str, Any]]:
        review, record = self._all.inner("review"), self._all.inner("record")
        old = words(record.inner("events").get("required_zones"))
        alerts, detections = review.inner("alerts"), review.inner("detections")
        found: list[dict[str, Any]] = []
        zones = words(alerts.get("required_zones", old))
        alerting = [x for x in words(alerts.get("labels", list(ALERTING))) if x in self._labels]
        if alerts.get("enabled", True) is not False:
            self._add_rules(found, "alert", "warning", alerting, zones)
        others = words(detections.get("labels", self._labels))
        narrower = words(detections.get("required_zones"))
        if not zones and not narrower:
            others = [label for label in others if label not in alerting]
        if detections.get("enabled", True) is not False:
            self._add_rules(found, "detection", "info", others, narrower)
        return found

    def _add_rules(
        self,
        found: list[dict[str, Any]],
        name: str,
        severity: str,
        labels: Sequence[str],
        zones: Sequence[str],
    ) -> None:
        """A rule for each zone and each smallest size."""
        for zone in zones or ("",):
            given = self._own.inner("zones").inner(zone).get("loitering_time", 0)
            stay_s = number(given, f"{self._name}: zones.{zone}.loitering_time")
            for area, group in self._by_area(labels).items():
                wanted = f"{name}_{zone}" if zone else name
                rule: dict[str, Any] = {
                    "id": slug(wanted, [each["id"] for each in found]),
                    "type": "loiter" if stay_s else "presence",
                    "labels": group,
                    "severity": severity,
                }
                rule |= {"zone": slug(zone)} if zone else {}
                rule |= {"dwell_s": stay_s} if stay_s else {}
                found.append(rule | ({"min_area": area} if area else {}))

    def _by_area(self, labels: Sequence[str]) -> dict[float, list[str]]:
        """Classes by the smallest area, as a part of the picture, that they must have."""
        found: dict[float, list[str]] = defaultdict(list)
        filters = self._all.inner("objects").inner("filters")
        for label in labels:
            given = filters.inner(label).get("min_area") or 0
            area = number(given, f"{self._name}: objects.filters.{label}.min_area")
            if area > 1.0 and self._size is None:
                filters.inner(label).note(
                    "min_area", "it is in pixels; give detect.width and detect.height, too"
                )
                area = 0.0
            elif area > 1.0 and self._size is not None:
                area = round(min(1.0, area / (self._size[0] * self._size[1])), 6)
            found[area].append(label)
        return found

    def _record(self) -> dict[str, Any]:
        record = self._all.inner("record")
        enabled = bool(record.get("enabled", False))
        retain = record.inner("retain")
        days = record.inner("continuous").get("days", retain.get("days", 0))
        kept = number(days, f"{self._name}: record.retain.days")
        if retain.get("mode", "all") != "all":
            retain.note("mode", "recordings without motion are kept as long as the others")
        record.inner("motion").note("days", "recordings with motion are kept as long as the others")
        return {"mode": "always", "max_days": kept} if enabled and kept > 0 else {}

    def _events(self) -> dict[str, Any]:
        record, snapshots = self._all.inner("record"), self._all.inner("snapshots")
        parts = [record.inner(name) for name in ("alerts", "detections", "events")]
        found: dict[str, Any] = {}
        for key, ours in (("pre_capture", "pre_roll_s"), ("post_capture", "post_roll_s")):
            given = [part.get(key) for part in parts]
            if seconds := [number(x, f"{self._name}: {key}") for x in given if x is not None]:
                found[ours] = max(seconds)
        kept = [part.inner("retain").get("days") for part in parts]
        kept += [record.inner("events").inner("retain").get("default")]
        kept += [snapshots.inner("retain").get("default")]
        for part in parts:
            part.inner("retain").note("mode", "clips of events are kept whole")
        if days := [number(x, f"{self._name}: retain") for x in kept if x is not None]:
            found["keep_days"] = max(days)
            if len(set(days)) > 1:
                self._own.say("alerts, detections and snapshots are kept equally long: the longest")
        if quality := snapshots.get("quality"):
            found["picture_quality"] = max(30, int(number(quality, "snapshots.quality")))
        if snapshots.get("enabled", True) is False:
            snapshots.note("enabled", "every event has a snapshot")
        return found


def _login(value: Any) -> str:
    """User or password within an address; references stay as they are."""
    text = str(secret_text(str(value or "")))
    return text if text.startswith("${secret:") else quote(text, safe="")
