"""Sees whether the loop of a camera goes on: what its thread does, and since when."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.sight import Detections
from vedette.kit.clock import Clock
from vedette.link.box import Doing
from vedette.sources.port import Source, Stream
from vedette.sources.stats import SourceStats

Detect = Callable[[Frame], Future[Detections]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a camera's thread may be at one thing before it counts as stuck."""

    working_s: float = 15.0
    """On one packet: a disk that wakes up takes 10 s. While it waits for the detector, the
    detector is what counts."""
    opening_s: float = 120.0
    """Far above every timeout of a source."""


@dataclass(slots=True, kw_only=True)
class Progress:
    """What one camera's thread does, and since when. Written by it, read by anyone."""

    clock: Clock
    note: Callable[[Doing], None] = lambda doing: None
    """Also told, at each change."""
    doing: Doing = Doing.NOTHING
    since_s: float = 0.0
    asked: Future[Detections] | None = None
    """What the detector was asked last."""
    rounds: int = 0
    """Packets dealt with."""

    def now(self, doing: Doing) -> None:
        self.doing = doing
        self.since_s = self.clock.monotonic()
        self.note(doing)

    def detecting(self, detect: Detect) -> Detect:
        """The same detector, remembering that this camera waits for it."""

        def ask(frame: Frame) -> Future[Detections]:
            self.asked = answer = detect(frame)
            return answer

        return ask


class WatchedStream:
    """A stream that tells when its camera waits for a packet, and when it works on one."""

    def __init__(self, inner: Stream, progress: Progress) -> None:
        self._inner = inner
        self._progress = progress

    @property
    def info(self) -> StreamInfo:
        return self._inner.info

    @property
    def stats(self) -> SourceStats:
        return self._inner.stats

    def packets(self) -> Iterator[Packet]:
        self._progress.now(Doing.WAITING)
        for packet in self._inner.packets():
            self._progress.now(Doing.WORKING)
            yield packet
            self._progress.rounds += 1
            self._progress.now(Doing.WAITING)
        self._progress.now(Doing.WORKING)

    def decode(self, packet: Packet) -> Sequence[Frame]:
        return self._inner.decode(packet)

    def flush(self) -> Sequence[Frame]:
        return self._inner.flush()

    def close(self) -> None:
        self._inner.close()
        self._progress.now(Doing.NOTHING)

    def __getattr__(self, name: str) -> Any:
        """Whatever else this kind of stream can do."""
        return getattr(self._inner, name)


class WatchedSource:
    """A source whose streams tell what their camera does."""

    def __init__(self, inner: Source, progress: Progress) -> None:
        self._inner = inner
        self._progress = progress

    @property
    def live(self) -> bool:
        return self._inner.live

    def open(self) -> WatchedStream:
        """See `Source`."""
        self._progress.now(Doing.OPENING)
        opened = False
        try:
            stream = WatchedStream(self._inner.open(), self._progress)
            opened = True
        finally:
            self._progress.now(Doing.WAITING if opened else Doing.NOTHING)
        return stream

    def __str__(self) -> str:
        return str(self._inner)

    def __getattr__(self, name: str) -> Any:
        """Whatever else this kind of source can do."""
        return getattr(self._inner, name)


def stuck_for_s(progress: Progress, patience: Patience) -> float:
    """For how long a camera has been stuck, in seconds; 0.0 where it goes on.

    One that waits for the detector is not stuck: the detector says itself when it hangs.
    """
    limits_s = {Doing.WORKING: patience.working_s, Doing.OPENING: patience.opening_s}
    limit_s = limits_s.get(progress.doing)
    if limit_s is None:
        return 0.0
    spent_s = progress.clock.monotonic() - progress.since_s
    asked = progress.asked
    if spent_s <= limit_s or (asked is not None and not asked.done()):
        return 0.0
    return spent_s
