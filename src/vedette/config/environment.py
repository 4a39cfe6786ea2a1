"""Settings in the environment (`VEDETTE__RETENTION__MAX_GB=50`), and variables of the process."""

import io
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from vedette.config.document import Document
from vedette.contracts.errors import InvalidConfig

PREFIX = "VEDETTE__"
MOST_DEPTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One that the process itself looks at."""

    name: str
    meaning: str
    example: str


VARIABLES = (
    Variable(
        name="VEDETTE_DATA",
        meaning="Where everything is kept, unless --data says otherwise.",
        example="/var/lib/vedette",
    ),
    Variable(
        name="VEDETTE_ENV",
        meaning="development, staging or production: which further settings file is read beside "
        "vedette.yaml (vedette.production.yaml), and whether the log is JSON.",
        example="production",
    ),
    Variable(name="VEDETTE_LOG", meaning="The log: json or text.", example="json"),
    Variable(
        name="VEDETTE_SECRETS",
        meaning="A folder with one file for each secret, as Docker and Kubernetes mount them.",
        example="/run/secrets",
    ),
    Variable(
        name="VEDETTE_MODELS", meaning="Where models are kept.", example="/var/cache/vedette/models"
    ),
)

SHOWN = (
    ("retention.max_gb", "50"),
    ("cameras.front_door.detect.fps", "2"),
    ("api.port", "8321"),
)
"""Settings that `.env.example` shows as variables."""


def variable_of(key: str) -> str:
    """`retention.max_gb` as an environment variable."""
    return PREFIX + "__".join(part.upper().replace("-", "_") for part in key.split("."))


def documents_of(variables: Mapping[str, str], *, origin: str) -> Iterator[Document]:
    """A document for each variable that is a setting, by name.

    Args:
        origin: `the environment variable`, or the `.env` file; begins every message.

    Raises:
        InvalidConfig: a name or a value cannot be read.
    """
    for name in sorted(variables):
        if name.startswith(PREFIX):
            yield _document(name, variables[name], f"{origin} {name}")


def example() -> str:
    """What `.env.example` says."""
    lines = [
        "# Copy to `.env` beside vedette.yaml. Made by `vedette config env-example`.",
        "# What the environment says goes before this file, and this file before vedette.yaml.",
        "",
        "# Secrets that vedette.yaml names, e.g. token: {secret: BOT_TOKEN}",
        "# BOT_TOKEN=",
        "",
        "# Any setting: VEDETTE__ and its key, parts joined by two underscores.",
        *(f"# {variable_of(key)}={value}" for key, value in SHOWN),
        "",
        "# The process itself has these. It reads them where it is started (shell, systemd,",
        "# container), not here:",
    ]
    for variable in VARIABLES:
        lines += ["#", f"#   {variable.name}={variable.example}"]
        lines += [f"#     {line}" for line in textwrap.wrap(variable.meaning, 90)]
    return "\n".join(lines) + "\n"


def _document(name: str, text: str, origin: str) -> Document:
    parts = [part.lower() for part in name.removeprefix(PREFIX).split("__")]
    if not all(parts) or len(parts) > MOST_DEPTH:
        raise InvalidConfig(
            f"{origin}: is no setting; write it like {variable_of('retention.max_gb')}"
        )
    value = value_of(text, origin)
    for part in reversed(parts):
        value = {part: value}
    data: dict[str, Any] = value
    return Document(name=origin, data=data)


def value_of(text: str, origin: str) -> Any:
    """What a text means: a number, true, false, a list or mapping in brackets; else itself."""
    bracket = text[:1] in {"[", "{"}
    try:
        value = YAML(typ="safe", pure=True).load(io.StringIO(text))
    except YAMLError as error:
        if bracket:
            raise InvalidConfig(f"{origin}: {text[:40]!r} is not a list or mapping") from error
        return text
    plain = isinstance(value, bool | int | float) or (isinstance(value, str) and text[0] in "\"'")
    return value if bracket or plain else text
