"""Row 10, scaling: what a camera costs beside others, and how processes use the cores.

    python -m benchmarks.scaling [--quick]

The street of row 1, detections known, every camera in a thread of its own as in the product, all
at once and as fast as possible. `cost` is CPU time of a camera-second with 1 to 64 cameras in one
process; `processes` is how much more video 2 (4 ...) processes get through than one, in the same
wall-clock time; memory is what each further camera adds to its process, less its packet ring.
"""

import json
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench, alone
from benchmarks.cell import Cell, Question, compared
from benchmarks.contest import Run, cores, cpu_s, in_turns, ours, run
from benchmarks.media import FPS, street
from benchmarks.product import WATCH, Answers, Kept, answers_of, build
from vedette.app.camera_settings import CameraSettings
from vedette.contracts.packet import Packet, StreamInfo
from vedette.kit.clock import SystemClock
from vedette.kit.garbage import share_heap
from vedette.pipeline.camera import CameraPipeline

COUNTS = (1, 4, 16, 64)
WHY = (
    "Most likely the caches, full of the others' pictures, and Python's lock; not measured apart. "
    "A fleet is spread over workers, one for each core."
)
WHY_MEMORY = "A decoder alone keeps 5.3 MB of this film: pictures of 1.4 MB each, and tables."
PICTURES = 250
"""Of each camera, then it ends."""


def measure(bench: Bench) -> list[Cell]:
    """Cameras in one process, then processes."""
    video = street(bench)
    answers = answers_of(bench, video)
    counts = (1, 4) if bench.quick else COUNTS

    def contestant(count: int) -> Callable[[], Run]:
        words = ("--contestant", str(video), str(answers), str(count))
        return partial(run, ours("scaling", *words))

    contestants = {f"{count} cameras": contestant(count) for count in counts}
    runs = in_turns(contestants, bench.rounds, bench.say)
    cells = [_cost(runs, counts[0], count) for count in counts[1:]]
    most = runs[f"{counts[-1]} cameras"]
    one = runs[f"{counts[0]} cameras"]
    extra = [
        (big.said["rss_mb"] - small.said["rss_mb"] - big.said["ring_mb"] + small.said["ring_mb"])
        / (counts[-1] - counts[0])
        for big, small in zip(most, one, strict=True)
    ]
    cells.append(
        compared(
            Question(
                row=10,
                metric="memory of a camera besides its ring",
                workload=f"720p, {counts[-1]} cameras",
                unit="MB",
                target="<= 5 MB",
                why=WHY_MEMORY,
            ),
            extra,
        )
    )
    return [*cells, *_processes(bench, contestant(4))]


def _cost(runs: dict[str, list[Run]], least: int, count: int) -> Cell:
    """The cost of a camera among `count`; the peer is a camera alone."""
    return compared(
        Question(
            row=10,
            metric="scaling, cost of a camera",
            workload=f"{count} cameras, one process",
            unit="ms CPU a second",
            peer_name=f"{least} camera",
            target="<= 1.2x" if count == COUNTS[-1] else "",
            why=WHY if count == COUNTS[-1] else "",
        ),
        [one.said["ms"] for one in runs[f"{count} cameras"]],
        [one.said["ms"] for one in runs[f"{least} cameras"]],
    )


def _processes(bench: Bench, contestant: Callable[[], Run]) -> list[Cell]:
    """Throughput of several processes beside that of one, by wall-clock time."""
    cells = []
    count = 2
    while count <= cores():
        ratios = []
        for number in range(bench.rounds):
            bench.say(f"{count} processes, round {number + 1} of {bench.rounds}")
            alone_s = contestant().said["wall_s"]
            with ThreadPoolExecutor(max_workers=count) as pool:
                together = list(pool.map(lambda _: contestant(), range(count)))
            ratios.append(count * alone_s / max(one.said["wall_s"] for one in together))
        asked = Question(
            row=10,
            metric="scaling, video in the same time",
            workload=f"{count} processes of 4 cameras",
            unit="x one process",
        )
        cells.append(compared(asked, ratios))
        count *= 2
    return cells


class Ends:
    """A tap that ends a camera after so many pictures."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop, self._left = stop, PICTURES

    def packet(self, info: StreamInfo, packet: Packet) -> None:
        """See `PacketTap`."""
        self._left -= 1
        if self._left <= 0:
            self._stop.set()

    def lost(self, cause: str) -> None:
        """See `PacketTap`."""


def contest(video: Path, answers: Path, count: int) -> None:
    """So many cameras at once, in a process that is prepared like a worker."""
    share_heap()
    known = Answers.read(answers)
    clock, sink = SystemClock(), Kept()
    cameras: list[tuple[CameraPipeline, threading.Event]] = []
    for number in range(count):
        settings = CameraSettings.model_validate(
            {"id": f"c{number}", "source": str(video), **WATCH}
        )
        pipeline, server = build(settings, lambda frame: known.at(frame.at_us), clock, sink)
        if number:
            server.close()  # all share the first one's
            pipeline.look.detect = cameras[0][0].look.detect
        stop = threading.Event()
        pipeline.taps = (*pipeline.taps, Ends(stop))
        cameras.append((pipeline, stop))
    threads = [threading.Thread(target=pipeline.watch, args=(stop,)) for pipeline, stop in cameras]
    began, began_s = cpu_s(), time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent_s, wall_s = cpu_s() - began, time.monotonic() - began_s
    each = [pipeline.stats for pipeline, _ in cameras]
    frames = sum(stats.frames + stats.skipped["unsampled"] for stats in each)
    assert frames >= count * (PICTURES - 5), f"{frames} pictures of {count} cameras"
    said = {
        "ms": spent_s * 1e3 * FPS / (count * PICTURES),
        "wall_s": wall_s,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "ring_mb": sum(pipeline.ring.bytes for pipeline, _ in cameras) / 1e6,
    }
    print(json.dumps(said))


def _main(words: Sequence[str]) -> None:
    if "--contestant" in words:
        contest(Path(words[1]), Path(words[2]), int(words[3]))
    else:
        alone(measure, __doc__)


if __name__ == "__main__":
    _main(sys.argv[1:])
