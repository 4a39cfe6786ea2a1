"""Copies packets of video and sound into containers, never touching their content."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
from av.container.output import OutputContainer

from vedette.contracts.errors import StorageFailed
from vedette.contracts.packet import AudioInfo, Packet, StreamInfo

_APPLE_TAG = {"hevc": "hvc1"}
"""Without it, Safari and QuickTime do not play HEVC in MP4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrap:
    """A container format."""

    format: str
    extension: str
    media_type: str
    sound: bool = True
    """False where the container takes the video but not the sound: that is left out."""
    options: Mapping[str, str] | None = None
    """What the muxer always needs for it."""

    @property
    def fragments(self) -> bool:
        """True for MP4, whose fragments `fragments.py` reads; False for Matroska."""
        return self.extension == ".mp4"


MP4 = Wrap(format="mp4", extension=".mp4", media_type="video/mp4")
MOV = Wrap(format="mov", extension=".mp4", media_type="video/mp4", options={"brand": "isom"})
"""QuickTime's flavour of the same format, which takes G.711 as it comes from cameras: players show
the video, and play the sound where they know it (see docs/adr/0024)."""
MKV = Wrap(format="matroska", extension=".mkv", media_type="video/x-matroska")
MUTE_MP4 = Wrap(format="mp4", extension=".mp4", media_type="video/mp4", sound=False)
MUTE_MKV = Wrap(format="matroska", extension=".mkv", media_type="video/x-matroska", sound=False)


class Output(Protocol):
    """Takes bytes in order; what it raises comes out of the muxer."""

    def write(self, data: bytes) -> int: ...


def wrap_for(info: StreamInfo) -> Wrap:
    """MP4 where it takes the codecs, else Matroska, which takes nearly all.

    Sound that no container takes together with this video is left out.
    """
    sound = info.audio
    wraps = (MP4, MOV, MKV, MUTE_MP4, MUTE_MKV) if sound else (MP4, MKV)
    key = (info.codec, sound.codec if sound else "")
    if key not in _chosen:
        _chosen[key] = next((w for w in wraps if _takes(w, info)), wraps[-1])
    return _chosen[key]


_chosen: dict[tuple[str, str], Wrap] = {}
"""The answers so far, by codecs, of which FFmpeg knows a few hundred."""


def _takes(wrap: Wrap, info: StreamInfo) -> bool:
    probe = av.open(Path("unwritten").name, "w", format=wrap.format)
    try:
        probe.add_stream_from_template(info.template, opaque=True)
        if info.audio and wrap.sound:
            probe.add_stream_from_template(info.audio.template, opaque=True)
    except (ValueError, av.FFmpegError):
        return False
    return True


class Muxer:
    """Writes one stream of video, and its sound, into a file or an `Output`.

    Every failure is a StorageFailed with a sentence; its cause is the error of the system.
    """

    def __init__(
        self,
        out: Path | Output,
        info: StreamInfo,
        wrap: Wrap,
        *,
        options: Mapping[str, str],
        note: str = "",
    ) -> None:
        """Create the file; its head is written with the first packet, or by `begin`.

        Args:
            out: a path, or something that takes the bytes in order.
            options: of the muxer, such as `movflags`.
            note: kept in the file's comment.
        """
        self.name = str(out) if isinstance(out, Path) else str(getattr(out, "name", "a stream"))
        self._container, self._video, self._audio = _create(out, self.name, info, wrap, options)
        self._video_base = info.time_base
        self._audio_base = info.audio.time_base if info.audio else info.time_base
        if note:
            self._container.metadata["comment"] = note
        self._done = False

    @property
    def sound(self) -> bool:
        """True where packets of sound are written; else they are left out."""
        return self._audio is not None

    def begin(self) -> None:
        """Write the head now."""
        try:
            self._container.start_encoding()
        except (av.FFmpegError, OSError, ValueError) as error:
            raise self._failed(error) from error

    def write(self, packet: Packet, *, pts: int, dts: int, duration: int | None = None) -> None:
        """Append a packet with these times, in ticks of its stream.

        Args:
            duration: where it is not the packet's own.
        """
        stream = self._audio if packet.is_audio else self._video
        if stream is None:
            return
        raw = av.Packet(len(packet.data))
        raw.update(packet.data)
        raw.pts, raw.dts = pts, dts
        raw.duration = packet.duration if duration is None else duration
        raw.time_base = self._audio_base if packet.is_audio else self._video_base
        raw.is_keyframe = packet.is_keyframe or packet.is_audio
        raw.stream = stream
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
        return StorageFailed(f"{self.name} could not be written: {why}")


