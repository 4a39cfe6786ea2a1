"""Settings as they were written, with the line of everything, so that errors can point at it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vedette.contracts.errors import InvalidConfig

Loc = tuple[str | int, ...]
"""Way from the top: `("cameras", 0, "id")`, as pydantic gives it in `error["loc"]`."""

MISSING = object()


def dotted(loc: Sequence[str | int]) -> str:
    """`cameras[0].zones[1].polygon`, as people write it."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A settings file that was read, or settings from elsewhere (then without lines)."""

    name: str
    """The file as the user named it; begins every message."""
    data: dict[str, Any]
    """Plain values: dict, list, str, int, float, bool, None (and SecretStr after `resolve`)."""
    lines: Mapping[Loc, int] = field(default_factory=dict)
    """Line of each key and each item, from 1; of the value itself where it is an alias."""
    names: Mapping[Loc, str] = field(default_factory=dict)
    """Of what came from another layer: its name, instead of `name`."""

    def at(self, loc: Sequence[str | int]) -> Any:
        """The value at a place, or `MISSING`."""
        value: Any = self.data
        for part in loc:
            if not _holds(value, part):
                return MISSING
            value = value[part]
        return value

    def place(self, loc: Sequence[str | int]) -> Loc:
        """`loc` without the parts that pydantic adds for unions; the last part may be missing."""
        value: Any = self.data
        kept: list[str | int] = []
        for i, part in enumerate(loc):
            if _holds(value, part):
                value = value[part]
                kept.append(part)
            elif i == len(loc) - 1 and isinstance(value, dict) and isinstance(part, str):
                kept.append(part)
        return tuple(kept)

    def line_of(self, loc: Sequence[str | int]) -> int | None:
        """Line of the place, or of the nearest thing around it; None without lines."""
        for length in range(len(loc), 0, -1):
            if (line := self.lines.get(tuple(loc[:length]))) is not None:
                return line
        return 1 if self.lines else None

    def where(self, loc: Sequence[str | int]) -> str:
        """`FILE:LINE: cameras[0].id`; without the path for the whole document."""
        name, line = self.name, self.line_of(loc)
        for length in range(len(loc), 0, -1):
            near = tuple(loc[:length])
            if near in self.names or near in self.lines:
                name, line = self.names.get(near, self.name), self.lines.get(near)
                break
        start = name if line is None else f"{name}:{line}"
        return f"{start}: {dotted(loc)}" if loc else start

    def refuse(self, loc: Sequence[str | int], sentence: str) -> InvalidConfig:
        """An error that points at a place: `raise document.refuse(("api", "port"), "...")`."""
        return InvalidConfig(f"{self.where(loc)}: {sentence}")

    def with_data(self, data: dict[str, Any]) -> "Document":
        """The same lines for changed values."""
        return replace(self, data=data)


def _holds(value: Any, part: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value
