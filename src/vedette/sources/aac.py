"""Turns sound that MP4 does not take (G.711 and its kin, which many cameras send) into AAC.

Players in browsers know no G.711; a clip with it would be mute. Speech at 8 kHz costs next to
nothing to encode; AAC and Opus pass through untouched.
"""

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

from vedette.contracts.packet import AudioInfo
from vedette.sources.template import keep_parameters

_RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_BPS = 48_000
"""Bits a second of one channel."""
_FRAME = 1024


class Piece(NamedTuple):
    """A packet of AAC."""

    data: bytes
    pts: int | None
    """In ticks of the stream of sound."""
    duration: int


def is_taken_by_mp4(stream: AudioStream) -> bool:
    """True where this sound can be copied as it is."""
    try:
        holder = av.open(io.BytesIO(), "w", format="mp4")
        holder.add_stream_from_template(stream, opaque=True)
    except (ValueError, av.FFmpegError):
        return False
    return not stream.codec_context.name.startswith("pcm")


class AacEncoder:
    """Encodes one stream of sound. Belongs to one thread."""

    def __init__(self, stream: AudioStream) -> None:
        """
        Raises:
            ValueError: more than two channels, or a rate that is not possible.
        """
        context = stream.codec_context
        if context.channels > 2 or context.sample_rate > _RATES[-1]:
            raise ValueError(f"{context.channels} channels at {context.sample_rate} Hz")
        self._decoder = context
        self._rate = min(rate for rate in _RATES if rate >= context.sample_rate)
        self._layout = "mono" if context.channels == 1 else "stereo"
        self._resampler = AudioResampler(
            format="fltp", layout=self._layout, rate=self._rate, frame_size=_FRAME
        )
        self._encoder = self._new_encoder()
        self._first_pts: int | None = None
        self.info = AudioInfo(
            codec="aac",
            sample_rate=self._rate,
            channels=context.channels,
            time_base=Fraction(1, self._rate),
            template=self._template(),
        )

    def encode(self, raw: Any) -> Iterator[Piece]:
        """The AAC that one packet of the camera completes.

        Raises:
            av.FFmpegError: the packet is damaged.
        """
        for frame in self._decoder.decode(raw):
            for even in self._resampler.resample(frame):
                if self._first_pts is None:
                    self._first_pts = even.pts or 0
                for packet in self._encoder.encode(even):
                    if packet.pts is not None and packet.pts < self._first_pts:
                        continue  # what the encoder warms up with
                    yield Piece(bytes(packet), packet.pts, _FRAME)

    def _new_encoder(self) -> AudioCodecContext:
        encoder = av.CodecContext.create("aac", "w")
        encoder.sample_rate, encoder.layout, encoder.format = self._rate, self._layout, "fltp"
        encoder.bit_rate = _BPS * (1 if self._layout == "mono" else 2)
        encoder.time_base = Fraction(1, self._rate)
        return encoder

    def _template(self) -> Any:
        """Codec parameters for a muxer, as a demuxer finds them in a moment of silence."""
        memory = io.BytesIO()
        with av.open(memory, "w", format="matroska") as writer:
            stream = writer.add_stream("aac", rate=self._rate, layout=self._layout)
            frame = av.AudioFrame(format="fltp", layout=self._layout, samples=_FRAME)
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.sample_rate, frame.pts = self._rate, 0
            writer.mux(stream.encode(frame))
            writer.mux(stream.encode(None))
        memory.seek(0)
        with av.open(memory, "r") as reader:
            return keep_parameters(reader.streams.audio[0])
