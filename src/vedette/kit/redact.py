"""Keeps secrets out of what is written: known values, and passwords that stand in addresses."""

import re
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

STARS = "***"
SHORTEST = 4
"""Shorter values would blank out half of every line."""

_USER = re.compile(r"(://[^/\s:@]*):[^/\s@]+@")
_QUERY = re.compile(
    r"([?&;](?:access_|auth_|api_)?(?:token|key|password|passwd|pwd|secret|sig|signature)=)[^&;\s\"']+",
    re.IGNORECASE,
)


class Redactor:
    """Knows secrets by their value. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[str, ...] = ()

    def hide(self, *values: str) -> None:
        """From now on these are never shown, nor as they stand in an address."""
        with self._lock:
            known = set(self._known)
            for value in values:
                if len(value) >= SHORTEST:
                    known |= {value, quote(value, safe="")}
            self._known = tuple(sorted(known, key=len, reverse=True))

    def within(self, text: str) -> tuple[str, ...]:
        """Those known ones that a text holds: what must be hidden wherever it goes."""
        return tuple(value for value in self._known if value in text)

    def clean(self, text: str) -> str:
        """The text with stars in place of what is secret."""
        for value in self._known:
            if value in text:
                text = text.replace(value, STARS)
        if "://" in text:
            text = _USER.sub(rf"\1:{STARS}@", text)
        return _QUERY.sub(rf"\1{STARS}", text) if "=" in text else text


SECRETS = Redactor()
"""Of this process: whoever reads a secret hides it here, whoever writes asks it."""

_TELLING = re.compile(r"token|passw|secret|api_?key|authorization", re.IGNORECASE)


def hidden(value: Any) -> Any:
    """Plain settings without what is secret in them: passwords in addresses, and what is called so.

    `{"secret": "NAME"}` names one, and stays.
    """
    if isinstance(value, str):
        return SECRETS.clean(value)
    if isinstance(value, Mapping):
        if value.keys() == {"secret"}:
            return dict(value)
        return {
            key: STARS if _TELLING.search(str(key)) and isinstance(inner, str) else hidden(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [hidden(inner) for inner in value]
    return value
