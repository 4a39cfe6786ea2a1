"""Video for load tests: an empty street, with real people in it for one second in twenty."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

FPS = 10
GOP_S = 2
ROUND_S = 180
ACTIVE_S = 9
QUIET_S = 60
SIZE = (640, 360)


def street(
    source: Path,
    folder: Path,
    variants: int,
    *,
    round_s: int = ROUND_S,
    active_s: int = ACTIVE_S,
    quiet_s: int = 0,
) -> list[Path]:
    """Files of `round_s`; each is the same street, beginning at another moment.

    Args:
        source: video of people; its first seconds are played forward and back.
        folder: where they go; what lies there already is used again.
        variants: how many.
        round_s: until it begins anew.
        active_s: of this with people.
        quiet_s: of each round nobody is in any of them, which shows what processes need at rest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"street{number}.mp4" for number in range(variants)]
    if all(path.exists() for path in paths):
        return paths
    base = folder / "base.mp4"
    _encode(source, base, round_s, active_s)
    groups = _groups(base)
    apart = (round_s - quiet_s) // GOP_S / variants
    for number, path in enumerate(paths):
        first = int(number * apart)
        _write(base, path, groups[first:] + groups[:first])
    base.unlink()
    return paths


def repeated(video: Path, target: Path, times: int) -> Path:
    """The same film so many times over, for a server that hangs up at the end of a film."""
    if not target.exists():
        _write(video, target, _groups(video) * times)
    return target


def _encode(source: Path, target: Path, round_s: int, active_s: int) -> None:
    """People, then nobody, still and noisy; no B frames, as cameras do it."""
    pictures = _pictures(source)
    still = np.median(pictures[:: len(pictures) // 40], axis=0).astype(np.int16)
    chance = np.random.default_rng(7)
    active = pictures[: active_s * FPS]
    with av.open(str(target), "w") as writer:
        stream = writer.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "bf": "0"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.gop_size = GOP_S * FPS
        for number in range(round_s * FPS):
            if number < len(active):
                picture = active[number]
            else:
                noise = chance.integers(-2, 3, still.shape, dtype=np.int16)
                picture = np.clip(still + noise, 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            if number % (GOP_S * FPS) == 0:
                frame.pict_type = av.video.frame.PictureType.I
            writer.mux(stream.encode(frame))
        writer.mux(stream.encode(None))


def _pictures(source: Path) -> list[Any]:
    with av.open(str(source)) as reader:
        return [frame.reformat(*SIZE, "yuv420p").to_ndarray() for frame in reader.decode(video=0)]


def _groups(file: Path) -> list[list[bytes]]:
    """The packets of each group of pictures."""
    groups: list[list[bytes]] = []
    with av.open(str(file)) as reader:
        for packet in reader.demux(video=0):
            if packet.size == 0:
                continue
            if packet.is_keyframe:
                groups.append([])
            groups[-1].append(bytes(packet))
    return groups


def _write(base: Path, target: Path, groups: list[list[bytes]]) -> None:
    with av.open(str(base)) as reader, av.open(str(target), "w") as writer:
        stream = writer.add_stream_from_template(reader.streams.video[0])
        number = 0
        for group in groups:
            for index, data in enumerate(group):
                packet = av.Packet(data)
                packet.stream = stream
                packet.time_base = Fraction(1, FPS)
                packet.pts = packet.dts = number
                packet.duration = 1
                packet.is_keyframe = index == 0
                writer.mux(packet)
                number += 1
