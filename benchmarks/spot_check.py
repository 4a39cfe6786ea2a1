"""Beside the simulation: quiet cameras really watched by `vedette up`, over RTSP on loopback."""

import tempfile
import time
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.cell import Cell, Question, compared
from benchmarks.contest import ours, run
from benchmarks.fleet_media import plan
from benchmarks.product import WATCH
from benchmarks.served import cameras, product

CAMERAS, SETTLES_S, LASTS_S = 16, 40.0, 60.0


def spot_check(bench: Bench, count: int) -> list[Cell]:
    """CPU time of a quiet camera in the product, all processes, and in the simulation."""
    number = 4 if bench.quick else CAMERAS
    settles_s, lasts_s = (25.0, 10.0) if bench.quick else (SETTLES_S, LASTS_S)
    bench.say(f"{number} quiet cameras over RTSP, {settles_s + lasts_s:.0f} s")
    videos = [(bench.build / f"place-{n % count}-vbr.mp4", _quiet(n)) for n in range(number)]
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as scratch:
        folder = Path(scratch)
        with cameras(videos, folder) as served:
            each = [{"id": f"c{n}", "source": served.url(n), **WATCH} for n in range(number)]
            with product({"cameras": each}, folder) as running:
                time.sleep(settles_s)
                opened = len(served.played())
                assert opened == number, f"{opened} of {number} opened\n{running.log()}"
                before = running.cpu_s()
                time.sleep(lasts_s)
                really = (running.cpu_s() - before) * 1e3 / lasts_s / number
    words = [str(bench.build), str(count), str(number), "90", "vbr"]
    simulated = run(ours("fleet", "--quiet", *words)).said["ms"]
    asked = Question(
        row=11,
        metric="spot check: a quiet camera over RTSP",
        workload=f"{number} cameras, vedette up",
        unit="ms CPU a second",
        peer_name="the simulation",
        why="The simulation has no network, no control process and no beats of workers: with "
        "sixteen cameras each bears a sixteenth of these.",
    )
    return [compared(asked, [really], [simulated])]


def _quiet(seed: int) -> list[int]:
    gops = list(plan().quiet)
    return gops[seed % len(gops) :] + gops[: seed % len(gops)]
