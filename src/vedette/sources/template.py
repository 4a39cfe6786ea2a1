"""Keeps a stream's codec parameters for muxers, beyond the life of its container."""

import io
from typing import Any

import av
from av.audio.stream import AudioStream
from av.video.stream import VideoStream


def keep_parameters(stream: VideoStream | AudioStream) -> Any:
    """A copy of a stream's codec parameters that outlives its container.

    libav frees the demuxer's stream when the container is closed; a clip may still need it. The
    copy is the stream of a muxer that never writes.

    Raises:
        ValueError: Matroska, which takes nearly everything, does not take this codec.
    """
    holder = av.open(io.BytesIO(), "w", format="matroska")
    return holder.add_stream_from_template(stream, opaque=True)
