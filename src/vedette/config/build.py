"""Builds plain values with their lines from the events of a YAML parser, within bounds."""

from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import events
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver

from vedette.config.document import Loc
from vedette.contracts.errors import InvalidConfig

MOST_DEPTH = 32
MOST_VALUES = 100_000
"""Values of a file after its aliases are expanded."""

_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"


@dataclass(slots=True)
class Node:
    """A value with its line and what is in it; an alias is the same node in two places."""

    line: int
    value: Any = None
    """Of a scalar."""
    tag: str = ""
    """Of a scalar: what kind of plain text it looks like."""
    keys: dict[str, tuple[int, "Node"]] | None = None
    """Of a mapping: line of the key, and the value."""
    items: list["Node"] | None = None
    """Of a list."""
    size: int = 1
    """Number of values in it, aliases expanded."""
    merges: list["Node"] = field(default_factory=list)
    """Values of `<<` keys."""


class Builder:
    """Takes the events of one document in order; `result` and `lines` are there at its end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._resolver = VersionedResolver()
        self._open: list[tuple[Node, Node | None]] = []
        """Collections that are being read, each with the key whose value comes next."""
        self._anchors: dict[str, Node] = {}
        self._documents = 0
        self._root: Node | None = None
        self._placed = 0
        self.lines: dict[Loc, int] = {}

    def take(self, event: events.Event) -> None:
        """One event of the parser.

        Raises:
            InvalidConfig: a bound is passed, or the file uses what settings may not.
        """
        match event:
            case events.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise self._refuse(event, "a second document begins here; one file holds one")
            case events.AliasEvent():
                self._put(self._alias(event), event)
            case events.ScalarEvent():
                self._put(self._keep(event, self._scalar(event)), event)
            case events.SequenceStartEvent():
                self._start(event, Node(line=_line(event), items=[]))
            case events.MappingStartEvent():
                self._start(event, Node(line=_line(event), keys={}))
            case events.SequenceEndEvent() | events.MappingEndEvent():
                node, _ = self._open.pop()
                self._put(node, event)

    @property
    def result(self) -> Any:
        """The value of the document; None where it is empty."""
        if self._root is None:
            return None
        return self._plain(self._root, ())

    @property
    def first_line(self) -> int:
        return 1 if self._root is None else self._root.line

    def _start(self, event: events.Event, node: Node) -> None:
        if len(self._open) >= MOST_DEPTH:
            raise self._refuse(event, f"is nested more than {MOST_DEPTH} deep")
        self._open.append((self._keep(event, node), None))

    def _keep(self, event: Any, node: Node) -> Node:
        """Refuse tags; remember what has an anchor."""
        if event.tag is not None:
            raise self._refuse(
                event, f"tags like `{event.tag}` are not allowed; write plain values"
            )
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: events.AliasEvent) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            raise self._refuse(event, f"`*{event.anchor}` refers to no `&{event.anchor}` above it")
        if any(node is parent for parent, _ in self._open):
            raise self._refuse(event, f"`*{event.anchor}` contains itself")
        return node

    def _scalar(self, event: events.ScalarEvent) -> Node:
        tag = str(self._resolver.resolve(ScalarNode, event.value, event.implicit))
        try:
            value = _convert(tag.removeprefix(_TAG), event.value)
        except ValueError:
            raise self._refuse(event, f"{event.value!r} is no number; put it in quotes") from None
        return Node(line=_line(event), value=value, tag=tag)

    def _put(self, node: Node, event: events.Event) -> None:
        """Hand a complete value to the collection that it is in."""
        if not self._open:
            self._root = node
            return
        parent, key = self._open[-1]
        if parent.items is not None:
            parent.items.append(node)
        elif key is None:
            self._check_key(parent, node, event)
            self._open[-1] = (parent, node)
            return
        else:
            self._open[-1] = (parent, None)
            if key.tag == _MERGE:
                self._merge(parent, node, event)
            elif parent.keys is not None:
                parent.keys[key.value] = (key.line, node)
        parent.size += node.size
        if parent.size > MOST_VALUES:
            raise self._refuse(event, f"aliases make this more than {MOST_VALUES} values")

    def _check_key(self, parent: Node, key: Node, event: events.Event) -> None:
        if key.tag == _MERGE:
            return
        if not isinstance(key.value, str):
            shown = "a list or mapping" if key.tag == "" else f"{key.value!r}"
            raise self._refuse(event, f"a key must be text, this one is {shown}; put it in quotes")
        if parent.keys is not None and key.value in parent.keys:
            first = parent.keys[key.value][0]
            raise self._refuse(
                event, f"the key {key.value!r} is here twice (first in line {first})"
            )

    def _merge(self, parent: Node, node: Node, event: events.Event) -> None:
        sources = [node] if node.items is None else node.items
        if any(source.keys is None for source in sources):
            raise self._refuse(event, "`<<` takes a mapping, or a list of mappings")
        parent.merges.extend(sources)

    def _plain(self, node: Node, loc: Loc) -> Any:
        """Plain values of a node, and the lines of everything in it."""
        self._placed += 1
        if self._placed > MOST_VALUES:
            raise InvalidConfig(f"{self._name}: aliases make this more than {MOST_VALUES} values")
        if node.items is not None:
            for i, item in enumerate(node.items):
                self.lines[(*loc, i)] = item.line
            return [self._plain(item, (*loc, i)) for i, item in enumerate(node.items)]
        if node.keys is None:
            return node.value
        keys = _merged(node)
        for key, (line, _) in keys.items():
            self.lines[(*loc, key)] = line
        return {key: self._plain(value, (*loc, key)) for key, (_, value) in keys.items()}

    def _refuse(self, event: events.Event, sentence: str) -> InvalidConfig:
        return InvalidConfig(f"{self._name}:{_line(event)}: {sentence}")


def _merged(node: Node) -> dict[str, tuple[int, Node]]:
    """A mapping's keys: its own first, then those of its merged mappings, earlier ones winning."""
    keys = dict(node.keys or {})
    for source in node.merges:
        for key, entry in _merged(source).items():
            keys.setdefault(key, entry)
    return keys


def _line(event: events.Event) -> int:
    return int(event.start_mark.line) + 1


def _convert(kind: str, text: str) -> Any:
    """A plain scalar as YAML 1.2 reads it; dates and oddities stay text."""
    match kind:
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            digits = text.replace("_", "").lstrip("+-")
            sign = -1 if text.startswith("-") else 1
            return sign * (int(digits, 0) if digits[:2] in ("0x", "0o", "0b") else int(digits))
        case "float":
            return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
    return text
