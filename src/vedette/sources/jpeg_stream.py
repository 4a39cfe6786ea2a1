"""One opening of a camera that sends JPEG pictures one by one: MJPEG, snapshots, raw USB."""

import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Protocol

import av
from av.video.codeccontext import VideoCodecContext

from vedette.contracts.errors import SourceLost, SourceRefused, VedetteError
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.kit.clock import Clock, to_us
from vedette.sources.decode import MOST_BAD, FrameDecoder
from vedette.sources.formats import FormatWatch, learn
from vedette.sources.gauges import Gauges
from vedette.sources.stats import SourceStats
from vedette.sources.timemap import LiveTime

MOST_JPEG_BYTES = 16 * 2**20
_BASE = Fraction(1, 90_000)
_NOMINAL = 9_000


class Shots(Protocol):
    """Where the pictures come from."""

    def next(self) -> bytes | None:
        """The next whole JPEG; None at the end, and after `close`.

        Raises:
            SourceLost, SourceRefused
        """
        ...

    def close(self) -> None:
        """Give the connection back; may be called from any thread, and more than once."""
        ...


class JpegStream:
    """A stream of JPEG pictures; each is made when it comes.

    `packets` belongs to one thread, `decode` and `flush` to one, which may be another; `close` may
    come from any.
    """

    info: StreamInfo
    stats: SourceStats

    def __init__(
        self,
        shots: Shots,
        *,
        name: str,
        camera_id: str,
        clock: Clock,
        stats: SourceStats | None = None,
    ) -> None:
        """Waits for the first picture, to know the format.

        Raises:
            SourceLost, SourceRefused
        """
        self.stats = stats or SourceStats()
        self._shots = shots
        self._name = name
        self._clock = clock
        self._stop = threading.Event()
        self._refused = 0
        self._first: bytes | None = None
        self.info = self._begin()
        self._formats = FormatWatch(self.info)
        self._time = LiveTime(time_base=_BASE, frame_rate=0.0, stats=self.stats)
        self._gauges = Gauges(self.stats, self._time)
        context = av.CodecContext.create("mjpeg", "r")
        if not isinstance(context, VideoCodecContext):
            raise SourceRefused("libav has no decoder for JPEG")
        self._decoder = FrameDecoder(
            context,
            camera_id=camera_id,
            stats=self.stats,
            give_up=lambda sentence: SourceLost(f"{name}: {sentence}"),
            on_size=lambda _width, _height: None,
            size=(self.info.width, self.info.height),
        )
        self._last_dts: int | None = None

    def packets(self) -> Iterator[Packet]:
        """Every picture as a packet; ends after `close`.

        Raises:
            SourceLost: the camera stopped sending.
        """
        while not self._stop.is_set():
            try:
                data = self._take()
            except VedetteError:
                if not self._stop.is_set():
                    raise
            if self._stop.is_set():
                return
            if data is None:
                raise SourceLost(f"{self._name} ended its stream")
            info = self._formats.look(data, self.info, is_keyframe=True)
            if info is None:
                self._refuse()
                continue
            self.stats.format_changes += info is not self.info
            self.info, self._refused = info, 0
            yield self._packet(data)

    def decode(self, packet: Packet) -> Sequence[Frame]:
        """The frame of this packet; damaged ones are counted and left out."""
        return self._decoder.decode(packet)

    def flush(self) -> Sequence[Frame]:
        return self._decoder.flush()

    def close(self) -> None:
        """End `packets`; may be called from another thread."""
        self._stop.set()
        self._shots.close()

    def _begin(self) -> StreamInfo:
        for _ in range(MOST_BAD):
            data = self._shots.next()
            if data is None:
                raise SourceLost(f"{self._name} ended before a picture came")
            if (learned := learn(data, "mjpeg")) is not None:
                self._first = data
                return StreamInfo(
                    codec="mjpeg",
                    width=learned.width,
                    height=learned.height,
                    time_base=_BASE,
                    frame_rate=0.0,
                    template=learned.template,
                )
            self.stats.corrupt_packets += 1
        raise SourceLost(f"{self._name}: none of the first {MOST_BAD} pictures can be read")

    def _take(self) -> bytes | None:
        if (first := self._first) is not None:
            self._first = None
            return first
        return self._shots.next()

    def _refuse(self) -> None:
        self.stats.corrupt_packets += 1
        self._refused += 1
        if self._refused >= MOST_BAD:
            raise SourceLost(f"{self._name}: none of the last {MOST_BAD} pictures can be read")

    def _packet(self, data: bytes) -> Packet:
        now_s, arrived_us = self._clock.monotonic(), to_us(self._clock.now())
        ticks = int(now_s / _BASE)
        stamp = self._time.stamp(ticks, ticks, 0, arrived_us)
        self.stats.packets += 1
        self.stats.bytes += len(data)
        try:
            self._gauges.count(now_s, len(data), picture=True)
            self._gauges.timed(arrived_us, stamp.at_us)
        except SourceLost as error:
            raise SourceLost(f"{self._name}: {error}") from error
        # As long as the one before; of the last one of a file, muxers keep what is said here.
        since = _NOMINAL if self._last_dts is None else stamp.dts - self._last_dts
        self._last_dts = stamp.dts
        return Packet(
            data=data,
            pts=stamp.pts,
            dts=stamp.dts,
            duration=since,
            is_keyframe=True,
            at_us=stamp.at_us,
        )
