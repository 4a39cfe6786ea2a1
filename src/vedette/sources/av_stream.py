"""One opening of a container: demuxes, stamps, decodes; for rtsp, http, usb, file and folder."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import av
from av.video.codeccontext import VideoCodecContext

from vedette.contracts.errors import SourceLost, SourceRefused, VedetteError
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.kit.clock import Clock, to_us
from vedette.sources.container import Opened, Target, explain
from vedette.sources.decode import MOST_BAD, FrameDecoder, renewed
from vedette.sources.decoders import Decoders
from vedette.sources.formats import FormatWatch, same_format
from vedette.sources.gauges import Gauges
from vedette.sources.losses import LossWatch
from vedette.sources.pace import Pace
from vedette.sources.soundtrack import Soundtrack
from vedette.sources.stats import SourceStats
from vedette.sources.timemap import FileTime, LiveTime, ticks_to_us

log = logging.getLogger(__name__)

MOST_PACKET_BYTES = 32 * 2**20
"""A larger packet is no picture of a camera."""

_NEVER_TURNED = frozenset({"rtsp", "mpegts", "flv", "h264", "hevc"})
"""Formats in which no container says that pictures are to be shown turned."""

Timeline = LiveTime | FileTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What comes after the end of a file."""

    opened: Opened
    begins_us: int | None = None
    """UTC of its begin, where that is known; else it follows at once."""


