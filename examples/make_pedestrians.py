"""Makes examples/pedestrians.mp4, the short scene of the demo and the tests, from vtest.avi.

    python examples/make_pedestrians.py vtest.avi examples/pedestrians.mp4

The held-out clip, labelled in tests/truth/heldout.csv, is the rest of the same recording:

    python examples/make_pedestrians.py vtest.avi heldout.mp4 --skip 450 --frames 345

The clip is encoded the way an IP camera encodes: H.264 without B frames, a closed group of
pictures every two seconds, 10 frames a second, and nothing but video in the file. One encoder
thread and ``-fflags +bitexact`` let the same libx264 give the same bytes, and leave no creation
time in the file.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av

RATE = 10
FRAMES = 450
GOP = 2 * RATE
CRF = 30
TIME_BASE = Fraction(1, RATE)
ENCODER_OPTIONS = {
    "preset": "veryslow",
    "crf": str(CRF),
    "profile": "high",
    "x264-params": f"keyint={GOP}:min-keyint={GOP}:scenecut=0:open-gop=0:bframes=0:threads=1",
}


def make_excerpt(source: Path, destination: Path, frames: int = FRAMES, skip: int = 0) -> int:
    """Encode ``frames`` frames of ``source`` into ``destination``, after the first ``skip``.

    Returns:
        How many frames were written: fewer than asked for if the source is shorter.
    """
    written = 0
    with (
        av.open(str(source)) as reader,
        av.open(
            str(destination),
            "w",
            format="mp4",
            options={"movflags": "+faststart", "fflags": "+bitexact"},
        ) as writer,
    ):
        original = reader.streams.video[0]
        stream = writer.add_stream("libx264", rate=RATE, options=ENCODER_OPTIONS)
        stream.width = original.width
        stream.height = original.height
        stream.pix_fmt = "yuv420p"
        stream.time_base = TIME_BASE
        stream.codec_context.time_base = TIME_BASE
        stream.codec_context.gop_size = GOP
        stream.codec_context.max_b_frames = 0
        stream.codec_context.thread_count = 1
        for number, decoded in enumerate(reader.decode(original)):
            if number < skip:
                continue
            if written == frames:
                break
            frame = decoded.reformat(format="yuv420p")
            frame.pts = written
            frame.time_base = TIME_BASE
            frame.pict_type = av.video.frame.PictureType.NONE
            writer.mux(stream.encode(frame))
            written += 1
        writer.mux(stream.encode(None))
    return written


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the paths from the command line and make the excerpt."""
    parser = argparse.ArgumentParser(
        description="Make the pedestrians example from OpenCV's vtest.avi."
    )
    parser.add_argument("source", type=Path, help="vtest.avi of Debian's package opencv-doc")
    parser.add_argument("destination", type=Path, help="the MP4 file to write")
    parser.add_argument("--skip", type=int, default=0, help="frames left out at the start")
    parser.add_argument("--frames", type=int, default=FRAMES)
    chosen = parser.parse_args(arguments)
    written = make_excerpt(chosen.source, chosen.destination, chosen.frames, chosen.skip)
    if written != chosen.frames:
        print(f"{chosen.source} has only {written} of these frames", file=sys.stderr)
        return 1
    print(f"{chosen.destination}: {written} frames, {chosen.destination.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
