"""Compressed video as it came from the camera: kept, copied and cut without decoding."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioInfo:
    """What a muxer needs to know of the sound that comes with the video."""

    codec: str
    """FFmpeg's name of the codec: aac, pcm_alaw, opus ..."""
    sample_rate: int
    channels: int
    time_base: Fraction
    """Seconds per tick of `Packet.pts` of audio packets."""
    template: Any = None
    """The demuxer's stream: a muxer copies codec parameters from it (opaque elsewhere)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """What a muxer and a person need to know of one video stream."""

    codec: str
    """FFmpeg's name of the codec: h264, hevc, vp9, mpeg4, mjpeg ..."""
    width: int
    height: int
    time_base: Fraction
    """Seconds per tick of `Packet.pts` and `Packet.dts`."""
    frame_rate: float
    """Frames per second that the container states; 0.0 where it states none."""
    frames: int = 0
    """Number of frames where the container knows it, else 0 (live)."""
    duration_s: float = 0.0
    """Length where the container knows it, else 0.0 (live)."""
    template: Any = None
    """The demuxer's stream: a muxer copies codec parameters from it (opaque elsewhere)."""
    audio: AudioInfo | None = None
    """The sound that comes with it; None where there is none or it is not wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One access unit of video, or a few milliseconds of sound."""

    data: bytes
    pts: int
    dts: int
    duration: int
    """Ticks; 0 where unknown."""
    is_keyframe: bool
    at_us: int
    """Presentation time mapped to UTC: microseconds since 1970."""
    origin: Any = None
    """The demuxer's own packet, for decoding (opaque elsewhere)."""
    is_audio: bool = False
    """Sound: `pts`, `dts` and `duration` count in `StreamInfo.audio.time_base`; each packet of it
    can be decoded alone, and none is a keyframe."""

    def bare(self) -> "Packet":
        """The same without `origin`: what is kept for a while, so that memory holds it once."""
        if self.origin is None:
            return self
        return Packet(  # `replace` takes three times as long, and this is done for every packet
            data=self.data,
            pts=self.pts,
            dts=self.dts,
            duration=self.duration,
            is_keyframe=self.is_keyframe,
            at_us=self.at_us,
            is_audio=self.is_audio,
        )


class PacketTap(Protocol):
    """Takes every packet of a camera: the recorder, a live viewer. Called in the camera's thread,
    so it must be quick."""

    def packet(self, info: StreamInfo, packet: Packet) -> None: ...

    def lost(self, cause: str) -> None:
        """No packet will follow before the camera is opened again; says why."""
        ...
