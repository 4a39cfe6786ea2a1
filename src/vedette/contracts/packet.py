"""Compressed video as it came from the camera: kept, copied and cut without decoding."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One access unit."""

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
