"""MJPEG over HTTP: pictures that are sent one after the other, for ever."""

from collections import deque

from vedette.contracts.errors import SourceLost
from vedette.kit.clock import Clock
from vedette.sources.http_get import Answer
from vedette.sources.jpeg_cutter import JpegCutter
from vedette.sources.jpeg_stream import MOST_JPEG_BYTES
from vedette.sources.stats import SourceStats

_MOST_WAITING = 256
"""Whole pictures of one piece of data."""


class MjpegShots:
    """The pictures of one endless answer."""

    def __init__(
        self,
        answer: Answer,
        *,
        begun: bytes,
        name: str,
        read_s: float,
        clock: Clock,
        stats: SourceStats,
    ) -> None:
        """
        Args:
            begun: what was read of the body already.
            read_s: each picture must be complete after this long.
        """
        self._answer = answer
        self._name = name
        self._read_s = read_s
        self._clock = clock
        self._stats = stats
        self._cutter = JpegCutter(MOST_JPEG_BYTES)
        self._waiting: deque[bytes] = deque(maxlen=_MOST_WAITING)
        self._waiting.extend(self._cutter.feed(begun))
        self._closed = False

    def next(self) -> bytes | None:
        """See `Shots`."""
        began_s, broken = self._clock.monotonic(), self._cutter.broken
        while not self._waiting and not self._closed:
            piece = self._answer.read()
            if not piece:
                return None
            self._waiting.extend(self._cutter.feed(piece))
            self._stats.corrupt_packets += self._cutter.broken - broken
            broken = self._cutter.broken
            if self._clock.monotonic() - began_s > self._read_s and not self._waiting:
                raise SourceLost(f"{self._name} sent no whole picture for {self._read_s:g} s")
        return self._waiting.popleft() if self._waiting else None

    def close(self) -> None:
        self._closed = True
        self._answer.close()
