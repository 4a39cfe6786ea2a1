"""Cameras whose RTSP answers and RTP packets are damaged, opened by the product's own source.

`python -m tests.fuzz.rtsp --cases 2000 --seed 1`; one process, so that a crash of libav shows.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.mutate import damaged
from tests.servers.scripted_rtsp import (
    ALAW_SDP,
    CLOCK,
    VIDEO_SDP,
    Play,
    ScriptedRtsp,
    Sender,
    access_units,
)
from vedette.contracts.errors import VedetteError
from vedette.kit.clock import SystemClock
from vedette.sources.rtsp import RtspConfig, RtspSource
from vedette.sources.scene import Scene
from vedette.sources.scene_file import render_scene

OPEN_S = 3.0
LONGEST_S = 12.0
"""A case that takes longer than this hangs, whatever its time limits say."""
PICTURES = 12


def sending(units: list[bytes], seed: int) -> Play:
    """Pictures of which some are damaged, with some nonsense between them, then the end."""

    def play(sender: Sender) -> None:
        chance = random.Random(seed)  # noqa: S311 - a case must be repeatable
        for number, unit in enumerate(units):
            ticks = chance.choice([number * CLOCK // 25, 0, 2**32 - 1, chance.getrandbits(32)])
            good = chance.random() < 0.6
            sender.picture(unit if good else damaged(unit, seed + number), ticks)
            if chance.random() < 0.1:
                sender.raw(chance.randbytes(chance.randint(1, 200)))

    return play


def run(cases: int, seed: int, units: list[bytes]) -> Counter[str]:
    """Open so many damaged cameras; how they ended, by kind of end.

    Raises:
        AssertionError: something other than video or one of our errors; it names the case.
    """
    ends: Counter[str] = Counter()
    sound = (VIDEO_SDP + ALAW_SDP).encode()
    for number in range(seed, seed + cases):
        sdp = VIDEO_SDP + ALAW_SDP if number % 3 == 0 else damaged(sound, number).decode("latin-1")
        began = time.monotonic()
        with ScriptedRtsp(play=sending(units, number), sdp=sdp) as server:
            ends[_look(server.url())] += 1
        took_s = time.monotonic() - began
        assert took_s < LONGEST_S, f"case {number}: {took_s:.0f} s"
    return ends


def _look(url: str) -> str:
    config = RtspConfig(url=url, open_timeout_s=OPEN_S, read_timeout_s=OPEN_S)
    source = RtspSource(config, camera_id="yard", clock=SystemClock(), audio=True)
    frames = 0
    try:
        stream = source.open()
        try:
            for packet in stream.packets():
                frames += len(stream.decode(packet))
        finally:
            stream.close()
    except VedetteError as error:
        if not str(error):
            return "without words"
        return "seen" if frames else type(error).__name__
    return "seen" if frames else "nothing seen"


def main() -> int:
    """Entry point: prints how the cases ended, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vedette-fuzz-") as folder:
        path = Path(folder) / "healthy.ts"
        scene = Scene(width=160, height=96, duration_s=PICTURES / 25, fps=25)
        render_scene(scene, path, codec="libx264", gop_s=0.2)
        ends = run(chosen.cases, chosen.seed, access_units(path))
    sys.stdout.write(json.dumps({"cases": chosen.cases, "ends": ends}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
