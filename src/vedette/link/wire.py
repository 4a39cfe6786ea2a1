"""Frames of the link: a length, a JSON head and an optional small body; bounded both ways.

    b"VL"  version (1 byte)  0  length of the head (u32)  length of the body (u32)  head  body

Nothing here does I/O. Whoever reads feeds the `Decoder` with whatever pieces arrive; a frame that
is cut stays in it, and is forgotten with the connection.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vedette.contracts.errors import VedetteError

VERSION = 1
MOST_HEAD = 1024 * 1024
"""Bytes of JSON; a track with its whole ledger has about 40 kB."""
MOST_BODY = 4 * 1024 * 1024
"""Bytes; a live picture has about 100 kB, a track's path at most 200 kB."""

_START = struct.Struct("!2sBBII")
_MAGIC = b"VL"


class LinkBroken(VedetteError):
    """What came over the link makes no sense, or the connection is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One message."""

    kind: str
    """What it is; see `link/messages.py`."""
    seq: int = 0
    """Number of a message that must be acknowledged; 0 where it need not be."""
    head: dict[str, Any] = field(default_factory=dict)
    body: bytes = b""


def encode(frame: Frame) -> bytes:
    """The bytes of a frame.

    Raises:
        LinkBroken: it is too large to be sent.
    """
    plain = {**frame.head, "kind": frame.kind, "seq": frame.seq}
    head = json.dumps(plain, separators=(",", ":"), ensure_ascii=False).encode()
    if len(head) > MOST_HEAD or len(frame.body) > MOST_BODY:
        raise LinkBroken(
            f"a {frame.kind!r} of {len(head)} + {len(frame.body)} bytes is too large for the link"
        )
    return _START.pack(_MAGIC, VERSION, 0, len(head), len(frame.body)) + head + frame.body


class Decoder:
    """Puts frames together from pieces of bytes; one per connection."""

    def __init__(self, *, most_head: int = MOST_HEAD, most_body: int = MOST_BODY) -> None:
        self.most_head = most_head
        self.most_body = most_body
        self._pending = bytearray()

    def restore(self) -> None:
        """From now on frames may be as large as any."""
        self.most_head, self.most_body = MOST_HEAD, MOST_BODY

    def feed(self, piece: bytes) -> Iterator[Frame]:
        """The frames that are complete with this piece.

        Raises:
            LinkBroken: not our frames, another version, too large, or no JSON object.
        """
        self._pending += piece
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> Frame | None:
        if len(self._pending) < _START.size:
            self._check_magic()
            return None
        magic, version, zero, head_size, body_size = _START.unpack_from(self._pending)
        if magic != _MAGIC or zero:
            raise LinkBroken("what came over the link are no frames of Vedette")
        if version != VERSION:
            raise LinkBroken(f"the other side speaks version {version} of the link, not {VERSION}")
        if head_size > self.most_head or body_size > self.most_body:
            raise LinkBroken(f"a frame of {head_size} + {body_size} bytes is too large")
        size = _START.size + head_size + body_size
        if len(self._pending) < size:
            return None
        head = bytes(self._pending[_START.size : _START.size + head_size])
        body = bytes(self._pending[_START.size + head_size : size])
        del self._pending[:size]
        return _frame(head, body)

    def _check_magic(self) -> None:
        start = bytes(self._pending[: len(_MAGIC)])
        if not _MAGIC.startswith(start):
            raise LinkBroken("what came over the link are no frames of Vedette")


def _frame(raw: bytes, body: bytes) -> Frame:
    try:
        head = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise LinkBroken("the head of a frame is not JSON") from error
    if not isinstance(head, dict):
        raise LinkBroken("the head of a frame is not a JSON object")
    kind, seq = head.pop("kind", None), head.pop("seq", None)
    if not isinstance(kind, str) or type(seq) is not int or seq < 0:
        raise LinkBroken("the head of a frame lacks its kind or its number")
    return Frame(kind=kind, seq=seq, head=head, body=body)
