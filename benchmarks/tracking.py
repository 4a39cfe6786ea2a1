"""Tracking: quality on labelled pedestrians and CPU time per frame, against `trackers`' ByteTrack.

    python -m benchmarks.tracking --peer-python PATH/bin/python [--cache FOLDER --models NAME ...]

Quality: the same cached detections go through both trackers; truth is tests/truth/pedestrians.csv.
Time: 5, 20, 100 and 300 objects that wander about; both trackers take turns, three times each, and
the best median of the CPU time of a frame counts. Without `--peer-python` only ours is measured
(an interpreter that has benchmarks/peers/requirements.txt installed).
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.detections import Cached, cache, load
from vedette.evaluation.score import Scores, evaluate

ROOT = Path(__file__).resolve().parent.parent
CLIP = ROOT / "examples" / "pedestrians.mp4"
CACHED = ROOT / "tests" / "data" / "pedestrians.npz"
TRUTH = ROOT / "tests" / "truth" / "pedestrians.csv"
PEER = ROOT / "benchmarks" / "peers" / "bytetrack.py"

OBJECTS = (5, 20, 100, 300)
ROUNDS = 3
FRAMES = 300
WARM_UP = 20


def measure(
    peer: Path | None, models: tuple[str, ...] = (), folder: Path | None = None
) -> dict[str, Any]:
    """Print both tables and return their figures."""
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as scratch:
        here = Path(scratch)
        quality = {"nanodet-640 (cached)": _quality(load(CACHED), peer, here)}
        for model in models:
            kept = (folder or here) / f"{model}.npz"
            if not kept.exists():
                cache(model, CLIP, kept)
            quality[model] = _quality(load(kept), peer, here)
        times = {count: _times(count, peer, here) for count in OBJECTS}
    return {"quality": quality, "ms_per_frame": times}


def _quality(found: Cached, peer: Path | None, here: Path) -> dict[str, Any]:
    frames, tracks = here / "frames.npz", here / "tracks.csv"
    rows: dict[str, Any] = {"detector_ms": found.detector_ms}
    for name, looks, bare in (
        ("ours, boxes only", False, True),
        ("ours, live", True, True),
        ("ours, completed", True, False),
    ):
        _write_clip(frames, found, looks=looks)
        _ours(frames, tracks, bare=bare)
        rows[name] = _row(name, evaluate(tracks, TRUTH))
    if peer is not None:
        _write_clip(frames, found, looks=False)
        _peer(peer, frames, tracks)
        rows["ByteTrack"] = _row("ByteTrack (trackers)", evaluate(tracks, TRUTH))
    print(f"  detector: {found.detector_ms:.1f} ms a frame\n")
    return rows


def _row(name: str, got: Scores) -> dict[str, float]:
    figures = {
        "recall": got.recall,
        "precision": got.precision,
        "mota": got.mota,
        "idf1": got.idf1,
        "switches": got.switches,
        "hota": got.hota,
    }
    print(f"  {name:22}" + "".join(f"{key} {value:<7.3g}" for key, value in figures.items()))
    return figures


def _times(count: int, peer: Path | None, here: Path) -> dict[str, Any]:
    frames, tracks = here / "wander.npz", here / "tracks.csv"
    _write_wanderers(frames, count)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        ours.append(float(np.median(_ours(frames, tracks, bare=True)[WARM_UP:])))
        if peer is not None:
            theirs.append(float(np.median(_peer(peer, frames, tracks)[WARM_UP:])))
    line = f"  {count:4} objects: ours {min(ours):.3f} ms ({min(ours):.3f}-{max(ours):.3f})"
    if theirs:
        line += f", ByteTrack {min(theirs):.3f} ms ({min(theirs):.3f}-{max(theirs):.3f}),"
        line += f" ratio {min(ours) / min(theirs):.2f}"
    print(line)
    return {"ours_ms": ours, "bytetrack_ms": theirs}


def _ours(frames: Path, tracks: Path, *, bare: bool) -> list[float]:
    more = ["--bare"] if bare else []
    return _run([sys.executable, "-m", "benchmarks.ours_tracking", frames, tracks, *more])


def _peer(python: Path, frames: Path, tracks: Path) -> list[float]:
    return _run([python, PEER, frames, tracks])


def _run(command: list[Any]) -> list[float]:
    done = subprocess.run(
        [str(word) for word in command], cwd=ROOT, check=True, capture_output=True, text=True
    )
    spent: list[float] = json.loads(done.stdout.strip().splitlines()[-1])
    return spent


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


def _write_wanderers(path: Path, count: int) -> None:
    """Objects on a grid that wander and bounce; a twentieth is missed in each frame."""
    rng = np.random.default_rng(count)
    side = int(np.ceil(count**0.5))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    place = grid[:count] / side * 0.9 + 0.02
    speed = rng.normal(0.0, 0.003, (count, 2))
    size = np.array([0.4, 0.7]) / side
    boxes, scores, counts = [], [], []
    for _ in range(FRAMES):
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
        times_s=np.arange(FRAMES) / 10.0,
        boxes=np.concatenate(boxes),
        scores=np.concatenate(scores),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-python", type=Path)
    parser.add_argument("--models", nargs="*", default=[], help="more models, run on the clip")
    parser.add_argument("--cache", type=Path, help="folder that keeps what these models found")
    chosen = parser.parse_args()
    measure(chosen.peer_python, tuple(chosen.models), chosen.cache)
