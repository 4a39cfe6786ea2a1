"""Copies packets into containers, never touching their content."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container.output import OutputContainer

from vedette.contracts.errors import StorageFailed
from vedette.contracts.packet import Packet, StreamInfo

_APPLE_TAG = {"hevc": "hvc1"}
"""Without it, Safari and QuickTime do not play HEVC in MP4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrap:
    """A container format."""

    format: str
    extension: str
    media_type: str


MP4 = Wrap(format="mp4", extension=".mp4", media_type="video/mp4")
MKV = Wrap(format="matroska", extension=".mkv", media_type="video/x-matroska")


def wrap_for(info: StreamInfo) -> Wrap:
    """MP4 where it takes the codec, else Matroska, which takes nearly all."""
    probe = av.open(Path("unwritten.mp4").name, "w", format="mp4")
    try:
        probe.add_stream_from_template(info.template, opaque=True)
    except (ValueError, av.FFmpegError):
        return MKV
    return MP4


class Muxer:
    """Writes one video stream into a file. Every failure is a StorageFailed with a sentence."""

    def __init__(
        self,
        path: Path,
        info: StreamInfo,
        wrap: Wrap,
        *,
        options: dict[str, str],
        note: str = "",
    ) -> None:
        """Create the file.

        Args:
            options: of the muxer, such as `movflags`.
            note: kept in the file's comment.
        """
        self.path = path
        self._time_base = info.time_base
        self._container, self._stream = _create(path, info, wrap, options)
        if note:
            self._container.metadata["comment"] = note
        self._done = False

    def write(self, packet: Packet, *, pts: int, dts: int) -> None:
        """Append a packet with these times, in ticks of the stream."""
        raw = av.Packet(len(packet.data))
        raw.update(packet.data)
        raw.pts, raw.dts, raw.duration = pts, dts, packet.duration
        raw.time_base = self._time_base
        raw.is_keyframe = packet.is_keyframe
        raw.stream = self._stream
        try:
            self._container.mux_one(raw)
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Write the end of the file."""
        if self._done:
            return
        self._done = True
        try:
            self._container.close()
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> StorageFailed:
        why = getattr(error, "strerror", None) or error
        return StorageFailed(f"{self.path} could not be written: {why}")


def _create(
    path: Path, info: StreamInfo, wrap: Wrap, options: dict[str, str]
) -> tuple[OutputContainer, Any]:
    try:
        container = av.open(
            f"file:{path.absolute()}",
            "w",
            format=wrap.format,
            container_options={"fflags": "+bitexact", **options},
        )
        stream = container.add_stream_from_template(info.template, opaque=True)
        stream.time_base = info.time_base
        if wrap is MP4 and info.codec in _APPLE_TAG:
            stream.codec_context.codec_tag = _APPLE_TAG[info.codec]
    except (av.FFmpegError, OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise StorageFailed(f"{path} could not be made: {why}") from error
    return container, stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The packets of a finished or half-written file."""

    container: av.container.InputContainer
    stream: Any
    note: str

    @property
    def time_base(self) -> Fraction:
        return self.stream.time_base or Fraction(1, 1000)

    def packets(self) -> Iterator[Packet]:
        """Whole packets, as far as they go; the torn end of a half-written file is left out."""
        try:
            for raw in self.container.demux(self.stream):
                if raw.size == 0 or raw.is_corrupt or raw.pts is None:
                    continue
                yield Packet(
                    data=bytes(raw),
                    pts=raw.pts,
                    dts=raw.pts if raw.dts is None else raw.dts,
                    duration=raw.duration or 0,
                    is_keyframe=raw.is_keyframe,
                    at_us=0,
                )
        except av.FFmpegError:
            return


def open_written(path: Path) -> Reader:
    """Open what a Muxer wrote.

    Raises:
        StorageFailed: it holds no video (yet).
    """
    try:
        container = av.open(
            f"file:{path.absolute()}",
            "r",
            options={
                "protocol_whitelist": "file",
                "format_whitelist": "mov,mp4,matroska,webm",
                "probesize": "32",  # our own file: its header says all, nothing needs decoding
                "analyzeduration": "0",
            },
            metadata_errors="replace",
        )
    except (av.FFmpegError, OSError) as error:
        why = getattr(error, "strerror", None) or error
        raise StorageFailed(f"{path} could not be read back: {why}") from error
    video = container.streams.video
    if not video or video[0].codec_context is None:  # a torn file may name no codec
        container.close()
        raise StorageFailed(f"{path} could not be read back: it holds no video")
    note = container.metadata.get("comment", container.metadata.get("COMMENT", ""))
    return Reader(container=container, stream=container.streams.video[0], note=note)
