"""Turns uncompressed video (USB cameras) into JPEG pictures, so that it can be kept and copied."""

import threading
from collections.abc import Iterator
from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from vedette.contracts.errors import SourceRefused
from vedette.sources.container import Opened, Target, explain

_QUALITY = 4
"""Quantiser of libav's encoder: 2 is best, 31 worst."""


class RawShots:
    """The pictures of an open container. `next` belongs to one thread."""

    def __init__(self, target: Target, opened: Opened) -> None:
        self._target = target
        self._opened = opened
        self._encoder: VideoCodecContext | None = None
        self._reformatter = VideoReformatter()
        self._number = 0
        self._lock = threading.Lock()
        self._stopped = self._reading = False
        self._frames = self._decoded()

    def next(self) -> bytes | None:
        """See `Shots`."""
        with self._lock:
            if self._stopped:
                return None
            self._reading = True
        failure: av.FFmpegError | None = None
        try:
            frame = next(self._frames, None)
            return None if frame is None else self._encoded(frame)
        except av.FFmpegError as error:
            failure = error
        finally:
            with self._lock:
                self._reading = False
                if self._stopped:
                    self._opened.container.close()
        raise explain(failure, self._target, doing="read")

    def close(self) -> None:
        """While `next` waits, the connection goes when it returns."""
        with self._lock:
            self._stopped = True
            if not self._reading:
                self._opened.container.close()

    def _decoded(self) -> Iterator[VideoFrame]:
        stream = self._opened.stream
        for raw in self._opened.container.demux(stream):
            if raw.size > 0:
                yield from stream.codec_context.decode(raw)

    def _encoded(self, frame: VideoFrame) -> bytes | None:
        picture = self._reformatter.reformat(frame, format="yuvj420p", threads=1)
        picture.pts, picture.time_base = self._number, Fraction(1, 25)
        self._number += 1
        if self._encoder is None:
            self._encoder = _encoder(picture.width, picture.height)
        return b"".join(bytes(packet) for packet in self._encoder.encode(picture)) or None


def _encoder(width: int, height: int) -> VideoCodecContext:
    context = av.CodecContext.create("mjpeg", "w")
    if not isinstance(context, VideoCodecContext):
        raise SourceRefused("libav has no encoder for JPEG")
    context.width, context.height, context.pix_fmt = width, height, "yuvj420p"
    context.time_base = Fraction(1, 25)
    context.qmin = context.qmax = _QUALITY
    context.thread_count = 1
    return context
