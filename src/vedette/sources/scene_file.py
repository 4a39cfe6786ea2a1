"""Encodes a simulated scene: packet by packet for the simulator, or into a video file."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from vedette.contracts.frame import U8
from vedette.kit.pixels import planes_from_bgr
from vedette.sources.draw_scene import Painter
from vedette.sources.scene import Scene

GOP_S = 2.0

_OPTIONS = {
    "libvpx-vp9": {
        "deadline": "realtime",
        "cpu-used": "8",
        "lag-in-frames": "0",
        "error-resilient": "0",
        "crf": "34",
        "b": "0",
    },
}


def encoder(scene: Scene, codec: str, options: dict[str, str] | None = None) -> VideoCodecContext:
    """An encoder as in an IP camera: one thread, no B frames, a keyframe every two seconds."""
    context = av.CodecContext.create(codec, "w")
    if not isinstance(context, VideoCodecContext):
        raise TypeError(f"{codec} does not encode video")
    context.width, context.height = scene.width, scene.height
    context.pix_fmt = "yuv420p"
    _say_colours(context)
    context.time_base = Fraction(1, scene.fps)
    context.framerate = Fraction(scene.fps)
    context.gop_size = max(1, round(GOP_S * scene.fps))
    context.max_b_frames = 0
    context.thread_count = 1
    context.options = {**_OPTIONS.get(codec, {}), **(options or {})}
    return context


def _say_colours(context: VideoCodecContext) -> None:
    """BT.601, whatever the size: so `planes_from_bgr` makes them."""
    context.colorspace, context.color_range = Colorspace.ITU601, ColorRange.MPEG


def picture(bgr: U8, number: int, time_base: Fraction) -> VideoFrame:
    """A frame for the encoder."""
    y, u, v = planes_from_bgr(bgr)
    sheet = np.concatenate((y.ravel(), u.ravel(), v.ravel())).reshape(-1, y.shape[1])
    frame = VideoFrame.from_ndarray(sheet, format="yuv420p")
    frame.pts, frame.time_base = number, time_base
    frame.colorspace, frame.color_range = Colorspace.ITU601, ColorRange.MPEG
    return frame


def encoded(scene: Scene, codec: str, *, endless: bool = False) -> "Iterator[av.Packet[Any]]":
    """The packets of a scene; PTS counts frames."""
    painter, context = Painter(scene), encoder(scene, codec)
    number = 0
    while endless or number < scene.frames:
        yield from context.encode(picture(painter.paint(number), number, context.time_base))
        number += 1
    yield from context.encode(None)


def render_scene(
    scene: Scene,
    path: Path,
    *,
    codec: str = "libvpx-vp9",
    options: dict[str, str] | None = None,
    gop_s: float = GOP_S,
) -> None:
    """Write a scene as a video file; the container follows from the file's extension.

    Args:
        codec: FFmpeg's name of the encoder.
        options: of the encoder.
        gop_s: seconds between keyframes.
    """
    painter = Painter(scene)
    muxing = {"fflags": "+bitexact"}
    with av.open(f"file:{path.absolute()}", "w", container_options=muxing) as writer:
        stream = writer.add_stream(codec, rate=scene.fps)
        if not isinstance(stream, av.VideoStream):
            raise TypeError(f"{codec} does not encode video")
        stream.width, stream.height, stream.pix_fmt = scene.width, scene.height, "yuv420p"
        context = stream.codec_context
        context.time_base = Fraction(1, scene.fps)
        context.gop_size = max(1, round(gop_s * scene.fps))
        context.max_b_frames = 0
        context.thread_count = 1
        context.options = {**_OPTIONS.get(codec, {}), **(options or {})}
        _say_colours(context)
        for number in range(scene.frames):
            bgr = painter.paint(number)
            writer.mux(stream.encode(picture(bgr, number, context.time_base)))
        writer.mux(stream.encode(None))
