"""Reads the XML of cameras, who may be hostile: no DTD, no entities, bounded in depth and number.

Elements are found by their local names. Cameras declare wrong namespaces, older ones, or none for
the prefixes they use (Reolink), and none of our questions has two answers of one local name. So
expat runs without namespaces; prefixes are kept as written, because a part of an answer may have
to be sent back as it came (`as_written`).
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from vedette.contracts.errors import SourceRefused

MAX_BYTES = 1_048_576
"""Of one answer."""
MAX_DEPTH = 64
MAX_NODES = 20_000
MAX_ATTRIBUTES = 64
"""Of one element."""

_ENCODING = re.compile(rb"""\A<\?xml[^>]{0,80}?encoding=["']([A-Za-z0-9._-]{1,40})["']""")
_CODECS = {
    **dict.fromkeys(("iso-8859-1", "latin-1", "latin1", "us-ascii"), "latin-1"),
    **dict.fromkeys(("gb2312", "gbk", "gb18030"), "gb18030"),
    "big5": "big5",
}
"""Encodings besides UTF-8 and UTF-16 that cameras were seen to use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One element."""

    name: str
    """As written, with its prefix: `tt:Message`."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Names as written."""
    text: str = ""
    """Directly in it, without white space around."""
    children: tuple["Node", ...] = ()

    @property
    def local(self) -> str:
        """The name without its prefix."""
        return self.name.rpartition(":")[2]

    def named(self, local: str) -> Iterator["Node"]:
        """Its children of that name."""
        return (child for child in self.children if child.local == local)

    def child(self, *path: str) -> "Node | None":
        """The first child of that name, the first child of the next name in it, and so on."""
        node: Node | None = self
        for local in path:
            node = None if node is None else next(node.named(local), None)
        return node

    def value(self, *path: str) -> str:
        """The text at the end of a path of names; empty where there is none."""
        node = self.child(*path)
        return "" if node is None else node.text

    def find(self, local: str) -> Iterator["Node"]:
        """Every element of that name below this one, in the order of the document."""
        waiting = list(reversed(self.children))
        while waiting:
            node = waiting.pop()
            if node.local == local:
                yield node
            waiting.extend(reversed(node.children))

    def attribute(self, local: str) -> str:
        """The value of the attribute of that local name; empty where there is none."""
        for name, value in self.attributes.items():
            if name.rpartition(":")[2] == local and not name.startswith("xmlns"):
                return value
        return ""


def parse(data: bytes) -> Node:
    """The root of a document.

    Raises:
        SourceRefused: it is no XML, or XML of a kind that no camera needs.
    """
    if len(data) > MAX_BYTES:
        raise SourceRefused(f"the XML is larger than {MAX_BYTES // 1024} KiB")
    try:
        return _Reader().read(_text(data))
    except expat.ExpatError as error:
        words = expat.errors.messages.get(error.code, "not well-formed")
        raise SourceRefused(f"not XML that can be read ({words}, line {error.lineno})") from error


def as_written(root: Node, wanted: Node) -> str:
    """The XML of a part of a document, with the namespaces in force where it stands.

    Raises:
        SourceRefused: `wanted` is not in the document, or is too large to be sent back.
    """
    scope = _scope(root, wanted)
    if scope is None:
        raise SourceRefused("the part is not in the document")
    text = _write(wanted, scope)
    if len(text) > 4096:
        raise SourceRefused("a part that is to be sent back is larger than 4 KiB")
    return text


def clean(text: str, most: int = 128) -> str:
    """Text of a camera that is safe to print: one line, no control characters, not too long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


class _Reader:
    """One pass of expat, with limits."""

    def __init__(self) -> None:
        self._open: list[tuple[str, dict[str, str], list[str], list[Node]]] = []
        self._nodes = 0
        self._root: Node | None = None

    def read(self, text: str) -> Node:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _no_doctype
        parser.EntityDeclHandler = _no_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.Parse(text, True)
        if self._root is None:
            raise SourceRefused("not XML that can be read (no element)")
        return self._root

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._nodes += 1
        if len(self._open) >= MAX_DEPTH:
            raise SourceRefused(f"the XML is nested deeper than {MAX_DEPTH} elements")
        if self._nodes > MAX_NODES:
            raise SourceRefused(f"the XML has more than {MAX_NODES} elements")
        if len(attributes) > MAX_ATTRIBUTES:
            raise SourceRefused(f"an element has more than {MAX_ATTRIBUTES} attributes")
        self._open.append((name, attributes, [], []))

    def _end(self, name: str) -> None:
        _, attributes, text, children = self._open.pop()
        node = Node(
            name=name,
            attributes=attributes,
            text="".join(text).strip(),
            children=tuple(children),
        )
        if self._open:
            self._open[-1][3].append(node)
        else:
            self._root = node

    def _data(self, text: str) -> None:
        if self._open:
            self._open[-1][2].append(text)


def _no_doctype(*_: Any) -> None:
    raise SourceRefused("the XML has a DOCTYPE; no camera needs one, so it is not read")


def _text(data: bytes) -> str:
    """Decoded here, because names in a wrong encoding must not make an answer unreadable."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    found = _ENCODING.match(data)
    codec = _CODECS.get(found[1].decode("ascii").lower(), "utf-8-sig") if found else "utf-8-sig"
    return data.decode(codec, "replace")


def _scope(root: Node, wanted: Node) -> dict[str, str] | None:
    """The `xmlns` attributes from the root down to a node; None where it is not in the document."""
    waiting: list[tuple[Node, dict[str, str]]] = [(root, {})]
    while waiting:
        node, outer = waiting.pop()
        own = {k: v for k, v in node.attributes.items() if k == "xmlns" or k.startswith("xmlns:")}
        scope = {**outer, **own} if own else outer
        if node is wanted:
            return scope
        waiting.extend((child, scope) for child in node.children)
    return None


def _write(node: Node, scope: Mapping[str, str]) -> str:
    attributes = {**scope, **node.attributes}
    words = "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items())
    inner = html.escape(node.text) + "".join(_write(child, {}) for child in node.children)
    return f"<{node.name}{words}>{inner}</{node.name}>"
