"""Sees whether the loop of a camera goes on: what its thread does, and since when."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.sight import Detections
from vedette.kit.clock import Clock
from vedette.link.box import Doing, Side
from vedette.sources.port import Source, Stream
from vedette.sources.stats import SourceStats

Detect = Callable[[Frame], Future[Detections]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a camera's thread may be at one thing before it counts as stuck."""

    working_s: float = 15.0
    """On one packet: a disk that wakes up takes 10 s. While it waits for the detector, the
    detector is what counts."""
    decoding_s: float = 1.0
    """One packet: that waits for no disk and no other thread. Before a worker is replaced, it is
    looked at for another second."""
    opening_s: float = 120.0
    """Far above every timeout of a source."""


@dataclass(slots=True, kw_only=True)
class Progress:
    """What one camera's thread does, and since when. Written by it, read by anyone."""

    clock: Clock
    note: Callable[[Doing], None] = lambda doing: None
    """Also told, at each change."""
    note_side: Callable[[Side, bool], None] = lambda side, busy: None
    doing: Doing = Doing.NOTHING
    since_s: float = 0.0
    asked: Future[Detections] | None = None
    """What the detector was asked last."""
    decoding_since_s: float | None = None
    """Since when one packet has been decoded, by whichever thread; None while none is."""
    looking_s: Callable[[], float] = lambda: 0.0
    """Monotonic time at which the pictures were surely looked at, as noted with the last packet;
    0.0 before the first."""

    def now(self, doing: Doing) -> None:
        self.doing = doing
        self.since_s = self.clock.monotonic()
        self.note(doing)

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """Around the decoding of one packet."""
        self.decoding_since_s = self.clock.monotonic()
        self.note_side(Side.DECODING, True)
        try:
            yield
        finally:
            self.note_side(Side.DECODING, False)
            self.decoding_since_s = None

    def detecting(self, detect: Detect) -> Detect:
        """The same detector, remembering that this camera waits for it."""

        def ask(frame: Frame) -> Future[Detections]:
            self.asked = answer = detect(frame)
            self.note_side(Side.DETECTING, True)
            answer.add_done_callback(lambda _: self.note_side(Side.DETECTING, False))
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
            self._progress.now(Doing.WAITING)
        self._progress.now(Doing.WORKING)

    def decode(self, packet: Packet) -> Sequence[Frame]:
        with self._progress.decoding():
            return self._inner.decode(packet)

    def skip(self, packet: Packet) -> int:
        skip = getattr(self._inner, "skip", None)
        if not callable(skip):
            return len(self.decode(packet))
        with self._progress.decoding():
            return int(skip(packet))

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
    now_s = progress.clock.monotonic()
    decoding_s = now_s - (progress.decoding_since_s or now_s)
    if decoding_s > patience.decoding_s:
        return decoding_s
    asked = progress.asked
    if asked is not None and not asked.done():
        return 0.0
    limits_s = {Doing.WORKING: patience.working_s, Doing.OPENING: patience.opening_s}
    limit_s = limits_s.get(progress.doing)
    if limit_s is not None and now_s - progress.since_s > limit_s:
        return now_s - progress.since_s
    looked_s = progress.looking_s()  # by another thread, while packets go on arriving
    behind_s = progress.since_s - looked_s if looked_s > 0.0 else 0.0
    waiting = progress.doing is Doing.WAITING
    return behind_s if waiting and behind_s > patience.working_s else 0.0
