"""Writes the settings of a probed camera, ready to be pasted; its password by reference."""

import io
import re
from typing import Any

from ruamel.yaml import YAML

from vedette.app.probe import CameraAnswer, Lens
from vedette.onvif.address import DeviceAddress, encoded, with_login

_NOT_IN_NAMES = re.compile(r"[${}]")
"""A name must not become a reference to a secret."""
_NOT_IN_IDS = re.compile(r"[^a-z0-9]+")


def camera_id(answer: CameraAnswer) -> str:
    """An id for a camera: its name, model or address, in the letters that ids have."""
    info = answer.info
    for words in (info.name, info.model, f"camera {answer.address.host}"):
        found = _NOT_IN_IDS.sub("_", words.lower()).strip("_")[:40].strip("_")
        if found:
            return found
    return "camera"


def secret_name(name: str) -> str:
    """What the password of a camera is called: `FRONT_DOOR_PASSWORD`."""
    return f"{_NOT_IN_IDS.sub('_', name.lower()).strip('_').upper()}_PASSWORD"


def camera_yaml(answer: CameraAnswer, name: str) -> str:
    """Settings for each lens of a camera; the password is `${secret:...}`, see `secret_name`."""
    secret = f"${{secret:{secret_name(name)}}}"
    many = len(answer.lenses) > 1
    cameras = [
        _entry(answer, lens, f"{name}_{number}" if many else name, secret)
        for number, lens in enumerate(answer.lenses, start=1)
    ]
    return _written({"cameras": cameras})


def plain_yaml(address: str) -> str:
    """Settings for a source without ONVIF; a password in its address becomes a reference."""
    scheme, colon, rest = address.partition("://")
    who, at, place = rest.rpartition("@")
    user, _, password = who.partition(":")
    if colon and at and password:
        address = with_login(f"{scheme}://{place}", user, f"${{secret:{secret_name('camera')}}}")
    return _written({"cameras": [{"id": "camera", "source": address}]})


def _entry(answer: CameraAnswer, lens: Lens, name: str, secret: str) -> dict[str, Any]:
    address = answer.address
    entry: dict[str, Any] = {"id": name}
    if words := _NOT_IN_NAMES.sub("", answer.info.name).strip():
        entry["name"] = words
    entry["source"] = _with_secret(lens.main.url, address, secret)
    if lens.detect is not None:
        entry["detect_source"] = _with_secret(lens.detect.url, address, secret)
    entry["onvif"] = {"url": _with_secret(address.url, address, secret)}
    if answer.has_events:
        entry["gate"] = {"triggers": ["onvif"]}
    return entry


def _with_secret(url: str, address: DeviceAddress, secret: str) -> str:
    if address.login is None:
        return url
    return with_login(url, encoded(address.login.user), secret)


def _written(document: dict[str, Any]) -> str:
    sheet, yaml = io.StringIO(), YAML()
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(document, sheet)
    return sheet.getvalue()
