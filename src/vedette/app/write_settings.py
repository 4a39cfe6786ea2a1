"""Writes changes made while running into the operator's file, when asked to; comments are kept."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from vedette.config.overlay import NAMED
from vedette.contracts.errors import StorageFailed
from vedette.kit.whole_file import write_whole


def written(text: str, changes: Mapping[str, Any]) -> str:
    """A settings file with changes in it; everything else as it was.

    Args:
        changes: as `vedette.config.overlay` has them.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1000
    yaml.indent(mapping=2, sequence=4, offset=2)
    data = yaml.load(text)
    if data is None:
        data = CommentedMap()
    _merge(data, changes)
    sheet = io.StringIO()
    yaml.dump(data, sheet)
    return sheet.getvalue()


def write_settings(file: Path, changes: Mapping[str, Any]) -> None:
    """Replace a settings file by one with the changes in it, whole or not at all.

    Raises:
        StorageFailed: it cannot be read or written.
    """
    try:
        text = written(file.read_text(encoding="utf-8"), changes)
        write_whole(file, text.encode(), mode=file.stat().st_mode & 0o7777)
    except OSError as error:
        raise StorageFailed(f"{file} cannot be written: {error.strerror}") from error


def _merge(old: CommentedMap, changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if key in NAMED and isinstance(value, Mapping):
            _merge_things(old.setdefault(key, CommentedSeq()), value)
        elif isinstance(value, Mapping) and isinstance(old.get(key), Mapping):
            _merge(old[key], value)
        elif value is not None:
            old[key] = value


def _merge_things(old: CommentedSeq, things: Mapping[str, Any]) -> None:
    for name, change in things.items():
        index = next((i for i, each in enumerate(old) if each.get("id") == name), None)
        if change is None:
            if index is not None:
                del old[index]
        elif index is None:
            thing = CommentedMap({"id": name})
            _merge(thing, change)
            old.append(thing)
        else:
            _merge(old[index], change)
