"""Row 4, tracker: quality on labelled pedestrians and CPU time per frame, against its peers.

    python -m benchmarks.tracking [--cache FOLDER --models NAME ...]

Quality: the same cached detections go through both trackers; truth is tests/truth/pedestrians.csv.
Time: 5, 20, 100 and 300 objects that wander about; the trackers take turns, three times each, and
the best median of the CPU time of a frame counts.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench import NORFAIR_PYTHON, Bench, alone
from benchmarks.cell import Cell, Question, compared
from benchmarks.contest import ROOT, Run, in_turns, ours, run
from benchmarks.detections import Cached, cache, load
from benchmarks.report import as_text
from vedette.evaluation.score import Scores, evaluate

CLIP = ROOT / "examples" / "pedestrians.mp4"
CACHED = ROOT / "tests" / "data" / "pedestrians.npz"
TRUTH = ROOT / "tests" / "truth" / "pedestrians.csv"
BYTETRACK, NORFAIR = "trackers ByteTrack", "norfair"

TARGETS = {5: "<= 0.4x", 20: "<= 0.2x", 100: "<= 0.1x", 300: "<= 0.1x"}
"""By number of objects, against ByteTrack."""
WHY = "With so few objects what counts is the number of array calls a frame, not what they compute."
FRAMES = 300
WARM_UP = 20


def measure(bench: Bench) -> list[Cell]:
    """Quality, then time."""
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as scratch:
        here = Path(scratch)
        cells = _quality(bench, "nanodet-640 (cached)", load(CACHED), here)
        medians = {count: _times(bench, count, here) for count in TARGETS}
    for count, times in medians.items():
        for peer, target in ((BYTETRACK, TARGETS[count]), (NORFAIR, "")):
            cells.append(
                compared(
                    Question(
                        row=4,
                        metric="tracker",
                        workload=f"{count} objects",
                        unit="ms CPU a frame",
                        peer_name=peer,
                        target=target,
                        why=WHY if target and count == min(TARGETS) else "",
                    ),
                    times["ours"],
                    times.get(peer, []),
                )
            )
    rounds = zip(medians[5]["ours"], medians[100]["ours"], strict=True)
    cells.append(
        compared(
            Question(
                row=4,
                metric="tracker, growth",
                workload="5 to 100 objects",
                unit="x",
                target="<= 4",
            ),
            [big / small for small, big in rounds],
        )
    )
    return cells


def _quality(bench: Bench, name: str, found: Cached, here: Path) -> list[Cell]:
    frames, tracks = here / "frames.npz", here / "tracks.csv"
    scores: dict[str, Scores] = {}
    for title, looks, bare in (
        ("boxes only", False, True),
        ("live", True, True),
        ("completed", True, False),
    ):
        _write_clip(frames, found, looks=looks)
        run(ours("ours_tracking", frames, tracks, *(["--bare"] if bare else [])))
        scores[title] = evaluate(tracks, TRUTH)
    _write_clip(frames, found, looks=False)
    theirs: Scores | None = None
    if (command := bench.peer("bytetrack.py", frames, tracks)) is not None:
        run(command)
        theirs = evaluate(tracks, TRUTH)
    return [
        compared(
            Question(
                row=4,
                metric=f"tracker, {figure.upper()}",
                workload=f"{name}, {title}",
                unit="",
                peer_name=BYTETRACK,
                target=">= 1x" if figure == "idf1" else "",
            ),
            [getattr(got, figure)],
            [getattr(theirs, figure)] if theirs else [],
        )
        for title, got in scores.items()
        for figure in ("idf1", "mota", "hota")
    ]


def _times(bench: Bench, count: int, here: Path) -> dict[str, list[float]]:
    """Milliseconds of a frame, per contestant and round."""
    frames, tracks = here / "wander.npz", here / "tracks.csv"
    _write_wanderers(frames, count, FRAMES if not bench.quick else FRAMES // 5)
    contestants: dict[str, Callable[[], Run]] = {
        "ours": lambda: run(ours("ours_tracking", frames, tracks, "--bare"))
    }
    for name, command in (
        (BYTETRACK, bench.peer("bytetrack.py", frames, tracks)),
        (NORFAIR, bench.peer("norfair_tracking.py", frames, tracks, python=NORFAIR_PYTHON)),
    ):
        if command is not None:
            contestants[name] = lambda command=command: run(command)  # type: ignore[misc]
    runs = in_turns(contestants, bench.rounds, lambda text: bench.say(f"{count} objects, {text}"))
    for name, each in runs.items():
        assert all(one.said["rows"] > 0 for one in each), f"{name} followed nothing"
    return {
        name: [float(np.median(one.said["ms"][WARM_UP:])) for one in each]
        for name, each in runs.items()
    }


def _write_clip(path: Path, found: Cached, *, looks: bool) -> None:
    size = np.array([found.width, found.height], dtype=np.float64)
    columns: dict[str, Any] = {
        "size": size,
        "counts": np.array([len(one) for one in found.frames]),
        "times_s": np.arange(len(found.frames)) / found.rate,
        "boxes": np.concatenate([one.boxes for one in found.frames]) * np.tile(size, 2),
        "scores": np.concatenate([one.scores for one in found.frames]),
    }
    if looks:
        columns["looks"] = np.concatenate(
            [one.looks for one in found.frames if one.looks is not None]
        )
    np.savez(path, **columns)


def _write_wanderers(path: Path, count: int, frames: int) -> None:
    """Objects on a grid that wander and bounce; a twentieth is missed in each frame."""
    rng = np.random.default_rng(count)
    side = int(np.ceil(count**0.5))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    place = grid[:count] / side * 0.9 + 0.02
    speed = rng.normal(0.0, 0.003, (count, 2))
    size = np.array([0.4, 0.7]) / side
    boxes, scores, counts = [], [], []
    for _ in range(frames):
        place = place + speed
        speed = np.where((place < 0.0) | (place > 0.95), -speed, speed)
        seen = rng.random(count) < 0.95
        corner = (place + rng.normal(0.0, 0.001, place.shape))[seen]
        boxes.append(np.concatenate((corner, corner + size), axis=1) * 1000.0)
        scores.append(rng.uniform(0.6, 0.9, count)[seen].astype(np.float32))
        counts.append(int(seen.sum()))
    np.savez(
        path,
        size=np.array([1000.0, 1000.0]),
        counts=np.array(counts),
        times_s=np.arange(frames) / 10.0,
        boxes=np.concatenate(boxes),
        scores=np.concatenate(scores),
    )


def _others(models: list[str], folder: Path) -> None:
    """Print how the trackers do on what other models of the catalogue find."""
    for model in models:
        kept = folder / f"{model}.npz"
        if not kept.exists():
            cache(model, CLIP, kept)
        with tempfile.TemporaryDirectory(prefix="vedette-bench-") as scratch:
            print(as_text(_quality(Bench(), model, load(kept), Path(scratch))))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--cache", type=Path, default=Path("."))
    known, _ = parser.parse_known_args()
    if known.models:
        _others(known.models, known.cache)
    else:
        alone(measure, __doc__)
