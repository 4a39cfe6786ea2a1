"""Makes the streams that are measured, once, as IP cameras encode: H.264 without B frames.

    python -m benchmarks.media [--build FOLDER]

`street`: real people all the time, from vtest.avi (OpenCV's samples, Debian package opencv-doc),
1280x720, 25 frames a second, a keyframe every two seconds, 1.5 Mb/s. Where apt cannot bring
vtest.avi, the shorter clip of examples/ is taken, and `origin` says so.
"""

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.bench import BUILD, Bench
from benchmarks.contest import ROOT

U8 = npt.NDArray[np.uint8]
Rate = Literal["vbr", "cbr"]

WIDTH, HEIGHT, FPS, GOP = 1280, 720, 25, 50
BITS = 1_500_000
"""Per second."""
PACKAGE = "opencv-doc"
VTEST = "usr/share/doc/opencv-doc/examples/data/vtest.avi"
CLIP = ROOT / "examples" / "pedestrians.mp4"
_KEYS = f"keyint={GOP}:min-keyint={GOP}:scenecut=0:open-gop=0:bframes=0:threads=1"


def vtest(build: Path) -> Path:
    """The film of real people: vtest.avi by apt, or else the clip of examples/."""
    kept = build / "vtest.avi"
    if kept.exists():
        return kept
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return CLIP
    with tempfile.TemporaryDirectory(prefix="vedette-vtest-") as scratch:
        fetch = ["apt-get", "download", "-qq", PACKAGE]
        if subprocess.run(fetch, cwd=scratch, check=False, capture_output=True).returncode:
            return CLIP
        (package,) = Path(scratch).glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", package, "x"], cwd=scratch, check=True)
        build.mkdir(parents=True, exist_ok=True)
        shutil.move(Path(scratch) / "x" / VTEST, kept)
    return kept


def street(bench: Bench, rate: Rate = "vbr") -> Path:
    """The film at 25 frames a second, then once more mirrored: a minute of people."""
    source = vtest(bench.build)
    kept = bench.build / f"street-{rate}-{source.stem}.mp4"
    if not kept.exists():
        bench.say(f"encoding {kept.name}")
        with Encoder(kept, rate) as out:
            for mirrored in (False, True):
                for picture in _pictures(source):
                    wide = _wide(picture)
                    out.write(cv2.flip(wide, 1) if mirrored else wide)
    return kept


class Encoder:
    """Writes BGR pictures as an IP camera would; the file appears when it is complete.

    `vbr`: as many bits as the picture needs at one quality (`crf`), or `bits` on average where
    that is None. `cbr`: `bits` in every second, filled up.
    """

    def __init__(
        self,
        path: Path,
        rate: Rate,
        *,
        crf: int | None = None,
        size: tuple[int, int] = (WIDTH, HEIGHT),
        bits: int = BITS,
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._out = av.open(f"file:{self._part}", "w", format="mp4")
        stream = self._out.add_stream("libx264", rate=FPS)
        assert isinstance(stream, av.VideoStream)
        (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
        stream.codec_context.time_base = Fraction(1, FPS)
        stream.codec_context.thread_count = 1
        stream.codec_context.gop_size = GOP
        most = bits // 1000 if rate == "cbr" else 3 * bits // 1000
        limits = f"{_KEYS}:vbv-maxrate={most}:vbv-bufsize={most}"
        limits += ":nal-hrd=cbr" if rate == "cbr" else ""
        options = {"preset": "veryfast", "x264-params": limits}
        if rate == "vbr" and crf is not None:
            options["crf"] = str(crf)
        else:
            stream.bit_rate = bits
        stream.codec_context.options = options
        self._stream = stream
        self._count = 0

    def write(self, bgr: U8 | cv2.typing.MatLike) -> None:
        """Add a picture."""
        self.add(av.VideoFrame.from_ndarray(np.asarray(bgr, dtype=np.uint8), format="bgr24"))

    def add(self, frame: av.VideoFrame) -> None:
        """Add a frame of any format."""
        frame.pts, frame.time_base = self._count, Fraction(1, FPS)
        self._count += 1
        self._out.mux(self._stream.encode(frame))

    def __enter__(self) -> "Encoder":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self._out.mux(self._stream.encode(None))
        self._out.close()
        if error is None:
            self._part.rename(self._path)


def _pictures(source: Path) -> Iterator[U8]:
    """(height, width, 3) BGR."""
    with av.open(f"file:{source}") as container:
        for picture in container.decode(video=0):
            yield np.asarray(picture.to_ndarray(format="bgr24"), dtype=np.uint8)


def _wide(picture: U8) -> U8:
    """The middle of the picture, 16 to 9, in 1280 x 720."""
    height, width = picture.shape[:2]
    rows = width * HEIGHT // WIDTH
    top = (height - rows) // 2
    wide = cv2.resize(picture[top : top + rows], (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray(wide, dtype=np.uint8)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=BUILD)
    chosen = parser.parse_args()
    for each in ("vbr", "cbr"):
        print(street(Bench(build=chosen.build), "vbr" if each == "vbr" else "cbr"))
