"""Videos as IP cameras make them, for tests: short groups of pictures, no B frames."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from vedette.sources.scene import Actor, Scene
from vedette.sources.scene_file import render_scene

WALKER = Actor(path=((0.0, 0.1, 0.6), (60.0, 0.9, 0.6)))


def camera_video(
    path: Path,
    *,
    codec: str = "libx264",
    fps: int = 30,
    duration_s: float = 2.0,
    gop_s: float = 0.4,
    size: tuple[int, int] = (320, 240),
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video of somebody walking; the container follows from the extension."""
    scene = Scene(width=size[0], height=size[1], fps=fps, duration_s=duration_s, actors=(WALKER,))
    quick = {"libx264": {"preset": "ultrafast"}, "libx265": {"preset": "ultrafast"}}
    if codec == "libx265":
        quick["libx265"]["x265-params"] = "log-level=none:bframes=0"
    chosen = {**quick.get(codec, {}), **(options or {})}
    render_scene(scene, path, codec=codec, options=chosen, gop_s=gop_s)
    return path


def film(source: Path, path: Path) -> None:
    """Forty frames with B frames at 10 frames a second, as no camera makes them."""
    with av.open(str(source)) as reader, av.open(str(path), "w") as writer:
        stream = writer.add_stream("libx264", rate=10, options={"preset": "fast", "bf": "3"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number, frame in enumerate(reader.decode(video=0)):
            if number == 40:
                break
            small = frame.reformat(320, 240, "yuv420p")
            small.pts, small.time_base = number, Fraction(1, 10)
            small.pict_type = av.video.frame.PictureType.NONE
            writer.mux(stream.encode(small))
        writer.mux(stream.encode(None))


def with_tone(video: Path, path: Path, *, seconds: float = 1.0) -> Path:
    """The same pictures with AAC beside them."""
    with av.open(str(video)) as reader, av.open(str(path), "w") as writer:
        source = reader.streams.video[0]
        pictures_out = writer.add_stream_from_template(source, opaque=True)
        tone_out = writer.add_stream("aac", rate=48_000, layout="mono")
        for raw in reader.demux(source):
            if raw.size:
                raw.stream = pictures_out
                writer.mux(raw)
        for number in range(round(seconds * 48_000 / 1024)):
            samples = np.zeros((1, 1024), dtype=np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 48_000, number * 1024
            writer.mux(tone_out.encode(frame))
        writer.mux(tone_out.encode(None))
    return path
