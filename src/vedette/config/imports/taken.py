"""Settings that remember what was read of them: the rest is what nobody understood."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vedette.config.document import Loc, dotted

NOTHING = "it has no counterpart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that could not be taken over, or not as it was."""

    place: str
    """`cameras.yard.motion.threshold`"""
    why: str


@dataclass(slots=True)
class _Record:
    """Shared by all readers of one file."""

    taken: set[Loc] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)


class Taken:
    """A mapping, or a part of one; `get` marks what it returns as understood."""

    def __init__(self, data: Any, at: Loc = (), record: _Record | None = None) -> None:
        self._data: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        self._at = at
        self._record = record or _Record()

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def names(self) -> Sequence[str]:
        return tuple(str(name) for name in self._data)

    def get(self, key: str, default: Any = None) -> Any:
        """A value, with everything in it; null counts as absent."""
        if key not in self._data:
            return default
        self._record.taken.add((*self._at, key))
        value = self._data[key]
        return default if value is None else value

    def inner(self, key: str) -> "Taken":
        """A mapping within this one; an empty one where there is none."""
        return Taken(self._data.get(key), (*self._at, key), self._record)

    def items(self, key: str) -> list["Taken"]:
        """The mappings of a list, each to be read on its own."""
        value = self._data.get(key)
        found = value if isinstance(value, list) else []
        return [Taken(each, (*self._at, key, i), self._record) for i, each in enumerate(found)]

    def note(self, key: str, why: str) -> None:
        """This was understood, and cannot be taken over, or not as it is."""
        if key in self._data:
            self._record.taken.add((*self._at, key))
            self.say(why, key)

    def say(self, why: str, key: str = "") -> None:
        """Something about this place, or about one of its keys."""
        loc = (*self._at, key) if key else self._at
        self._record.notes.append(Note(place=dotted(loc), why=why))

    def notes(self) -> list[Note]:
        """What was said, once each, then what nobody has read, in the order of the file."""
        left = [Note(place=dotted(loc), why=NOTHING) for loc in self._left(self._data, self._at)]
        return list(dict.fromkeys([*self._record.notes, *left]))

    def _left(self, value: Any, at: Loc) -> Iterator[Loc]:
        if at in self._record.taken:
            return
        if isinstance(value, Mapping) and value:
            for key, inner in value.items():
                yield from self._left(inner, (*at, str(key)))
        elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
            for index, inner in enumerate(value):
                yield from self._left(inner, (*at, index))
        elif value is not None and at:
            yield at


class Layered:
    """Settings of one camera over those of all; both are marked, the camera's count."""

    def __init__(self, own: Taken, shared: Taken) -> None:
        self.own = own
        self.shared = shared

    def names(self) -> Sequence[str]:
        return tuple(dict.fromkeys((*self.shared.names(), *self.own.names())))

    def __contains__(self, key: str) -> bool:
        return key in self.own or key in self.shared

    def get(self, key: str, default: Any = None) -> Any:
        return self.own.get(key, self.shared.get(key, default))

    def inner(self, key: str) -> "Layered":
        return Layered(self.own.inner(key), self.shared.inner(key))

    def note(self, key: str, why: str) -> None:
        """Said where it stands."""
        (self.own if key in self.own else self.shared).note(key, why)
