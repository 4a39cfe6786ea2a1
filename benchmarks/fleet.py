"""Row 2, a fleet: 64 cameras of which 5 % are busy, half at a variable and half at a constant rate.

    python -m benchmarks.fleet [--quick]

Ours runs in virtual time (see simulation.py): real demuxers, decoders and pipelines, one thread.
Counted from the thirtieth second on, when every camera has seen its place and one person. The peer
decodes everything, so it is measured on four of the streams and multiplied.

Recall: the same cameras with somebody walking by every half minute or so, once with the gate as it
is and once with every packet decoded; the part of the latter's events that the former saw too.
"""

import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench, alone
from benchmarks.cell import Cell, Question, compared
from benchmarks.contest import Run, cores, in_turns, ours, run
from benchmarks.fleet_media import Base, load, prepare
from benchmarks.media import FPS
from benchmarks.product import SAMPLES_PER_S, Answers
from benchmarks.simulation import Outcome, Simulation, detections, found
from benchmarks.splice import Activity, Shift, half_and_half, shift, write

CV2 = "cv2+MOG2+ByteTrack"
CAMERAS, BUSY = 64, 0.05
SAMPLED = 4
"""Cameras that the peer really looks at."""
OFTEN = Activity(busy=0.25, quiet_s=14.0)


def measure(bench: Bench) -> list[Cell]:
    """The cost in turns with the peer, then recall."""
    count = str(prepare(bench))
    cameras, length_s = ("8", "60") if bench.quick else (str(CAMERAS), "130")
    busy = "0.5" if bench.quick else str(BUSY)
    words = [str(bench.build), count, cameras, length_s, busy]
    contestants = {"ours": lambda: run(ours("fleet", "--cost", *words))}
    files = _files(bench, int(count), float(length_s), float(busy))
    if bench.peer("cv2_pipeline.py") is not None:
        contestants[CV2] = lambda: _peer(bench, files, float(length_s))
    runs = in_turns(contestants, bench.rounds, bench.say)
    times = {name: [one.said["ms"] for one in each] for name, each in runs.items()}
    assert all(one.said["events"] for one in runs["ours"]), "ours saw nothing"
    cost = compared(
        Question(
            row=2,
            metric="fleet",
            workload=f"{cameras} cameras, {float(busy):.0%} busy, half VBR half CBR",
            unit="ms CPU a camera-second",
            peer_name=CV2,
            target="<= 0.15x",
        ),
        times["ours"],
        times.get(CV2, []),
    )
    return [cost, *_quiet(bench, count), *_recall(bench, count)]


def _quiet(bench: Bench, count: str) -> list[Cell]:
    """What a camera costs while nothing happens at all."""
    cells = []
    for rate in ("vbr", "cbr"):
        words: list[str] = [str(bench.build), count, "4" if bench.quick else "16", "90", rate]
        runs = in_turns(
            {"ours": partial(run, ours("fleet", "--quiet", *words))},
            bench.rounds,
            lambda text, rate=rate: bench.say(f"quiet {rate}, {text}"),  # type: ignore[misc]
        )
        asked = Question(
            row=2,
            metric="fleet, a quiet camera",
            workload=f"720p25 {rate.upper()}",
            unit="ms CPU a second",
        )
        cells.append(compared(asked, [one.said["ms"] for one in runs["ours"]]))
    return cells


def _recall(bench: Bench, count: str) -> list[Cell]:
    cameras, length_s = ("8", "80") if bench.quick else (str(CAMERAS), "190")
    bench.say("recall: with the gate, and with everything decoded")
    words = [str(bench.build), count, cameras, length_s]
    with ThreadPoolExecutor(max_workers=cores()) as pool:
        gated, whole = pool.map(
            lambda mode: run(ours("fleet", "--events", *words, mode), limit_s=3600).said["events"],
            ("adaptive", "always"),
        )
    cells = []
    for name, rest in (("VBR", 0), ("CBR", 1), ("all", None)):
        chosen = [c for c in whole if rest is None or int(c[1:]) % 2 == rest]
        reference = sum(len(whole[c]) for c in chosen)
        hits = sum(found(whole[c], gated[c]) for c in chosen)
        seen = sum(len(gated[c]) for c in chosen)
        cells.append(
            compared(
                Question(
                    row=2,
                    metric="fleet, event recall",
                    workload=f"{name}: {reference} events ({seen} seen)",
                    unit="",
                    peer_name="everything decoded",
                    target=">= 0.99" if name == "all" else "",
                ),
                [hits / max(1, reference)],
                [1.0],
            )
        )
    return cells


