"""One opening of a container: demuxes, stamps and decodes; shared by rtsp, http and file."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import av

from vedette.contracts.errors import SourceLost, SourceRefused, VedetteError
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.kit.clock import Clock, to_us
from vedette.sources.container import Opened, Target, explain, open_video
from vedette.sources.decode import FrameDecoder
from vedette.sources.stats import SourceStats
from vedette.sources.timemap import FileTime, LiveTime, Stamp, ticks_to_us

log = logging.getLogger(__name__)


class Timeline(Protocol):
    """`LiveTime` or `FileTime`."""

    def stamp(self, pts: int | None, dts: int | None, duration: int, arrived_us: int) -> Stamp: ...


class Pace:
    """Holds packets back until they are due, counted from the first one."""

    def __init__(self, clock: Clock, stop: threading.Event) -> None:
        self._clock = clock
        self._stop = stop
        self._first: tuple[float, int] | None = None

    def wait(self, due_us: int) -> None:
        """Return when `due_us` (time within the stream) has come, or at the stop."""
        now_s = self._clock.monotonic()
        if self._first is None:
            self._first = (now_s, due_us)
        began_s, began_us = self._first
        ahead_s = began_s + (due_us - began_us) / 1e6 - now_s
        if ahead_s > 0:
            self._clock.wait(self._stop, ahead_s)


class AvStream:
    """A stream through libav. Belongs to one thread, except for `close`."""

    info: StreamInfo
    """Changes (a new object) when the picture's size does."""
    stats: SourceStats

    def __init__(
        self,
        target: Target,
        opened: Opened,
        *,
        camera_id: str,
        clock: Clock,
        stats: SourceStats,
        timeline: Timeline,
        live: bool,
    ) -> None:
        self.info = opened.info
        self.stats = stats
        self._target = target
        self._container = opened.container
        self._stream = opened.stream
        self._clock = clock
        self._timeline = timeline
        self._live = live
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._reading = False
        self._decoder = FrameDecoder(
            opened.stream.codec_context,
            camera_id=camera_id,
            stats=stats,
            give_up=self._give_up,
            on_size=self._resized,
        )
        self.pace: Pace | None = None
        self.loops: Callable[[], Opened] | None = None
        """Opens the file again; None where it is read once."""

    def paced(self) -> None:
        """From now on, packets come as slowly as they were recorded."""
        self.pace = Pace(self._clock, self._stop)

    def packets(self) -> Iterator[Packet]:
        """Every packet in decoding order; ends at the end of a file, or after `close`.

        Raises:
            SourceLost: the camera stopped sending.
            SourceRefused: the data is not video that can be read.
        """
        while not self._stop.is_set():
            before = self.stats.packets
            yield from self._pass()
            if self._stop.is_set():
                return
            if self.stats.packets == before:
                raise self._give_up("no packet of video could be read")
            if self._live:
                raise SourceLost(f"{self._target.address} ended its stream")
            if self.loops is None:
                self._check_complete()
                return
            self._begin_again(self.loops())

    def decode(self, packet: Packet) -> Sequence[Frame]:
        """The frames that this packet completes; damaged ones are counted and left out."""
        return self._decoder.decode(packet)

    def flush(self) -> Sequence[Frame]:
        """The frames that the decoder still holds at the end."""
        return self._decoder.flush()

    def close(self) -> None:
        """Give the connection back.

        From another thread while `packets` waits: that thread closes it, at the next packet or at
        the latest when its time limit for reading is over.
        """
        self._stop.set()
        with self._lock:
            if not self._reading:
                self._container.close()

    def _pass(self) -> Iterator[Packet]:
        """The packets of the container, once through."""
        raws = iter(self._container.demux(self._stream))
        while (raw := self._next(raws)) is not None:
            if raw.is_corrupt:
                self.stats.corrupt_packets += 1
                continue
            packet = self._stamped(raw)
            if self.pace is not None:
                self.pace.wait(ticks_to_us(packet.dts, self.info.time_base))
                if self._stop.is_set():
                    return
            yield packet

    def _next(
        self, raws: "Iterator[av.Packet[av.VideoStream]]"
    ) -> "av.Packet[av.VideoStream] | None":
        """The next packet with content; None at the end, and after `close`."""
        failure: av.FFmpegError | None = None
        with self._lock:
            if self._stop.is_set():
                return None
            self._reading = True
        try:
            return next((raw for raw in raws if raw.size > 0), None)
        except av.FFmpegError as error:
            failure = error
        finally:
            with self._lock:
                self._reading = False
                if self._stop.is_set():
                    self._container.close()
        self._failed(failure)
        return None

    def _failed(self, failure: av.FFmpegError) -> None:
        """A camera is lost; a file that could be read so far ends here, and is said to be damaged.

        Raises:
            SourceLost, SourceRefused
        """
        if self._stop.is_set():
            return
        if self._live or self.stats.packets == 0:
            raise explain(failure, self._target, doing="read")
        self.stats.ended_early = True
        log.warning("%s", explain(failure, self._target, doing="read"))

    def _stamped(self, raw: "av.Packet[av.VideoStream]") -> Packet:
        duration = raw.duration or 0
        arrived_us = to_us(self._clock.now())
        stamp = self._timeline.stamp(raw.pts, raw.dts, duration, arrived_us)
        raw.pts, raw.dts = stamp.pts, stamp.dts
        data = bytes(raw)
        self.stats.packets += 1
        self.stats.bytes += len(data)
        return Packet(
            data=data,
            pts=stamp.pts,
            dts=stamp.dts,
            duration=duration,
            is_keyframe=raw.is_keyframe,
            at_us=stamp.at_us,
            origin=raw,
        )

    def _begin_again(self, opened: Opened) -> None:
        """Go on with the same file, opened again; times and the decoder go on too."""
        with self._lock:
            self._container.close()
            self._container, self._stream = opened.container, opened.stream
            if self._stop.is_set():
                self._container.close()
        self.stats.loops += 1
        if isinstance(self._timeline, FileTime):
            self._timeline.again()

    def _check_complete(self) -> None:
        """Say it when a file holds less than it promises."""
        stats, promised = self.stats, self.info.frames
        stats.ended_early = stats.ended_early or stats.packets + 1 < promised
        if stats.ended_early and promised:
            log.warning(
                "%s is cut short or damaged: %d of its %d frames could be read",
                self._target.address,
                stats.packets,
                promised,
            )

    def _give_up(self, sentence: str) -> VedetteError:
        kind = SourceLost if self._live else SourceRefused
        return kind(f"{self._target.address}: {sentence}")

    def _resized(self, width: int, height: int) -> None:
        self.info = replace(self.info, width=width, height=height)


def open_live(
    target: Target, *, camera_id: str, clock: Clock, opened: Opened | None = None
) -> AvStream:
    """Open a camera (or go on with one that is open): its first packet is now.

    Raises:
        SourceLost, SourceRefused: see `open_video`.
    """
    opened = opened or open_video(target)
    stats = SourceStats()
    timeline = LiveTime(
        time_base=opened.info.time_base, frame_rate=opened.info.frame_rate, stats=stats
    )
    return AvStream(
        target,
        opened,
        camera_id=camera_id,
        clock=clock,
        stats=stats,
        timeline=timeline,
        live=True,
    )


def open_recorded(
    target: Target, opened: Opened, *, camera_id: str, clock: Clock, start_us: int
) -> AvStream:
    """Read a recording that is already open, from `start_us`."""
    stats = SourceStats()
    timeline = FileTime(
        start_us=start_us,
        time_base=opened.info.time_base,
        frame_rate=opened.info.frame_rate,
        stats=stats,
    )
    return AvStream(
        target,
        opened,
        camera_id=camera_id,
        clock=clock,
        stats=stats,
        timeline=timeline,
        live=False,
    )
