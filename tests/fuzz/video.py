"""Damaged video through the whole way from demuxer to event; one process, many cases.

`python -m tests.fuzz.video --cases 5000 --seed 1` goes on where a crash of libav ended the last
run: the case that was at work is in `--folder`, under its own name.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.mutate import damaged
from tests.scenes import camera, look, walker
from vedette.contracts.errors import VedetteError
from vedette.sources.scene import Scene
from vedette.sources.scene_file import render_scene

KINDS = {
    "mp4": ("mp4", "libx264"),
    "ts": ("ts", "libx264"),
    "hevc": ("mp4", "libx265"),
    "webm": ("webm", "libvpx-vp9"),
    "avi": ("avi", "mpeg4"),
    "mjpeg": ("mkv", "mjpeg"),
}
OPTIONS = {"mjpeg": {"strict": "unofficial"}, "libx265": {"x265-params": "log-level=error"}}
MEMORY_BYTES = 3 * 2**30
LONGEST_S = 20.0
"""A case of a second of video that takes longer than this hangs."""
RULE = {"id": "seen", "type": "presence", "labels": ["person"], "for_s": 0.2}


def healthy(folder: Path) -> dict[str, bytes]:
    """A second of video in every kind of file."""
    scene = Scene(
        width=160,
        height=96,
        duration_s=1.5,
        actors=(walker((0.1, 0.2, 0.5), (1.4, 0.8, 0.5)),),
    )
    made = {}
    for kind, (extension, codec) in KINDS.items():
        path = folder / f"healthy-{kind}.{extension}"
        render_scene(scene, path, codec=codec, gop_s=0.5, options=OPTIONS.get(codec))
        made[kind] = path.read_bytes()
    return made


def run(cases: int, seed: int, folder: Path) -> Counter[str]:
    """Look at so many damaged files; how they ended, by kind of end.

    Raises:
        AssertionError: something other than a result or one of our errors; the file stays.
    """
    ends: Counter[str] = Counter()
    sound = healthy(folder)
    for number in range(seed, seed + cases):
        kind = tuple(sound)[number % len(sound)]
        case = folder / f"case-{number}.{KINDS[kind][0]}"
        case.write_bytes(damaged(sound[kind], number))
        began = time.monotonic()
        try:
            found = look(camera(case, rules=[RULE]))
            ends["seen" if found.stats.events else "nothing seen"] += 1
        except VedetteError as error:
            ends[type(error).__name__ if str(error) else "without words"] += 1
        took_s = time.monotonic() - began
        assert took_s < LONGEST_S, f"{case}: {took_s:.0f} s for a second of video"
        case.unlink()
    return ends


def main() -> int:
    """Entry point: prints how the cases ended, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=None)
    chosen = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="vedette-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    ends = run(chosen.cases, chosen.seed, folder)
    sys.stdout.write(json.dumps({"cases": chosen.cases, "ends": ends}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
