"""The large stream of a camera that is looked at through its small one: only kept, in a thread."""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

from vedette.contracts.errors import SourceLost, SourceRefused
from vedette.contracts.facts import CameraState
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.kit.clock import Clock
from vedette.kit.supervise import backoff_s, guarded
from vedette.media.ring import PacketRing
from vedette.sources.port import Source, Stream

log = logging.getLogger(__name__)

AFTER_S = 0.5
"""It is opened a little after the stream that is looked at: cameras dislike two at once."""
STEADY_S = 30.0
END_S = 5.0
LATER_US = 400_000
"""A picture is looked for in so much of the ring after the wanted moment, too."""

AROUND_US = 800_000
"""The clocks of a camera's two streams may be apart by this much."""

Cost = Callable[[Frame], float]
Told = Callable[[CameraState, str], None]


@dataclass(slots=True, kw_only=True)
class MainStream:
    """Reads one source and hands on its packets; comes back after a loss, like its camera.

    `start` and `stop` are called by the camera's thread; times of both streams are UTC.
    """

    camera_id: str
    source: Source
    ring: PacketRing
    lock: threading.RLock
    """Of the ring."""
    keep: Callable[[StreamInfo, Packet], None]
    """Takes every packet."""
    tell: Told
    """Told of every change: how the stream is, and why."""
    clock: Clock
    packets: int = 0
    bytes: int = 0
    reconnects: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _stream: Stream | None = None
    _decoding: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Begin to read."""
        self._ended.clear()
        name = f"main-{self.camera_id}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> bool:
        """End, within seconds; False where the thread is left behind. May be repeated."""
        self._ended.set()
        if (stream := self._stream) is not None:
            stream.close()
        if self._thread is None:
            return True
        self._thread.join(END_S)
        return not self._thread.is_alive()

    def picture(self, at_us: int, cost: Cost | None = None) -> Frame | None:
        """The frame of a moment of the last seconds, as large as the camera sends it; None where
        it is not there (any more). Slow: decodes a group of pictures.

        Args:
            cost: of each frame around the moment (`AROUND_US`): the cheapest is taken. Absent, the
                nearest one.
        """
        stream = self._stream
        since_us = at_us if cost is None else at_us - AROUND_US
        until_us = at_us + (LATER_US if cost is None else AROUND_US)
        with self.lock:
            packets = [p for p in self.ring.cut(since_us) if not p.is_audio]
        if stream is None or not packets or packets[0].at_us > at_us:
            return None
        best = _Cheapest(cost or (lambda frame: abs(frame.at_us - at_us)))
        with self._decoding:
            if self._stream is not stream:
                return None
            stream.flush()
            for packet in packets:
                if packet.at_us > until_us:
                    break
                best.of(stream.decode(packet), since_us if cost else 0)
            best.of(stream.flush(), since_us if cost else 0)
        return best.frame

    def _run(self) -> None:
        with guarded(f"the main stream of {self.camera_id}"):
            self._keep_reading()

    def _keep_reading(self) -> None:
        chance = random.Random(self.camera_id)  # noqa: S311 - jitter, not a secret
        failures = 0
        self.clock.wait(self._ended, AFTER_S)
        while not self._ended.is_set():
            began_s, before = self.clock.monotonic(), self.packets
            why = self._attempt()
            if why is None or self._ended.is_set():
                break
            lasted_s = self.clock.monotonic() - began_s if self.packets > before else 0.0
            failures = 1 if lasted_s > STEADY_S else failures + 1
            pause_s = backoff_s(failures, chance)
            self.reconnects += 1
            log.warning("%s: %s; next try in %.1f s", self.camera_id, why, pause_s)
            self.tell(CameraState.LOST, why)
            self.clock.wait(self._ended, pause_s)
        self.tell(CameraState.ENDED, "")

    def _attempt(self) -> str | None:
        """Read once; what went wrong, or None where it is over for good.

        In words: the error itself would keep the stream and its pictures.
        """
        try:
            self._read()
        except SourceLost as lost:
            return str(lost)
        except SourceRefused as refused:
            if self.source.live:
                return str(refused)
            log.error("%s: %s", self.camera_id, refused)
            self.tell(CameraState.FAILED, str(refused))
            return None
        return f"{self.source} ended its stream" if self.source.live else None

    def _read(self) -> None:
        stream = self.source.open()
        self._stream = stream
        try:
            if self._ended.is_set():
                return
            self.tell(CameraState.ONLINE, "")
            for packet in stream.packets():
                self.packets += 1
                self.bytes += len(packet.data)
                self.keep(stream.info, packet)
                if self._ended.is_set():
                    return
        finally:
            self._stream = None
            with self._decoding:
                stream.close()


@dataclass(slots=True)
class _Cheapest:
    """Keeps one frame."""

    cost: Cost
    frame: Frame | None = None
    _least: float = inf

    def of(self, frames: Sequence[Frame], since_us: int) -> None:
        """Look at these frames, unless they are of an earlier time."""
        for frame in frames:
            if frame.at_us >= since_us and (cost := self.cost(frame)) < self._least:
                self.frame, self._least = frame, cost
