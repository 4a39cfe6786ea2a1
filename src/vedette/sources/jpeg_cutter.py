"""Finds JPEG pictures in a stream of bytes, by their own structure. Pure.

What HTTP cameras write around their pictures cannot be relied on: boundaries that are announced
differently or not at all, lengths that are wrong. A JPEG says itself where it ends (ITU-T T.81
B.1): segments have lengths, and in what is coded in between, a marker cannot occur by chance.
"""

import re

_BEGIN = b"\xff\xd8\xff"
_AFTER_CODED = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The next marker behind coded data: neither a stuffed FF, nor a restart, nor filling."""
_END, _AGAIN, _SCAN = 0xD9, 0xD8, 0xDA
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers without a length."""


class JpegCutter:
    """Fed with pieces of any size, gives whole pictures. Keeps at most `most_bytes`."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._data = bytearray()
        self._inside = False
        self._at = 0
        """Where the next marker is expected."""
        self._coded_from = 0
        """Within coded data: from where to look for the next marker; else 0."""
        self.broken = 0
        """Pictures that had no end, were not possible, or too large; left out."""

    def feed(self, piece: bytes) -> list[bytes]:
        """The pictures that this piece completes."""
        self._data += piece
        found = list[bytes]()
        while self._begin():
            end = self._read()
            if end is None:
                if len(self._data) > self._most:
                    self._drop(len(self._data))
                break
            if end:
                found.append(bytes(self._data[:end]))
                del self._data[:end]
                self._inside = False
        return found

    def _begin(self) -> bool:
        """True while the data begins with a picture."""
        if self._inside:
            return True
        start = self._data.find(_BEGIN)
        if start < 0:
            del self._data[: -len(_BEGIN) + 1]
            return False
        del self._data[:start]
        self._inside, self._at, self._coded_from = True, 2, 0
        return True

    def _drop(self, count: int) -> None:
        """This is no picture: go on behind what was read of it (never twice through the same)."""
        self.broken += 1
        del self._data[:count]
        self._inside = False

    def _read(self) -> int | None:
        """Where the picture ends; 0 where it is broken (and dropped), None where more is needed."""
        data = self._data
        while True:
            if self._coded_from and not self._skip_coded():
                return None
            if len(data) < self._at + 2:
                return None
            if data[self._at] != 0xFF or data[self._at + 1] == _AGAIN:
                self._drop(self._at)
                return 0
            marker = data[self._at + 1]
            if marker == _END:
                return self._at + 2
            if marker == 0xFF:
                self._at += 1
            elif marker in _ALONE:
                self._at += 2
            elif not self._skip_segment(marker):
                return None

    def _skip_segment(self, marker: int) -> bool:
        """Go behind a segment with a length; False where its length has not come yet."""
        data = self._data
        if len(data) < self._at + 4:
            return False
        length = max(2, int.from_bytes(data[self._at + 2 : self._at + 4], "big"))
        self._at += 2 + length
        if marker == _SCAN:
            self._coded_from = self._at
        return True

    def _skip_coded(self) -> bool:
        """Go to the marker that ends coded data; False where it has not come yet."""
        found = _AFTER_CODED.search(self._data, self._coded_from)
        if found is None:
            self._coded_from = max(self._coded_from, len(self._data) - 1)
            return False
        self._at, self._coded_from = found.start(), 0
        return True
