"""Where a setting comes from: every layer that speaks of it, and whose word counts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from vedette.app.load import layers_of, show_settings
from vedette.config.document import Document
from vedette.config.layers import find
from vedette.contracts.errors import InvalidConfig
from vedette.kit.redact import SECRETS, STARS

SECRET_WORDS = ("password", "passwd", "token", "secret", "key", "credential")
DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one layer says of a setting."""

    place: str
    """`FILE:LINE`, the environment variable, or `default`."""
    value: str
    """As it stands there: references to secrets are not filled in, passwords are stars."""
    counts: bool


def where(file: Path, key: str) -> list[Said]:
    """Every layer that speaks of a setting, the one that counts first; the default where none does.

    Raises:
        InvalidConfig: the settings are wrong, or there is no such key.
    """
    found: list[Said] = []
    for document in reversed(layers_of(file)):
        if (loc := find(document, key)) is not None:
            value = document.at(loc)
            whole = not isinstance(value, dict | list)
            counts = whole and not any(each.counts for each in found)
            place = document.where(loc).partition(": ")[0] if document.lines else document.name
            found.append(Said(place=place, value=_shown(key, value), counts=counts))
    if found:
        return found
    effective = Document(name="", data=YAML(typ="safe", pure=True).load(show_settings(file)))
    loc = find(effective, key)
    if loc is None:
        raise InvalidConfig(
            f"there is no setting {key!r} here; `vedette config show` prints all of them"
        )
    return [Said(place=DEFAULT, value=_shown(key, effective.at(loc)), counts=True)]


def _shown(key: str, value: Any) -> str:
    if isinstance(value, dict) and set(value) == {"secret"}:
        return f"the secret {value['secret']}"
    if isinstance(value, dict | list):
        return f"{len(value)} of them" if isinstance(value, list) else ", ".join(value)
    secret = any(word in key.rpartition(".")[2].lower() for word in SECRET_WORDS)
    return STARS if secret and isinstance(value, str) else SECRETS.clean(str(value))
