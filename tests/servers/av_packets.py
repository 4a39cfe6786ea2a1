"""Packets as cameras send them, with sound and with a number burnt into each picture."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from vedette.contracts.packet import AudioInfo, Packet, StreamInfo

BITS = 16
SECOND = 1_000_000
START_US = 1_767_268_800 * SECOND
"""2026-01-01 12:00:00 UTC."""

_QUICK = {
    "libx264": {"preset": "ultrafast", "tune": "zerolatency"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:bframes=0"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """What one camera sent."""

    info: StreamInfo
    packets: tuple[Packet, ...]
    """Video and sound, in the order in which they arrive."""

    @property
    def video(self) -> tuple[Packet, ...]:
        return tuple(p for p in self.packets if not p.is_audio)

    @property
    def sound(self) -> tuple[Packet, ...]:
        return tuple(p for p in self.packets if p.is_audio)

    @property
    def sound_base_s(self) -> float:
        """Seconds of one tick of sound."""
        return float(self.info.audio.time_base) if self.info.audio else 0.0


def footage(
    *,
    codec: str = "libx264",
    sound: str | None = None,
    seconds: float = 4.0,
    fps: int = 10,
    gop: int = 10,
    size: tuple[int, int] = (320, 180),
    start_us: int = START_US,
    b_frames: int = 0,
    container: str | None = None,
) -> Footage:
    """Encode numbered pictures, and a tone where sound is wanted.

    Args:
        sound: aac, pcm_alaw, libopus ...; None for a silent camera.
        container: what the packets travel in: `mpegts` for start codes instead of lengths.
    """
    chosen = container or ("mov" if sound and sound.startswith("pcm_") else "mp4")
    file = io.BytesIO()
    with av.open(file, "w", format=chosen) as writer:
        _encode(writer, codec, sound, seconds, fps, gop, size, b_frames)
    return _read(file, start_us)


def numbered(number: int, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """A grey picture with `number` as 16 dark and bright blocks across its upper half."""
    width, height = size
    picture = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    picture[: height // 2] = 16
    for bit in range(BITS):
        if number >> bit & 1:
            picture[: height // 2, bit * width // BITS : (bit + 1) * width // BITS] = 235
    return picture


def number_of(frame: av.VideoFrame) -> int:
    """The number that a decoded picture shows."""
    luma = np.asarray(frame.reformat(format="gray8").to_ndarray(), dtype=np.uint8)
    height, width = luma.shape
    strip = luma[height // 8 : height * 3 // 8]
    found = 0
    for bit in range(BITS):
        middle = (2 * bit + 1) * width // (2 * BITS)
        found |= int(strip[:, middle - 3 : middle + 3].mean() > 128) << bit
    return found


def numbers_of(file: Any, **options: str) -> list[int]:
    """The numbers that a player shows, in order."""
    with av.open(file, options=options) as reader:
        return [number_of(frame) for frame in reader.decode(video=0)]


def _encode(
    writer: av.container.OutputContainer,
    codec: str,
    sound: str | None,
    seconds: float,
    fps: int,
    gop: int,
    size: tuple[int, int],
    b_frames: int,
) -> None:
    quick = dict(_QUICK.get(codec, {}))
    if b_frames and codec == "libx264":
        quick = {"preset": "veryfast", "x264-params": f"b-adapt=0:bframes={b_frames}"}
    video: Any = writer.add_stream(codec, rate=fps, options=quick)
    video.width, video.height = size
    video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    video.time_base = Fraction(1, fps)
    video.codec_context.gop_size = gop
    video.codec_context.max_b_frames = b_frames
    audio: Any = None
    if sound is not None:
        rate = 8000 if sound.startswith("pcm_") else 48000
        audio = writer.add_stream(sound, rate=rate, layout="mono")
    tone_at = 0
    for number in range(round(seconds * fps)):
        frame = av.VideoFrame.from_ndarray(numbered(number, size), format="yuv420p")
        frame = frame.reformat(format=video.pix_fmt)
        frame.pts, frame.time_base = number, Fraction(1, fps)
        if number % gop == 0 and not b_frames:
            frame.pict_type = av.video.frame.PictureType.I
        writer.mux(video.encode(frame))
        if audio is not None:
            tone_at = _sing(writer, audio, tone_at, (number + 1) / fps)
    writer.mux(video.encode(None))
    if audio is not None:
        writer.mux(audio.encode(None))


def _sing(writer: Any, audio: Any, tone_at: int, until_s: float) -> int:
    """Encode a rising tone up to a time, in pieces of 20 ms or of the codec's own length."""
    rate = audio.rate
    step = audio.codec_context.frame_size or rate // 50
    while tone_at / rate < until_s:
        times = (np.arange(step) + tone_at) / rate
        wave = (8000 * np.sin(2 * np.pi * (300 + 40 * times) * times)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, tone_at, Fraction(1, rate)
        writer.mux(audio.encode(frame))
        tone_at += step
    return tone_at


def _read(file: io.BytesIO, start_us: int) -> Footage:
    file.seek(0)
    with av.open(file) as reader:
        video: Any = reader.streams.video[0]
        audio: Any = reader.streams.audio[0] if reader.streams.audio else None
        heard = audio and AudioInfo(
            codec=audio.codec_context.codec.canonical_name,
            sample_rate=audio.sample_rate,
            channels=audio.channels,
            time_base=audio.time_base,
            template=_kept(audio),
        )
        info = StreamInfo(
            codec=video.codec_context.codec.canonical_name,
            width=video.width,
            height=video.height,
            time_base=video.time_base,
            frame_rate=float(video.average_rate or 0),
            template=_kept(video),
            audio=heard,
        )
        return Footage(info=info, packets=tuple(_packets(reader, start_us)))


def _packets(reader: Any, start_us: int) -> Iterator[Packet]:
    zero: Fraction | None = None
    for raw in reader.demux():
        if raw.size == 0 or raw.pts is None:
            continue
        is_audio = raw.stream.type == "audio"
        at = raw.pts * raw.time_base
        if zero is None and not is_audio:
            zero = at
        yield Packet(
            data=bytes(raw),
            pts=raw.pts,
            dts=raw.dts,
            duration=raw.duration or 0,
            is_keyframe=raw.is_keyframe and not is_audio,
            at_us=start_us + round((at - (zero or 0)) * SECOND),
            is_audio=is_audio,
        )


def _kept(stream: Any) -> Any:
    """Codec parameters that outlive their container."""
    holder = av.open(io.BytesIO(), "w", format="nut")
    return holder.add_stream_from_template(stream, opaque=True)
