"""Secrets by reference: settings name them, and their values come from elsewhere.

Two spellings:

    password: {secret: DOOR_PASSWORD}                        the whole value
    url: rtsp://admin:${secret:DOOR_PASSWORD}@10.0.0.7/1     inside a text

A name is looked up as a file of that name in the secrets folder (as Docker and Kubernetes mount
them), then in the environment, then in the `.env` file. Inside an address (a text with `://`)
the value is percent-encoded, so a password may hold `@`, `/` or `%`; a reference that is the
whole text is taken as it is. `$${secret:NAME}` stands for the text `${secret:NAME}` itself.
Resolved values are `SecretStr`: they show as `**********` in repr, logs and dumps.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from vedette.config.document import Document, Loc
from vedette.contracts.errors import InvalidConfig
from vedette.kit.redact import SECRETS

MOST_BYTES = 65_536
"""Of a secret, and of a `.env` file."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_REFERENCE = re.compile(r"(\$?)\$\{secret:([^}]*)\}")
_ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Where secrets are looked up; the first that has one wins."""

    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    env_file: Path | None = None

    def find(self, name: str) -> SecretStr | None:
        """The value of a name; None where nobody knows it.

        Raises:
            InvalidConfig: a place of lookup exists but cannot be read.
        """
        if not _NAME.fullmatch(name):
            return None
        if self.folder is not None and (self.folder / name).is_file():
            return SecretStr(_read(self.folder / name).rstrip("\r\n"))
        if name in self.environment:
            return SecretStr(self.environment[name])
        if self.env_file is not None:
            value = read_env_file(self.env_file).get(name)
            return None if value is None else SecretStr(value)
        return None

    def places(self, name: str) -> str:
        """Where one would put it, in words."""
        found = [] if self.folder is None else [f"the file {self.folder / name}"]
        found.append(f"the environment variable {name}")
        if self.env_file is not None:
            found.append(f"a line `{name}=...` in {self.env_file}")
        return ", or ".join(found)


def read_env_file(file: Path) -> dict[str, str]:
    """What a `.env` file says; nothing where there is none.

    Raises:
        InvalidConfig: it cannot be read.
    """
    return parse_env(_read(file)) if file.is_file() else {}


def parse_env(text: str) -> dict[str, str]:
    """`NAME=value` lines; `export`, quotes and comments as shells have them, no expansion."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if match := _ASSIGNMENT.fullmatch(line.strip()):
            name, value = match.groups()
            if value[:1] in ("'", '"') and (end := value.find(value[0], 1)) > 0:
                found[name] = value[1:end]
            else:
                found[name] = re.split(r"\s#", value, maxsplit=1)[0].strip()
    return found


def resolve(document: Document, secrets: Secrets) -> Document:
    """The document with every reference replaced by its value, as `SecretStr`.

    Raises:
        InvalidConfig: one sentence per reference that leads nowhere, with file and line.
    """
    resolver = _Resolver(document, secrets)
    data = resolver.walk(document.data, ())
    if resolver.problems:
        raise InvalidConfig("\n".join(resolver.problems))
    return document.with_data(data)


def reveal(value: Any) -> Any:
    """Plain text in place of every `SecretStr` of nested dicts, lists and tuples.

    Only for handing settings to the plug-in that needs them: never log or store the result.
    """
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict):
        return {key: reveal(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(reveal(inner) for inner in value)
    return value


class _Resolver:
    """One pass over a document."""

    def __init__(self, document: Document, secrets: Secrets) -> None:
        self._document = document
        self._secrets = secrets
        self.problems: list[str] = []

    def walk(self, value: Any, loc: Loc) -> Any:
        if isinstance(value, dict):
            if set(value) == {"secret"} and isinstance(value["secret"], str):
                return SecretStr(self._find(value["secret"], loc))
            return {key: self.walk(inner, (*loc, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.walk(inner, (*loc, i)) for i, inner in enumerate(value)]
        if isinstance(value, str) and _REFERENCE.search(value):
            return self._fill(value, loc)
        return value

    def _fill(self, text: str, loc: Loc) -> SecretStr | str:
        whole = _REFERENCE.fullmatch(text) is not None
        encode = "://" in _REFERENCE.sub("", text) and not whole
        secret = False

        def value_of(match: re.Match[str]) -> str:
            nonlocal secret
            if match.group(1):
                return match.group()[1:]
            secret = True
            value = self._find(match.group(2), loc)
            return quote(value, safe="") if encode else value

        filled = _REFERENCE.sub(value_of, text)
        return SecretStr(filled) if secret else filled

    def _find(self, name: str, loc: Loc) -> str:
        found = None
        if not _NAME.fullmatch(name):
            self._note(
                loc, f"{name!r} is no name of a secret; use letters, digits, `_`, `-` and `.`"
            )
        elif (found := self._secrets.find(name)) is None:
            self._note(
                loc, f"the secret {name!r} is not set; put it in {self._secrets.places(name)}"
            )
        if found is None:
            return ""
        SECRETS.hide(found.get_secret_value())
        return found.get_secret_value()

    def _note(self, loc: Loc, sentence: str) -> None:
        self.problems.append(f"{self._document.where(loc)}: {sentence}")


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        text = raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise InvalidConfig(f"{path}: cannot be read: {reason}") from None
    if len(raw) > MOST_BYTES:
        raise InvalidConfig(f"{path}: is larger than {MOST_BYTES // 1024} KiB; is it a secret?")
    return text
