"""Opens a container with libav, safely and within a time limit, and says in words what failed."""

import errno
from dataclasses import dataclass, field, replace
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container.input import InputContainer
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

from vedette.contracts.errors import SourceLost, SourceRefused, VedetteError
from vedette.contracts.packet import AudioInfo, StreamInfo
from vedette.kit.clock import Clock
from vedette.sources.aac import AacEncoder, is_taken_by_mp4
from vedette.sources.address import Address
from vedette.sources.decode import DECODER_OPTIONS
from vedette.sources.planes import sane_size
from vedette.sources.template import keep_parameters

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,obu,ivf,av1,"
    "flv,asf,ogg,nut,mxf,rm,dv,dhav,wtv,mjpeg,mpjpeg,yuv4mpegpipe,gif,vc1,wav,mp3,aac,flac"
)
"""Containers of video, and of audio, so that we can say that there is no video in it. Not among
them: playlists (hls, concat, dash, sdp), which open others."""

_LEAST_S = 0.5
"""A second attempt gets at least this long."""
_PATIENT = {"analyzeduration": "5000000", "probesize": "5000000"}


class Unreachable(SourceLost):
    """There is no connection: trying in another way is useless."""


class Denied(SourceRefused):
    """Wrong user name or password: trying in another way is useless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What to open, and how."""

    address: Address
    format: str | None = None
    """Of the container; absent: its content decides."""
    options: dict[str, str] = field(default_factory=dict)
    """For libav: transport, whitelists, how much to read before the format is taken as known."""
    open_s: float = 10.0
    read_s: float = 10.0
    remote: bool = True
    """On a network, where trying again may help."""
    audio: bool = False
    """Its sound is wanted."""
    lossy: bool = False
    """What was sent may not arrive (UDP)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An open container and its video stream, with the sound where that is wanted."""

    container: InputContainer
    stream: VideoStream
    info: StreamInfo
    sound: AudioStream | None = None
    encoder: AacEncoder | None = None
    """Where the sound cannot be copied as it is."""
    notes: tuple[str, ...] = ()
    """What is not as it should be, and was left out."""


def open_video(target: Target, *, clock: Clock, limit_s: float | None = None) -> Opened:
    """Open the container and choose its video stream.

    Args:
        limit_s: all of it takes no longer than this; absent, `target.open_s`.
    Raises:
        SourceLost: it cannot be reached now.
        SourceRefused: there is no video that can be read.
    """
    limit_s = target.open_s if limit_s is None else limit_s
    until_s = clock.monotonic() + limit_s
    # libav takes its limit twice: to connect, and to find out the format.
    opened = _open(target, limit_s / 2, clock)
    if opened.stream.codec_context is not None and opened.stream.width == 0:
        opened.container.close()  # a camera that was joined between two keyframes
        patient = replace(target, options={**target.options, **_PATIENT})
        opened = _open(patient, max(_LEAST_S, (until_s - clock.monotonic()) / 2), clock)
    width, height = opened.info.width, opened.info.height
    if not sane_size(width, height):
        opened.container.close()
        raise SourceRefused(
            f"{target.address}: pictures of {width}x{height} are not possible; the file is damaged"
            if width and height
            else f"{target.address}: the size of the picture cannot be found out"
        )
    return opened


def _open(target: Target, limit_s: float, clock: Clock) -> Opened:
    failure: av.FFmpegError | None = None
    began_s = clock.monotonic()
    try:
        container = av.open(
            target.address.url,
            mode="r",
            format=target.format,
            options={**DECODER_OPTIONS, **target.options},
            timeout=(limit_s, target.read_s),
            metadata_errors="replace",
        )
    except av.FFmpegError as error:
        failure = error
    if failure is not None and clock.monotonic() - began_s >= limit_s and target.remote:
        raise Unreachable(_late(target, target.open_s))
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
    info = _info(container, stream)
    opened = Opened(container=container, stream=stream, info=info)
    if target.audio and container.streams.audio:
        opened = _with_sound(opened, target)
    for other in container.streams:
        if other.index not in {stream.index, opened.sound and opened.sound.index}:
            other.discard = Discard.all
    return opened


def _with_sound(opened: Opened, target: Target) -> Opened:
    """The first stream of sound that can be kept, or a note why there is none."""
    why = ""
    for stream in opened.container.streams.audio:
        context = stream.codec_context
        if context is None:
            why = "its codec is not known here"
        elif not context.sample_rate or not context.channels:
            why = "it does not say its rate or its channels"
        elif is_taken_by_mp4(stream):
            info = replace(opened.info, audio=_sound_info(stream))
            return replace(opened, sound=stream, info=info)
        else:
            try:
                encoder = AacEncoder(stream)
            except (ValueError, av.FFmpegError) as error:
                why = f"{context.name} cannot be turned into AAC ({error})"
            else:
                info = replace(opened.info, audio=encoder.info)
                return replace(opened, sound=stream, encoder=encoder, info=info)
    return replace(opened, notes=(f"{target.address}: its sound is left out: {why}",))


def _sound_info(stream: AudioStream) -> AudioInfo:
    return AudioInfo(
        codec=stream.codec_context.codec.canonical_name,
        sample_rate=stream.codec_context.sample_rate,
        channels=stream.codec_context.channels,
        time_base=stream.time_base or Fraction(1, stream.codec_context.sample_rate),
        template=keep_parameters(stream),
    )


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


def explain(error: av.FFmpegError, target: Target, *, doing: str = "open") -> VedetteError:
    """Our error for libav's: a sentence without secrets, and whether to try again."""
    if target.remote and not isinstance(error, _FINAL):
        kind = Unreachable if isinstance(error, _UNREACHABLE) or error.errno in _CUT else SourceLost
        return kind(target.address.scrub(_remote_sentence(error, target, doing)))
    sentence = target.address.scrub(_final_sentence(error, target, doing))
    return Denied(sentence) if isinstance(error, _DENIED) else SourceRefused(sentence)


_UNREACHABLE = (av.ConnectionRefusedError, av.ConnectionResetError, av.TimeoutError, av.ExitError)
_CUT = {errno.EIO, errno.EHOSTUNREACH, errno.ENETUNREACH}
_DENIED = (av.HTTPUnauthorizedError, av.HTTPForbiddenError)


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
    if isinstance(error, _DENIED):
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
        return _late(target, target.open_s if doing == "open" else target.read_s)
    if doing == "open":
        return f"{where} cannot be opened ({_words(error)})"
    return f"{where} stopped sending ({_words(error)})"


def _late(target: Target, limit_s: float) -> str:
    return f"{target.address} did not answer in time (the limit is {limit_s:g} s)"


def _words(error: av.FFmpegError) -> str:
    """libav's fixed text for the kind of error; never its message, which repeats the URL."""
    if isinstance(error, av.ArgumentError):  # what a whitelist of formats answers
        return "not a kind of video that is read here"
    if error.errno == errno.EPROTONOSUPPORT:
        return "it does not deliver over this transport; try another one"
    text = (error.strerror or type(error).__name__).strip().rstrip(".")
    return text[:1].lower() + text[1:]