def _create(
    out: Path | Output, name: str, info: StreamInfo, wrap: Wrap, options: Mapping[str, str]
) -> tuple[OutputContainer, Any, Any]:
    target: Any = f"file:{out.absolute()}" if isinstance(out, Path) else out
    every = {"fflags": "+bitexact", "max_interleave_delta": "500000"}
    audio: Any = None
    try:
        container = av.open(
            target,
            "w",
            format=wrap.format,
            container_options={**every, **(wrap.options or {}), **options},
        )
        video = container.add_stream_from_template(info.template, opaque=True)
        video.time_base = info.time_base
        if wrap.fragments and info.codec in _APPLE_TAG:
            video.codec_context.codec_tag = _APPLE_TAG[info.codec]
        if info.audio and wrap.sound:
            audio = container.add_stream_from_template(info.audio.template, opaque=True)
            audio.time_base = info.audio.time_base
    except (av.FFmpegError, OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise StorageFailed(f"{name} could not be made: {why}") from error
    return container, video, audio


class NoPicture(StorageFailed):
    """There is not one whole picture in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The packets of a finished or half-written file."""

    container: av.container.InputContainer
    video: Any
    audio: Any
    """None where there is no sound."""
    note: str

    @property
    def info(self) -> StreamInfo:
        """Format of the packets; of use while the file is open."""
        video, audio = self.video, self.audio
        return StreamInfo(
            codec=video.codec_context.codec.canonical_name,
            width=video.width,
            height=video.height,
            time_base=_base(video),
            frame_rate=float(video.average_rate or 0),
            template=video,
            audio=None
            if audio is None
            else AudioInfo(
                codec=audio.codec_context.codec.canonical_name,
                sample_rate=audio.sample_rate,
                channels=audio.channels,
                time_base=_base(audio),
                template=audio,
            ),
        )

    def packets(self) -> Iterator[Packet]:
        """Whole packets, as far as they go; the torn end of a half-written file is left out."""
        streams = [stream for stream in (self.video, self.audio) if stream is not None]
        try:
            for raw in self.container.demux(streams):
                if raw.size == 0 or raw.is_corrupt or raw.pts is None:
                    continue
                is_audio = raw.stream is self.audio
                yield Packet(
                    data=bytes(raw),
                    pts=raw.pts,
                    dts=raw.pts if raw.dts is None else raw.dts,
                    duration=raw.duration or 0,
                    is_keyframe=raw.is_keyframe and not is_audio,
                    at_us=0,
                    is_audio=is_audio,
                )
        except av.FFmpegError:
            return


def _base(stream: Any) -> Fraction:
    base: Fraction = stream.time_base or Fraction(1, 1000)
    return base


def open_written(path: Path) -> Reader:
    """Open what a Muxer wrote.

    Raises:
        NoPicture: it holds no video (yet).
        StorageFailed: it cannot be read.
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
        kind = NoPicture if _readable(path) else StorageFailed  # libav calls a torn file an EIO
        raise kind(f"{path} could not be read back: {why}") from error
    video, audio = container.streams.video, container.streams.audio
    if not video or video[0].codec_context is None:  # a torn file may name no codec
        container.close()
        raise NoPicture(f"{path} could not be read back: it holds no video")
    note = container.metadata.get("comment", container.metadata.get("COMMENT", ""))
    heard = audio[0] if audio and audio[0].codec_context is not None else None
    return Reader(container=container, video=video[0], audio=heard, note=note)


def _readable(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError:
        return False
    return True