def _files(bench: Bench, count: int, length_s: float, busy: float) -> list[tuple[Path, Path]]:
    """Streams and answers of the first cameras, as files for the peer."""
    files = []
    scripts = _scripts(bench.build, count, SAMPLED, length_s, Activity(busy=busy))
    for number, script in enumerate(scripts):
        video = bench.build / f"fleet-{number}-{length_s:.0f}-{busy}-{count}.flv"
        answers = video.with_suffix(".json")
        if not answers.exists():
            write(script, round(length_s * FPS), video)
            moments = [
                detections(script.seen(at_us), at_us)
                for at_us in range(0, round(length_s * 1e6), 1_000_000 // SAMPLES_PER_S)
            ]
            Answers(moments=tuple((one.boxes, one.scores) for one in moments)).write(answers)
        files.append((video, answers))
    return files


def _peer(bench: Bench, files: Sequence[tuple[Path, Path]], length_s: float) -> Run:
    """The peer over its files; milliseconds of a camera-second."""
    runs = []
    for video, answers in files:
        command = bench.peer("cv2_pipeline.py", video, answers)
        assert command is not None
        runs.append(run(command))
        assert runs[-1].said["frames"] == round(length_s * FPS), runs[-1].said
    spent_s = sum(one.cpu_s for one in runs)
    events = sum(one.said["events"] for one in runs)
    said = {"ms": spent_s * 1e3 / length_s / len(files), "events": events}
    return Run(cpu_s=spent_s, said=said)


def _scripts(
    build: Path, count: int, cameras: int, length_s: float, activity: Activity
) -> list[Shift]:
    """What happens at each camera; the same every time."""
    bases = [load(build, number, rate) for number in range(count) for rate in ("vbr", "cbr")]
    chosen = half_and_half(bases, cameras)
    return [shift(base, activity, length_s, seed) for seed, base in enumerate(chosen)]


def _print(outcome: Outcome, cameras: int) -> None:
    said = asdict(outcome)
    said["ms"] = outcome.cpu_s * 1e3 / outcome.simulated_s / cameras
    said["event_times"], said["events"] = said["events"], sum(map(len, outcome.events.values()))
    said.pop("waits_us")
    print(json.dumps(said))


def contest(words: Sequence[str]) -> None:
    """A run of ours: `--cost`, `--quiet` or `--events`."""
    what, build, count, cameras, length_s = words[:5]
    folder, bases, number, seconds = Path(build), int(count), int(cameras), float(length_s)
    if what == "--cost":
        scripts = _scripts(folder, bases, number, seconds, Activity(busy=float(words[5])))
        _print(Simulation(scripts=scripts, length_s=seconds).run(), number)
    elif what == "--quiet":
        streams: list[Base] = [load(folder, n % bases, words[5]) for n in range(number)]  # type: ignore[arg-type]
        quiet = [shift(base, Activity(busy=0.0), seconds, n) for n, base in enumerate(streams)]
        _print(Simulation(scripts=quiet, length_s=seconds).run(), number)
    else:
        scripts = _scripts(folder, bases, number, seconds, OFTEN)
        settings = {"gate": {"mode": words[5]}}
        outcome = Simulation(scripts=scripts, length_s=seconds, settings=settings).run()
        print(json.dumps({"events": outcome.events, "cpu_s": outcome.cpu_s}))


if __name__ == "__main__":
    if sys.argv[1:2] in (["--cost"], ["--quiet"], ["--events"]):
        contest(sys.argv[1:])
    else:
        alone(measure, __doc__)