class AvStream:
    """A stream through libav. `packets` belongs to one thread, `decode` and `flush` to one, which
    may be another; `close` may come from any."""

    info: StreamInfo
    """Changes (a new object) with the first packet of a new format."""
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
    ) -> None:
        self.info = opened.info
        self.stats = stats
        self._target = target
        self._camera_id = camera_id
        self._clock = clock
        self._timeline = timeline
        self._live = isinstance(timeline, LiveTime)
        self._gauges = Gauges(stats, timeline if isinstance(timeline, LiveTime) else None)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._reading = False
        self._refused = 0
        self._other_codec = False
        self._pictured_s = clock.monotonic()
        self._take(opened)
        self._sound = Soundtrack(opened, timeline, stats)
        self._decoders = Decoders(self._new_decoder, opened.stream.codec_context)
        self._hole = False
        self.pace: Pace | None = None
        self.more: Callable[[], Following | None] | None = None
        """Opens what comes after the end: the file again, or the next one."""
        self.tolerant = False
        """A file of which nothing can be read is no reason to end."""

    def paced(self) -> None:
        """From now on, packets come as slowly as they were recorded."""
        self.pace = Pace(self._clock, self._stop)

    @property
    def stop(self) -> threading.Event:
        """Set by `close`."""
        return self._stop

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
            if self.stats.packets == before and not self.tolerant:
                raise self._give_up("no packet of video could be read")
            if self._live:
                raise SourceLost(f"{self._target.address} ended its stream")
            if self.more is None:
                self._check_complete()
                return
            if (following := self.more()) is None:
                return
            self._continue_with(following)

    def decode(self, packet: Packet) -> Sequence[Frame]:
        """The frames that this packet completes; damaged ones are counted and left out."""
        if packet.is_audio:
            return ()
        return self._decoders.decode(packet)

    def skip(self, packet: Packet) -> int:
        """Decode what later packets need, where nobody looks at the frames; how many there are."""
        return self._decoders.skip(packet)

    def flush(self) -> Sequence[Frame]:
        """The frames that the decoder still holds at the end."""
        return self._decoders.flush()

    def close(self) -> None:
        """Give the connection back.

        From another thread while `packets` waits: that thread closes it, at the next packet or at
        the latest when its time limit for reading is over.
        """
        self._stop.set()
        with self._lock:
            if not self._reading:
                self._container.close()

    def _take(self, opened: Opened) -> None:
        """Read from this container from now on."""
        self._container = opened.container
        self._wanted = [opened.stream] if opened.sound is None else [opened.stream, opened.sound]
        self._formats = FormatWatch(opened.info)
        self._losses = self._new_losses(opened.info)
        self._pictured = False
        for note in opened.notes:
            self.stats.note(note)
            log.warning("%s: %s", self._camera_id, note)

    def _new_losses(self, info: StreamInfo) -> LossWatch | None:
        if not self._target.lossy or info.codec != "h264":
            return None
        return LossWatch(bytes(info.template.codec_context.extradata or b""))

    def _new_decoder(self, context: VideoCodecContext) -> FrameDecoder:
        if self._container.format.name in _NEVER_TURNED:
            context = renewed(context) or context  # the stream's own would stay as long as it does
        return FrameDecoder(
            context,
            camera_id=self._camera_id,
            stats=self.stats,
            give_up=self._give_up,
            on_size=self._resized,
            size=(self.info.width, self.info.height),
            strict=self._live,
        )

    def _pass(self) -> Iterator[Packet]:
        """The packets of the container, once through."""
        raws = iter(self._container.demux(*self._wanted))
        while (raw := self._next(raws)) is not None:
            for packet in self._accept(raw):
                if self.pace is not None and not packet.is_audio:
                    self.pace.wait(ticks_to_us(packet.dts, self.info.time_base))
                    if self._stop.is_set():
                        return
                yield packet

    def _accept(self, raw: Any) -> Iterator[Packet]:
        """The packet in our words; before the first picture, sound waits."""
        if raw.stream_index == self._sound.index:
            self._check_pictures()
            if self._pictured:
                yield from self._heard(self._sound.packets(raw))
            else:
                self._sound.hold(raw)
        elif self._fits(raw):
            yield self._picture(raw)
            self._pictured, self._pictured_s = True, self._clock.monotonic()
            yield from self._heard(self._sound.held())

    def _heard(self, packets: Iterator[Packet]) -> Iterator[Packet]:
        for packet in packets:
            self._gauges.count(self._clock.monotonic(), len(packet.data), picture=False)
            yield packet

    def _next(self, raws: Iterator[Any]) -> Any:
        """The next packet with content; None at the end, and after `close`."""
        failure: av.FFmpegError | None = None
        with self._lock:
            if self._stop.is_set():
                return None
            self._reading = True
        began_s = self._clock.monotonic()
        try:
            raw = next((raw for raw in raws if raw.size > 0), None)
        except av.FFmpegError as error:
            failure = error
        else:
            self._check_time(self._clock.monotonic() - began_s)
            return raw
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
        if self._live or (self.stats.packets == 0 and not self.tolerant):
            raise explain(failure, self._target, doing="read")
        self.stats.ended_early = True
        log.warning("%s", explain(failure, self._target, doing="read"))

    def _check_time(self, took_s: float) -> None:
        """Interrupted by its time limit, libav hands out what it has of a picture without an end.

        Raises:
            SourceLost
        """
        if self._live and took_s > self._target.read_s and not self._stop.is_set():
            raise SourceLost(
                f"{self._target.address} sent no whole picture for {self._target.read_s:g} s"
            )

    def _check_pictures(self) -> None:
        """Sound alone is no sign of life.

        Raises:
            SourceLost
        """
        silent_s = self._clock.monotonic() - self._pictured_s
        if self._live and silent_s > self._target.read_s:
            raise SourceLost(f"{self._target.address} sends sound, but no picture any more")

    def _fits(self, raw: Any) -> bool:
        """True for a packet that can be handed on; `info` is that of this packet afterwards."""
        data = bytes(raw) if raw.is_keyframe else b""
        current, info = self.info, None
        if not raw.is_corrupt and raw.size <= MOST_PACKET_BYTES:
            info = self._formats.look(data, current, is_keyframe=raw.is_keyframe)
        if info is None:
            self.stats.corrupt_packets += 1
            self._hole = True
            self._refused += 1
            if self._refused >= MOST_BAD:
                raise self._give_up(f"nothing usable in the last {MOST_BAD} packets of video")
            return False
        self._refused = 0
        if info is not current:
            self._change(info)
        return True

    def _change(self, info: StreamInfo) -> None:
        """The format is another one from this packet on."""
        self.stats.format_changes += 1
        log.info(
            "%s: the video is %s, %dx%d from now on",
            self._camera_id,
            info.codec,
            info.width,
            info.height,
        )
        with self._lock:
            self._other_codec, self.info = info.codec != self.info.codec, info
        if self._other_codec:
            self._losses = self._new_losses(info)

    def _decode_anew(self, first_dts: int) -> None:
        """Packets from this one on are for another decoder."""
        context = av.CodecContext.create(self.info.codec, "r")
        if not isinstance(context, VideoCodecContext):
            raise self._give_up(f"its video changed to {self.info.codec}, which is not known here")
        self._decoders.begin(context, first_dts)
        self._other_codec = False

    def _picture(self, raw: Any) -> Packet:
        duration = raw.duration or 0
        arrived_us = to_us(self._clock.now())
        stamp = self._timeline.stamp(raw.pts, raw.dts, duration, arrived_us)
        raw.pts, raw.dts = stamp.pts, stamp.dts
        data = bytes(raw)
        self.stats.packets += 1
        self.stats.bytes += len(data)
        if self._losses is not None and self._losses.lost(data):
            self.stats.lost_references += 1
            self._hole = True
        if self._other_codec:
            self._decode_anew(stamp.dts)
        if self._hole:
            self._decoders.note_hole(stamp.dts)
            self._hole = False
        self._measure(len(data), arrived_us, stamp.at_us)
        return Packet(
            data=data,
            pts=stamp.pts,
            dts=stamp.dts,
            duration=duration,
            is_keyframe=raw.is_keyframe,
            at_us=stamp.at_us,
            origin=raw,
        )

    def _measure(self, size: int, arrived_us: int, at_us: int) -> None:
        try:
            self._gauges.count(self._clock.monotonic(), size, picture=True)
            self._gauges.timed(arrived_us, at_us)
        except SourceLost as error:
            raise SourceLost(f"{self._target.address}: {error}") from error

    def _continue_with(self, following: Following) -> None:
        """Go on with what was opened; where the format is the same, as if it were one file."""
        opened = following.opened
        same = same_format(opened.info, self.info)
        if isinstance(self._timeline, FileTime):
            if same:
                self._timeline.again(following.begins_us)
            else:
                start_us = max(following.begins_us or 0, self._timeline.end_us)
                self._timeline = file_time(opened.info, start_us, self.stats)
        if self.pace is not None and (following.begins_us is not None or not same):
            self.pace.restart()  # the hours between two files are not waited for
        with self._lock:
            self._container.close()
            self._take(opened)
            if self._stop.is_set():
                self._container.close()
        if same:
            self._sound.take(opened)
        else:
            self.info = opened.info
            self._sound = Soundtrack(opened, self._timeline, self.stats)
            self._decoders.begin(opened.stream.codec_context)

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
        """A codec whose packets do not say their size: the decoder, in its thread, found out."""
        if self._formats.says_size:  # the reader knows better: it is ahead
            return
        with self._lock:
            if (width, height) != (self.info.width, self.info.height):
                self.info = replace(self.info, width=width, height=height)


def file_time(info: StreamInfo, start_us: int, stats: SourceStats) -> FileTime:
    """The timeline of a recording."""
    return FileTime(
        start_us=start_us, time_base=info.time_base, frame_rate=info.frame_rate, stats=stats
    )
