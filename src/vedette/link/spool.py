"""What a worker said and nobody acknowledged yet: an append-only log in a folder of its own.

    length (u32)  CRC-32 (u32)  number (u64)  the frame as it is sent

Written in the thread of whoever speaks, so that a killed process loses nothing; synced to the disk
soon afterwards by the thread that sends, so that a camera does not wait for the disk. A torn tail
(power cut) is cut off when the log is opened again.
"""

import logging
import os
import struct
import threading
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from vedette.contracts.errors import StorageFailed

log = logging.getLogger(__name__)

LOG = "log"
ACKED = "acked"
MOST_BYTES = 64 * 1024 * 1024
MOST_WAITING = 20_000
TIDY_BYTES = 256 * 1024
"""A log in which everything is acknowledged begins anew when it is longer than this."""
MOST_IN_MEMORY = 500
"""Messages that are kept in memory only, while the disk cannot be written."""

_RECORD = struct.Struct("!IIQ")


@dataclass(slots=True)
class _Waiting:
    """One message that is not acknowledged."""

    seq: int
    offset: int
    size: int
    payload: bytes | None = None
    """Only where the disk could not be written."""


class Spool:
    """One log; safe from any thread."""

    def __init__(
        self, folder: Path, *, most_bytes: int = MOST_BYTES, most_waiting: int = MOST_WAITING
    ) -> None:
        """Open the log, or begin one.

        Raises:
            StorageFailed: the folder cannot be used.
        """
        self._most_bytes = most_bytes
        self._most_waiting = most_waiting
        self._room = threading.Condition()
        self._waiting: deque[_Waiting] = deque()
        self._closed = False
        self._dirty = False
        self.unwritten = 0
        """Messages that the disk did not take; they waited in memory."""
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._log = os.open(folder / LOG, os.O_RDWR | os.O_CREAT, 0o600)
            self._mark = os.open(folder / ACKED, os.O_RDWR | os.O_CREAT, 0o600)
            self._end = self._take_up(_read_mark(self._mark))
        except OSError as error:
            raise StorageFailed(f"the spool {folder} cannot be used: {error.strerror}") from error

    def __len__(self) -> int:
        """Messages that are not acknowledged."""
        with self._room:
            return len(self._waiting)

    @property
    def full(self) -> bool:
        with self._room:
            return not self._has_room()

    def append(self, make: Callable[[int], bytes]) -> int:
        """Keep one message, waiting for room where there is none; returns its number.

        Args:
            make: gives the bytes of the message for its number.

        Raises:
            StorageFailed: the spool is closed, also while waiting.
        """
        with self._room:
            self._room.wait_for(lambda: self._closed or self._has_room())
            if self._closed:
                raise StorageFailed("the worker is stopping and takes no more events")
            payload = make(self._last + 1)
            self._last += 1
            self._waiting.append(self._write(self._last, payload))
            return self._last

    def after(self, sent: int, *, window: int) -> list[tuple[int, bytes]]:
        """The messages to be sent next, with their numbers, in order.

        Args:
            sent: number of the last one that is under way.
            window: how many may be under way without being acknowledged.
        """
        with self._room:
            if not self._waiting:
                return []
            under_way = max(0, sent - self._waiting[0].seq + 1)  # numbers leave no gaps
            found = islice(self._waiting, under_way, window)
            return [(each.seq, self._payload(each)) for each in found]

    def ack(self, seq: int) -> None:
        """Everything up to this number is stored elsewhere."""
        with self._room:
            while self._waiting and self._waiting[0].seq <= seq:
                self._waiting.popleft()
            try:
                os.pwrite(self._mark, seq.to_bytes(8, "big"), 0)
                if not self._waiting and self._end > TIDY_BYTES:
                    os.ftruncate(self._log, 0)
                    self._end = 0
            except OSError as error:  # it is only told twice then
                log.warning("the spool cannot note what is stored: %s", error.strerror)
            self._room.notify_all()

    def sync(self) -> None:
        """Bring to the disk what is not acknowledged."""
        with self._room:
            dirty, self._dirty = self._dirty and bool(self._waiting), False
        if dirty:
            try:
                os.fdatasync(self._log)
            except OSError as error:
                log.warning("the spool cannot be synced: %s", error.strerror)

    def close(self) -> None:
        """Take nothing more; who waits for room gets an error. What is inside stays."""
        with self._room:
            if self._closed:
                return
            self._closed = True
            self._room.notify_all()

    def release(self) -> None:
        """Close the files; nothing may be asked of it any more."""
        self.close()
        os.close(self._log)
        os.close(self._mark)

    def _has_room(self) -> bool:
        in_memory = sum(each.payload is not None for each in self._waiting) if self.unwritten else 0
        return (
            self._end < self._most_bytes
            and len(self._waiting) < self._most_waiting
            and in_memory < MOST_IN_MEMORY
        )

    def _write(self, seq: int, payload: bytes) -> _Waiting:
        record = _RECORD.pack(len(payload), zlib.crc32(payload), seq) + payload
        try:
            written = os.pwrite(self._log, record, self._end)
            if written < len(record):
                raise OSError(0, "the disk took only a part")
        except OSError as error:
            self.unwritten += 1
            log.error("the spool cannot be written: %s", error.strerror)
            return _Waiting(seq, 0, len(payload), payload)
        found = _Waiting(seq, self._end + _RECORD.size, len(payload))
        self._end += len(record)
        self._dirty = True
        return found

    def _payload(self, each: _Waiting) -> bytes:
        if each.payload is not None:
            return each.payload
        return os.pread(self._log, each.size, each.offset)

    def _take_up(self, acked: int) -> int:
        """Find what waits in an old log, and cut off a torn tail; returns the log's end."""
        self._last = acked
        end = 0
        for seq, offset, payload in _records(self._log):
            end = offset + len(payload)
            self._last = max(self._last, seq)
            if seq > acked:
                self._waiting.append(_Waiting(seq, offset, len(payload)))
        os.ftruncate(self._log, end)
        return end


def left_in(folder: Path) -> Iterator[bytes]:
    """The messages that a dead worker left, in order; nothing where it left none.

    Raises:
        StorageFailed: they cannot be read.
    """
    try:
        handle = os.open(folder / LOG, os.O_RDONLY)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageFailed(f"the spool {folder} cannot be read: {error.strerror}") from error
    try:
        acked = _mark_of(folder)
        for seq, _, payload in _records(handle):
            if seq > acked:
                yield payload
    finally:
        os.close(handle)


def _mark_of(folder: Path) -> int:
    try:
        return int.from_bytes((folder / ACKED).read_bytes()[:8].rjust(8, b"\0"), "big")
    except OSError:
        return 0


def _read_mark(handle: int) -> int:
    return int.from_bytes(os.pread(handle, 8, 0), "big")


def _records(handle: int) -> Iterator[tuple[int, int, bytes]]:
    """Number, place and content of each whole record, up to the first torn one."""
    offset = 0
    while len(start := os.pread(handle, _RECORD.size, offset)) == _RECORD.size:
        size, checksum, seq = _RECORD.unpack(start)
        if size > 16 * 1024 * 1024:
            return
        payload = os.pread(handle, size, offset + _RECORD.size)
        if len(payload) < size or zlib.crc32(payload) != checksum:
            return
        yield seq, offset + _RECORD.size, payload
        offset += _RECORD.size + size
