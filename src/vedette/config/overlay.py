"""Changes made while the product runs, kept apart from the files that the operator writes.

A change is as much of the settings as is to be different. Things with an `id` (cameras, sites,
channels, zones, rules) are spoken of by it: `{"cameras": {"yard": {"detect": {"fps": 2}}}}`. Null
takes back what an earlier change said of a key; of a thing with an id it says that it is gone.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vedette.config.document import Document, Loc
from vedette.config.layers import layered
from vedette.contracts.errors import InvalidConfig

NAMED = frozenset({"cameras", "sites", "channels", "zones", "lines", "rules", "modules"})
"""Keys of lists of things with an id."""

Changes = Mapping[str, Any]


def combined(earlier: Changes, later: Changes) -> dict[str, Any]:
    """One change that does what both do, one after the other.

    Raises:
        InvalidConfig: a list of things with an id is given in part, and without their ids.
    """
    return _combined(earlier, _by_id(later))


def applied(document: Document, changes: Changes) -> Document:
    """The settings with changes over them.

    Raises:
        InvalidConfig: see `layered`.
    """
    plain = _by_id(changes)
    over = Document(name="the changes made while running", data=_as_lists(plain))
    merged = layered([document, over])
    for loc in _gone(plain, ()):
        merged = _without(merged, loc)
    return merged


def _combined(earlier: Changes, later: Changes, *, named: bool = False) -> dict[str, Any]:
    found = copy.deepcopy(dict(earlier))
    for key, value in later.items():
        old = found.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            found[key] = _combined(old, value, named=key in NAMED)
        elif value is None and not named:
            found.pop(key, None)
        else:
            found[key] = copy.deepcopy(value)
    return found


def _by_id(changes: Changes) -> dict[str, Any]:
    """Lists of things with an id as mappings from it."""
    found: dict[str, Any] = {}
    for key, value in changes.items():
        if key in NAMED and isinstance(value, list):
            found[key] = {_id_of(key, each): _by_id(each) for each in value}
        elif isinstance(value, Mapping):
            found[key] = _by_id(value)
        else:
            found[key] = value
    return found


def _id_of(key: str, thing: Any) -> str:
    if isinstance(thing, Mapping) and isinstance(thing.get("id"), str):
        return str(thing["id"])
    raise InvalidConfig(
        f"{key}: every entry of a change names its id, like {{{key}: {{yard: ...}}}}"
    )


def _as_lists(changes: Changes) -> dict[str, Any]:
    """The other way round, without what is gone."""
    found: dict[str, Any] = {}
    for key, value in changes.items():
        if key in NAMED and isinstance(value, Mapping):
            things = {name: each for name, each in value.items() if isinstance(each, Mapping)}
            if things:
                found[key] = [{"id": name, **_as_lists(each)} for name, each in things.items()]
        elif isinstance(value, Mapping):
            found[key] = _as_lists(value)
        elif value is not None:
            found[key] = value
    return found


def _gone(changes: Changes, at: Loc) -> Iterator[Loc]:
    """Places of things that are said to be gone: keys and ids."""
    for key, value in changes.items():
        if not isinstance(value, Mapping):
            continue
        if key in NAMED:
            for name, thing in value.items():
                if thing is None:
                    yield (*at, key, name)
                elif isinstance(thing, Mapping):
                    yield from _gone(thing, (*at, key, name))
        else:
            yield from _gone(value, (*at, key))


def _without(document: Document, loc: Loc) -> Document:
    """The settings without a thing; places behind it in its list are not known any more."""
    data = copy.deepcopy(document.data)
    here: Any = data
    way: list[str | int] = []
    for step in loc[:-1]:
        found = _position(here, step)
        if found is None:
            return document
        way.append(found)
        here = here[found]
    index = _position(here, loc[-1])
    if not isinstance(here, list) or not isinstance(index, int):
        return document
    del here[index]
    return replace(
        document,
        data=data,
        lines=_elsewhere(document.lines, way),
        names=_elsewhere(document.names, way),
    )


def _position(here: Any, step: str | int) -> str | int | None:
    if isinstance(here, list):
        return next((i for i, each in enumerate(here) if each.get("id") == step), None)
    return step if isinstance(here, dict) and step in here else None


def _elsewhere(places: Mapping[Loc, Any], way: Sequence[str | int]) -> dict[Loc, Any]:
    """Those that are not within the list at the end of the way."""
    inside = tuple(way)
    return {
        loc: value
        for loc, value in places.items()
        if len(loc) <= len(inside) or loc[: len(inside)] != inside
    }
