"""Reads a YAML file into plain values with their lines, and refuses what could surprise.

YAML 1.2 as ruamel.yaml parses it; the tree is built here, from events, so that size, depth and
alias expansion are bounded before anything grows, duplicate keys are seen, and no tag ever
constructs anything. Anchors, aliases and merge keys (`<<: *base`) work; a date stays text.
"""

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from vedette.config.build import Builder
from vedette.config.document import Document
from vedette.contracts.errors import InvalidConfig

MOST_BYTES = 1_000_000
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_SENTENCES = {
    "mapping values are not allowed here": "there is a second `:` here, or a line is indented "
    "too far; put text that contains `: ` in quotes",
    "found unexpected end of stream": "a quoted text is never closed; add the missing quote",
    "found undefined escape": "a backslash in double quotes begins an escape; use single quotes",
}


def load_yaml(path: Path) -> Document:
    """Read one settings file.

    Raises:
        InvalidConfig: a sentence that begins with `FILE:LINE:`; the file is missing, too large,
            no text, no YAML, empty, or not a mapping.
    """
    name = str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise InvalidConfig(f"{name}: there is no such file") from None
    except OSError as error:
        raise InvalidConfig(f"{name}: cannot be read: {error.strerror}") from error
    return parse_yaml(raw, name=name)


def parse_yaml(raw: bytes, *, name: str) -> Document:
    """The same for bytes that are in hand; `name` begins every message.

    Raises:
        InvalidConfig: see `load_yaml`.
    """
    text = _text_of(raw, name)
    builder = Builder(name)
    yaml = YAML(typ="safe", pure=True)
    try:
        for event in yaml.parse(text):
            builder.take(event)
    except MarkedYAMLError as error:
        raise InvalidConfig(_sentence(error, name)) from error
    except YAMLError as error:
        raise InvalidConfig(f"{name}: cannot be read as YAML: {error}") from error
    data = builder.result
    if data is None:
        raise InvalidConfig(
            f"{name}:1: the file is empty; settings begin with a key like `cameras:`"
        )
    if not isinstance(data, dict):
        kind = "a list" if isinstance(data, list) else f"the text {str(data)[:40]!r}"
        raise InvalidConfig(
            f"{name}:{builder.first_line}: found {kind} where keys like `cameras:` are expected"
        )
    return Document(name=name, data=data, lines=builder.lines)


def _text_of(raw: bytes, name: str) -> str:
    if len(raw) > MOST_BYTES:
        raise InvalidConfig(
            f"{name}: is larger than {MOST_BYTES // 1000} kB; is it a settings file?"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidConfig(
            f"{name}:{line}: is not UTF-8 text (byte 0x{raw[error.start]:02x} at {error.start}); "
            "settings are YAML text"
        ) from error
    if found := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise InvalidConfig(
            f"{name}:{line}: contains the control character U+{ord(found.group()):04X}; "
            "settings are YAML text"
        )
    return text


def _sentence(error: MarkedYAMLError, name: str) -> str:
    """ruamel's error in our words, with the line where the problem is (not where it began)."""
    mark: Any = error.problem_mark or error.context_mark
    where = name if mark is None else f"{name}:{mark.line + 1}"
    problem = (error.problem or "it is not YAML").strip()
    if "'\\t'" in problem:
        return f"{where}: a tab is used for indentation; use spaces"
    if re.search(r"found character '.' that cannot start any token", problem):
        sign = problem.split("'")[1]
        return f"{where}: a text cannot begin with {sign!r}; put it in quotes"
    if problem.startswith("expected <block end>"):
        return f"{where}: the indentation fits nothing above; align it with its siblings"
    if problem.startswith("expected ',' or"):
        closing = "]" if "]" in problem.split("but")[0] else "}"
        return (
            f"{where}: a list or mapping in brackets is never closed; add the missing `{closing}`"
        )
    return f"{where}: {_SENTENCES.get(problem, f'is not valid YAML: {problem}')}"
