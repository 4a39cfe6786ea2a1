"""Opens a container with libav, safely and within a time limit, and says in words what failed."""

import io
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import av
from av.container.input import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from vedette.contracts.errors import SourceLost, SourceRefused, VedetteError
from vedette.contracts.packet import StreamInfo
from vedette.sources.address import Address
from vedette.sources.decode import DECODER_OPTIONS
from vedette.sources.planes import sane_size

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,obu,ivf,av1,"
    "flv,asf,ogg,nut,mxf,rm,dv,dhav,wtv,mjpeg,mpjpeg,yuv4mpegpipe,gif,vc1,wav,mp3,aac,flac"
)
"""Containers of video, and of audio, so that we can say that there is no video in it. Not among
them: playlists (hls, concat, dash, sdp), which open others."""

_PATIENT = {"analyzeduration": "5000000", "probesize": "5000000"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What to open, and how."""

    address: Address
    options: dict[str, str] = field(default_factory=dict)
    """For libav: transport, whitelists, how much to read before the format is taken as known."""
    open_s: float = 10.0
    read_s: float = 10.0
    remote: bool = True
    """On a network, where trying again may help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An open container and its video stream."""

    container: InputContainer
    stream: VideoStream
    info: StreamInfo


def open_video(target: Target) -> Opened:
    """Open the container and choose its video stream.

    Raises:
        SourceLost: it cannot be reached now.
        SourceRefused: there is no video that can be read.
    """
    opened = _open(target)
    if opened.stream.codec_context is not None and opened.stream.width == 0:
        opened.container.close()  # a camera that was joined between two keyframes
        opened = _open(replace(target, options={**target.options, **_PATIENT}))
    width, height = opened.info.width, opened.info.height
    if not sane_size(width, height):
        opened.container.close()
        raise SourceRefused(
            f"{target.address}: pictures of {width}x{height} are not possible; the file is damaged"
            if width and height
            else f"{target.address}: the size of the picture cannot be found out"
        )
    return opened


def _open(target: Target) -> Opened:
    failure: av.FFmpegError | None = None
    try:
        container = av.open(
            target.address.url,
            mode="r",
            options={**DECODER_OPTIONS, **target.options},
            timeout=(target.open_s, target.read_s),
            metadata_errors="replace",
        )
    except av.FFmpegError as error:
        failure = error
    if failure is not None:  # raised out here: libav's own error repeats the URL
        raise explain(failure, target)
    try:
        return _choose(container, target)
    except VedetteError:
        container.close()
        raise


def _choose(container: InputContainer, target: Target) -> Opened:
    """The largest video stream that is not a cover picture."""
    videos = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    if not videos:
        kinds = sorted({stream.type for stream in container.streams if stream.type != "video"})
        only = f", only {' and '.join(kinds)}" if kinds else ""
        raise SourceRefused(f"{target.address} has no video{only}")
    known = [stream for stream in videos if stream.codec_context is not None]
    if not known:
        raise SourceRefused(f"{target.address}: its video has a codec that is not known here")
    stream = max(known, key=lambda candidate: candidate.width * candidate.height)
    return Opened(container=container, stream=stream, info=_info(container, stream))


def _info(container: InputContainer, stream: VideoStream) -> StreamInfo:
    time_base = stream.time_base or Fraction(1, 90_000)
    ticks = stream.duration
    micros = container.duration
    seconds = float(ticks * time_base) if ticks else (micros or 0) / 1e6
    return StreamInfo(
        codec=stream.codec_context.codec.canonical_name,
        width=stream.width,
        height=stream.height,
        time_base=time_base,
        frame_rate=float(stream.average_rate or 0),
        frames=max(0, stream.frames),
        duration_s=max(0.0, seconds),
        template=keep_parameters(stream),
    )


def keep_parameters(stream: VideoStream) -> Any:
    """A copy of a stream's codec parameters that outlives its container.

    libav frees the demuxer's stream when the container is closed; a clip may still need it. The
    copy is the stream of a muxer that never writes.
    """
    holder = av.open(io.BytesIO(), "w", format="matroska")
    return holder.add_stream_from_template(stream, opaque=True)


def explain(error: av.FFmpegError, target: Target, *, doing: str = "open") -> VedetteError:
    """Our error for libav's: a sentence without secrets, and whether to try again."""
    if target.remote and not isinstance(error, _FINAL):
        return SourceLost(target.address.scrub(_remote_sentence(error, target, doing)))
    return SourceRefused(target.address.scrub(_final_sentence(error, target, doing)))


_FINAL = (
    av.HTTPUnauthorizedError,
    av.HTTPForbiddenError,
    av.HTTPNotFoundError,
    av.HTTPBadRequestError,
    av.DecoderNotFoundError,
    av.ProtocolNotFoundError,
)


def _final_sentence(error: av.FFmpegError, target: Target, doing: str) -> str:
    where, words = target.address, _words(error)
    if isinstance(error, av.HTTPUnauthorizedError | av.HTTPForbiddenError):
        return f"{where} refused the user name or password"
    if isinstance(error, av.HTTPNotFoundError | av.HTTPBadRequestError):
        return f"{where}: the server has nothing at this path ({words})"
    if isinstance(error, av.DecoderNotFoundError | av.ProtocolNotFoundError):
        return f"{where} needs what is not supported here ({words})"
    if doing == "open":
        return (
            f"{where} is not video that can be read: damaged, cut short, or another kind of file "
            f"({words})"
        )
    return f"{where} cannot be read further ({words})"


def _remote_sentence(error: av.FFmpegError, target: Target, doing: str) -> str:
    where = target.address
    if isinstance(error, av.ConnectionRefusedError):
        return f"{where} cannot be reached: nothing listens at that port"
    if isinstance(error, av.TimeoutError | av.ExitError):
        limit_s = target.open_s if doing == "open" else target.read_s
        return f"{where} did not answer within {limit_s:g} s"
    if doing == "open":
        return f"{where} cannot be opened ({_words(error)})"
    return f"{where} stopped sending ({_words(error)})"


def _words(error: av.FFmpegError) -> str:
    """libav's fixed text for the kind of error; never its message, which repeats the URL."""
    if isinstance(error, av.ArgumentError):  # what a whitelist of formats answers
        return "not a kind of video that is read here"
    text = (error.strerror or type(error).__name__).strip().rstrip(".")
    return text[:1].lower() + text[1:]
