"""Notices that the format changes within a stream, before the first packet of the new one goes on.

A muxer takes size and parameter sets from `StreamInfo`; they must be those of the packets. Cameras
put the parameter sets before keyframes; the demuxer knows only those of the beginning. What they
mean is read by libav's own demuxers from that one packet.
"""

import io
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

import av

from vedette.contracts.packet import StreamInfo
from vedette.sources.decode import DECODER_OPTIONS
from vedette.sources.nal import is_annex_b, jpeg_size, parameter_sets
from vedette.sources.planes import sane_size
from vedette.sources.template import keep_parameters

_OTHER = {"h264": "hevc", "hevc": "h264"}
_REMEMBERED = 4
"""Formats that a camera may switch between without being looked at anew each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What one packet says of its format."""

    codec: str
    width: int
    height: int
    template: Any


class FormatWatch:
    """Looks at each packet of one stream."""

    def __init__(self, info: StreamInfo) -> None:
        self._codec = info.codec
        self._size = (info.width, info.height)
        extradata = bytes(info.template.codec_context.extradata or b"")
        self._by_length = bool(extradata) and not is_annex_b(extradata)
        """Units have lengths, not start codes: a recording, whose format stands in its head."""
        self._sps = set(parameter_sets(extradata, info.codec).sps)
        self._known: OrderedDict[Any, Learned | None] = OrderedDict()

    @property
    def says_size(self) -> bool:
        """True where packets say how large their pictures are."""
        return not self._by_length and (self._codec == "mjpeg" or self._codec in _OTHER)

    def look(self, data: bytes, info: StreamInfo, *, is_keyframe: bool) -> StreamInfo | None:
        """The format from this packet on: `info` itself where nothing changed, None where the
        packet claims what is not possible."""
        if not is_keyframe or self._by_length:
            return info
        if self._codec == "mjpeg":
            return self._look_at_jpeg(data, info)
        if self._codec in _OTHER:
            return self._look_at_sets(data, info)
        return info

    def _look_at_jpeg(self, data: bytes, info: StreamInfo) -> StreamInfo | None:
        size = jpeg_size(data)
        if size is None or size == self._size:
            return info
        learned = self._learn(size, data, "mjpeg")
        return None if learned is None else self._changed(info, learned)

    def _look_at_sets(self, data: bytes, info: StreamInfo) -> StreamInfo | None:
        found = parameter_sets(data, self._codec)
        codec = self._codec
        if not found.sps:
            other = parameter_sets(data, _OTHER[codec])
            if not other.complete:
                return info
            codec, found = _OTHER[codec], other
        if codec == self._codec and self._sps.issuperset(found.sps):
            return info
        learned = self._learn((codec, found.sps), data, codec)
        if learned is None:
            return None
        self._sps = set(found.sps)
        return self._changed(info, learned)

    def _changed(self, info: StreamInfo, learned: Learned) -> StreamInfo:
        self._codec, self._size = learned.codec, (learned.width, learned.height)
        return replace(
            info,
            codec=learned.codec,
            width=learned.width,
            height=learned.height,
            template=learned.template,
        )

    def _learn(self, key: Any, data: bytes, codec: str) -> Learned | None:
        if key in self._known:
            self._known.move_to_end(key)
        else:
            self._known[key] = learn(data, codec)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return self._known[key]


def learn(data: bytes, codec: str) -> Learned | None:
    """The format of one keyframe with its parameter sets; None where it cannot be decoded here.

    Args:
        data: Annex B for H.264 and HEVC, a whole picture for MJPEG.
        codec: libav's name of the codec, which is that of its demuxer as well.
    """
    try:
        with av.open(io.BytesIO(data), format=codec, options=DECODER_OPTIONS) as container:
            stream = container.streams.video[0]
            if stream.codec_context is None or not sane_size(stream.width, stream.height):
                return None
            return Learned(
                codec=stream.codec_context.codec.canonical_name,
                width=stream.width,
                height=stream.height,
                template=keep_parameters(stream),
            )
    except (av.FFmpegError, ValueError, IndexError):
        return None


def same_format(one: StreamInfo, other: StreamInfo) -> bool:
    """True where one muxer and one decoder can go on from one to the other."""
    return _format(one) == _format(other)


def _format(info: StreamInfo) -> tuple[object, ...]:
    audio = info.audio
    return (
        *(info.codec, info.width, info.height, info.time_base),
        bytes(info.template.codec_context.extradata or b""),
        audio and (audio.codec, audio.sample_rate, audio.channels, audio.time_base),
    )
