"""Turns packets into frames with one decoder thread; counts and leaves out what is damaged."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import cast

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from vedette.contracts.errors import VedetteError
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet
from vedette.sources.planes import MOST_PX, matrix_of, planes, sane_size
from vedette.sources.stats import SourceStats

MOST_BAD = 1000
"""So many packets in a row without a usable picture, and the stream is given up (cameras with
long groups of pictures may begin with several hundred that cannot be decoded)."""
MOST_DARK_S = 10.0
"""After damage, pictures are left out until the next keyframe, but not for longer than this: there
are streams that renew themselves bit by bit, without keyframes."""
_REMEMBERED = 256
"""Packets that a decoder may hold before their picture comes out (it holds 16 at most)."""

_RENEWED = frozenset({"h264", "hevc"})
"""Codecs whose streams say all that a new decoder must know."""
_FEW = 3
"""Pictures that a decoder may keep for later; one keyframe after the other needs no more."""
_OFTEN = 16
"""Rests after which it is given up for a new one nevertheless: it keeps as many pictures as anybody
ever held at a time. That takes a tenth of a millisecond in 360p."""

_Sound = tuple[VideoFrame, int, int]
"""A picture that may be shown, its number and its time (us)."""

DECODER_OPTIONS = {"max_pixels": str(MOST_PX), "threads": "1"}
"""For the demuxer's own decoders too: they look at the first pictures to learn the format."""


def decodable(packet: Packet) -> "av.Packet[av.VideoStream]":
    """The demuxer's packet, or a new one of the same content (with the padding decoders need)."""
    if isinstance(packet.origin, av.Packet):
        return packet.origin
    copy = av.Packet(len(packet.data))
    copy.update(packet.data)
    copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
    copy.is_keyframe = packet.is_keyframe
    return cast("av.Packet[av.VideoStream]", copy)


def renewed(context: VideoCodecContext) -> VideoCodecContext | None:
    """Another decoder of the same stream, not opened yet; None where a stream does not say enough.

    libav keeps as many pictures for later as were ever in use at a time, until a decoder is freed;
    and that of a demuxer's stream is not freed before the stream.
    """
    if context.name not in _RENEWED:
        return None
    fresh = cast(VideoCodecContext, av.CodecContext.create(context.name, "r"))
    if context.extradata:
        fresh.extradata = context.extradata
    fresh.reorder_depth = context.reorder_depth
    return fresh


class FrameDecoder:
    """One decoder, and another one after a rest. Belongs to one thread."""

    def __init__(
        self,
        context: VideoCodecContext,
        *,
        camera_id: str,
        stats: SourceStats,
        give_up: Callable[[str], VedetteError],
        on_size: Callable[[int, int], None],
        size: tuple[int, int] | None = None,
        strict: bool = False,
    ) -> None:
        """Args:
        strict: after damage, leave out what may be built on it, until the next keyframe.
        """
        self._context = _prepared(context)
        self._taken = 0
        """Packets since the decoder was empty."""
        self._rests = 0
        """Of this decoder."""
        self._turned = True
        """The latest picture is to be shown turned; so it may be until there is one."""
        self._camera_id = camera_id
        self._stats = stats
        self._give_up = give_up
        self._on_size = on_size
        self._size = size or (context.width, context.height)
        self._reformatter = VideoReformatter()
        self._times: OrderedDict[int, int] = OrderedDict()
        self._last_us = 0
        self._bad = 0
        self._strict = strict
        self._damaged_us: int | None = None
        """Since when pictures may be built on what is damaged; None while they are sound."""
        self._sound_from: int | None = None
        """PTS of the keyframe that ends this."""

    def damaged(self) -> None:
        """What comes next may be built on something that is missing."""
        if self._strict:
            if self._damaged_us is None:
                self._damaged_us = self._last_us
            self._sound_from = None

    def decode(self, packet: Packet) -> Sequence[Frame]:
        """The frames that this packet completes.

        Raises:
            SourceLost, SourceRefused: nothing usable came of the last few hundred packets.
        """
        return [self._frame(*sound) for sound in self._take(self._put(packet))]

    def skip(self, packet: Packet) -> int:
        """The same where nobody is going to look at them; how many there are."""
        return len(self._take(self._put(packet)))

    def flush(self) -> Sequence[Frame]:
        """The frames that are still inside; what comes next begins with a keyframe.

        A camera that rests keeps no pictures: its decoder is given up for a new one. That of a
        turned recording is not, since only the container says how it is turned.
        """
        frames = [self._frame(*sound) for sound in self._take(None)]
        self._rests += 1
        due = self._taken > _FEW or self._rests >= _OFTEN
        if (fresh := renewed(self._context) if due and not self._turned else None) is not None:
            self._context = _prepared(fresh)
            self._rests = 0
        else:
            self._context.flush_buffers()
        self._taken = 0
        return frames

    def _put(self, packet: Packet) -> "av.Packet[av.VideoStream]":
        """What the decoder is given; when it was made is remembered."""
        self._times[packet.pts] = self._last_us = packet.at_us
        while len(self._times) > _REMEMBERED:
            self._times.popitem(last=False)
        if self._damaged_us is not None and packet.is_keyframe:
            self._sound_from = packet.pts
        self._taken += 1
        return decodable(packet)

    def _take(self, packet: "av.Packet[av.VideoStream] | None") -> list[_Sound]:
        """The sound pictures that come out, none that is damaged."""
        try:
            pictures = self._context.decode(packet)
        except (av.FFmpegError, MemoryError):
            self._stats.decode_errors += 1
            pictures = []
            self.damaged()
        sound = [each for picture in pictures if (each := self._checked(picture)) is not None]
        self._bad = 0 if sound else self._bad + 1
        if self._bad >= MOST_BAD:
            self._bad = 0
            raise self._give_up(f"nothing usable in the last {MOST_BAD} packets of video")
        return sound

    def _checked(self, picture: VideoFrame) -> _Sound | None:
        """Count it, and say when it was made; None where it is damaged."""
        size = (picture.width, picture.height)
        if picture.is_corrupt or not sane_size(*size):
            self._stats.damaged_frames += 1
            self.damaged()
            return None
        at_us = self._time_of(picture)
        if self._damaged_us is not None and not self._recovered(picture.pts, at_us):
            self._stats.damaged_frames += 1
            return None
        if size != self._size:
            self._stats.size_changes += 1
            self._size = size
            self._on_size(*size)
        self._stats.frames += 1
        return picture, self._stats.frames, at_us

    def _frame(self, picture: VideoFrame, number: int, at_us: int) -> Frame:
        y, u, v = planes(picture, self._reformatter)
        self._turned = picture.rotation != 0
        return Frame(
            camera_id=self._camera_id,
            number=number,
            at_us=at_us,
            y=y,
            u=u,
            v=v,
            matrix=matrix_of(picture),
        )

    def _recovered(self, pts: int | None, at_us: int) -> bool:
        sound = self._sound_from is not None and pts is not None and pts >= self._sound_from
        dark_us = at_us - (self._damaged_us or 0)
        if sound or not 0 <= dark_us < MOST_DARK_S * 1e6:
            self._damaged_us = self._sound_from = None
        return self._damaged_us is None

    def _time_of(self, picture: VideoFrame) -> int:
        if picture.pts is None:
            return self._last_us
        return self._times.pop(picture.pts, self._last_us)


def _prepared(context: VideoCodecContext) -> VideoCodecContext:
    """One thread, and no picture that is larger than any camera's."""
    context.thread_count = 1
    context.options = {**context.options, **DECODER_OPTIONS}
    return context
