"""What is different between two settings, by camera and by part of the product."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr

from vedette.app.camera_settings import IN_PLACE, different
from vedette.app.settings import Settings
from vedette.config.difference import differences

AT_NEXT_START = frozenset({"version", "sites", "workers", "api"})
"""Parts of the settings that count from the next start on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChange:
    """From one to the other."""

    added: tuple[str, ...] = ()
    """Cameras."""
    removed: tuple[str, ...] = ()
    changed: Mapping[str, frozenset[str]]
    """Cameras that stay, with the names of what is different."""
    parts: frozenset[str]
    """Other top-level parts that are different."""
    keys: tuple[str, ...]
    """Each key that is different, as `vedette config where` takes it."""

    def __bool__(self) -> bool:
        return bool(self.keys)

    @property
    def in_place(self) -> tuple[str, ...]:
        """Cameras whose stream goes on."""
        return tuple(name for name, what in self.changed.items() if what <= IN_PLACE)

    @property
    def anew(self) -> tuple[str, ...]:
        """Cameras that have to be opened again."""
        return tuple(name for name, what in self.changed.items() if not what <= IN_PLACE)

    @property
    def pending(self) -> tuple[str, ...]:
        """Keys that count from the next start on."""
        return tuple(
            key
            for key in self.keys
            if key.partition(".")[0] in AT_NEXT_START or key.startswith("bus.adapter")
        )


def change_between(old: Settings, new: Settings) -> SettingsChange:
    """What is different."""
    before = {camera.id: camera for camera in old.cameras}
    after = {camera.id: camera for camera in new.cameras}
    changed = {
        name: found
        for name, camera in after.items()
        if name in before and (found := different(before[name], camera))
    }
    parts = {
        name
        for name in Settings.model_fields
        if name != "cameras" and getattr(old, name) != getattr(new, name)
    }
    return SettingsChange(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=changed,
        parts=frozenset(parts),
        keys=tuple(key for key, _, _ in differences(_plain(old), _plain(new))),
    )


def fingerprint(data: Mapping[str, Any]) -> str:
    """SHA-256 of settings as they are written: secrets by reference, keys in order."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Comparable values; of secrets only that they are some, and which."""
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, SecretStr):
        return hashlib.sha256(value.get_secret_value().encode()).hexdigest()
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
