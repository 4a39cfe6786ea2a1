"""Settings in layers: a later one says what is different; everything keeps the place it came from.

Mappings are merged key by key. Lists of things with an `id` (cameras, sites, channels, zones,
rules) are merged thing by thing; other lists are replaced as a whole.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from vedette.config.document import Document, Loc
from vedette.contracts.errors import InvalidConfig


def layered(documents: Sequence[Document]) -> Document:
    """One document of several; the last has the last word.

    Raises:
        InvalidConfig: a layer speaks of a thing by its id that no layer below has.
    """
    first, *others = documents
    merged = _Merge(first)
    for document in others:
        merged.add(document)
    return Document(name=first.name, data=merged.data, lines=merged.lines, names=merged.names)


class _Merge:
    """What has come together so far."""

    def __init__(self, first: Document) -> None:
        self.data: dict[str, Any] = copy.deepcopy(first.data)
        self.lines: dict[Loc, int] = dict(first.lines)
        self.names: dict[Loc, str] = {}

    def add(self, over: Document) -> None:
        self.data = self._over(self.data, (), over.data, over, ())

    def _over(self, old: Any, at: Loc, new: Any, source: Document, place: Loc) -> Any:
        """What stands at a place from now on.

        Args:
            at: where it stands in the result.
            place: where `new` stands in `source`.
        """
        if isinstance(old, dict) and isinstance(new, dict):
            for key, value in new.items():
                if key in old:
                    old[key] = self._over(old[key], (*at, key), value, source, (*place, key))
                else:
                    old[key] = self._put(value, (*at, key), source, (*place, key))
            return old
        if _has_ids(old) and isinstance(new, dict):
            return self._by_name(old, at, new, source, place)
        if _has_ids(old) and _has_ids(new):
            for index, item in enumerate(new):
                known = _index(old, item["id"])
                inner = (*place, index)
                if known is None:
                    old.append(self._put(item, (*at, len(old)), source, inner))
                else:
                    old[known] = self._over(old[known], (*at, known), item, source, inner)
            return old
        self._forget(at)
        return self._put(new, at, source, place)

    def _by_name(
        self, old: list[Any], at: Loc, new: Mapping[str, Any], source: Document, place: Loc
    ) -> list[Any]:
        """`{yard: {...}}` over `[{id: yard, ...}]`, as environment variables have it."""
        for name, value in new.items():
            known = _index(old, name)
            if known is None:
                there = ", ".join(str(item["id"]) for item in old)
                raise source.refuse((*place, name), f"nothing is called so; there are: {there}")
            old[known] = self._over(old[known], (*at, known), value, source, (*place, name))
        return old

    def _put(self, value: Any, at: Loc, source: Document, place: Loc) -> Any:
        """A copy of what stands in the source, with the places of everything in it."""
        self.names[at] = source.name
        if (line := source.lines.get(place)) is not None:
            self.lines[at] = line
        if isinstance(value, dict):
            return {
                key: self._put(inner, (*at, key), source, (*place, key))
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [
                self._put(inner, (*at, index), source, (*place, index))
                for index, inner in enumerate(value)
            ]
        return value

    def _forget(self, at: Loc) -> None:
        """What stood there is replaced, with everything in it."""
        for places in (self.lines, self.names):
            for loc in [each for each in places if each[: len(at)] == at]:
                del places[loc]


def find(document: Document, key: str) -> Loc | None:
    """Where `cameras.yard.detect.fps` stands in a document; None where it says nothing of it.

    Raises:
        InvalidConfig: that is no key.
    """
    value: Any = document.data
    loc: list[str | int] = []
    for part in _parts(key):
        step: str | int | None = None
        if isinstance(value, dict):
            step = part if part in value else None
        elif isinstance(value, list):
            step = int(part) if part.isdigit() and int(part) < len(value) else None
            step = _index(value, part) if step is None and _has_ids(value) else step
        if step is None:
            return None
        loc.append(step)
        value = value[step]
    return tuple(loc)


def _parts(key: str) -> list[str]:
    parts = key.replace("[", ".").replace("]", "").split(".")
    if not all(parts):
        raise InvalidConfig(f"{key!r} is no key; write it like cameras.yard.detect.fps")
    return parts


def _has_ids(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and isinstance(item.get("id"), str) for item in value)
    )


def _index(items: Sequence[Mapping[str, Any]], name: str) -> int | None:
    """Of the thing with that id; `-` and `_` count as the same, as in environment variables."""
    exact = [i for i, item in enumerate(items) if item["id"] == name]
    alike = [i for i, item in enumerate(items) if _plain(item["id"]) == _plain(name)]
    found = exact or alike
    return found[0] if found else None


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
