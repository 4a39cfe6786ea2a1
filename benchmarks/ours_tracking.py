"""Our tracker on the same files as `benchmarks/peers/bytetrack.py`, with the same answer.

    python -m benchmarks.ours_tracking frames.npz tracks.csv [--bare]

`--bare`: what the tracker says of each frame; else completed, as `analyze --tracks` does.
"""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from vedette.contracts.sight import Detections, Tracks
from vedette.track.byte import ByteConfig, ByteTracker
from vedette.track.smooth import CompleteConfig, Rows, complete

LABELS = ("person",)


def main(frames: Path, tracks: Path, *, bare: bool) -> None:
    """Track everything, then write what came out."""
    seen, times_us, size, spent = run(frames)
    rows = collected(seen)
    numbers = np.arange(1, len(seen) + 1)
    if not bare:
        rows = complete(
            recognised(rows, seen), frames=numbers, at_us=times_us, config=CompleteConfig()
        )
    pixels = rows.boxes.astype(np.float64) * np.tile(size, 2)
    pixels[:, 2:] -= pixels[:, :2]
    lines = ["frame,id,left,top,width,height,score,label"]
    for row in range(len(rows)):
        place = ",".join(f"{v:.2f}" for v in pixels[row].tolist())
        lines.append(f"{rows.frames[row]},{rows.ids[row]},{place},{rows.scores[row]:.4f},person")
    tracks.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(json.dumps({"ms": spent, "rows": len(rows)}))


def run(frames: Path) -> tuple[list[Tracks], np.ndarray, np.ndarray, list[float]]:
    """Tracks of each frame, times, size of the frame, and CPU milliseconds of each frame."""
    with np.load(frames) as file:
        size = file["size"].astype(np.float64)
        ends, counts = np.cumsum(file["counts"]), file["counts"]
        boxes = (file["boxes"] / np.tile(size, 2)).astype(np.float32)
        scores, times_us = file["scores"], np.rint(file["times_s"] * 1e6).astype(np.int64)
        looks = file.get("looks")
    tracker = ByteTracker(ByteConfig())
    spent: list[float] = []
    seen: list[Tracks] = []
    for end, count, at_us in zip(ends.tolist(), counts.tolist(), times_us.tolist(), strict=True):
        rows = slice(end - count, end)
        found = Detections(
            boxes=boxes[rows],
            scores=scores[rows],
            classes=np.zeros(count, dtype=np.int16),
            labels=LABELS,
            looks=None if looks is None else looks[rows],
        )
        began = time.process_time()
        seen.append(tracker.update(found, at_us))
        spent.append((time.process_time() - began) * 1e3)
    return seen, times_us, size, spent


def collected(seen: list[Tracks]) -> Rows:
    """Observed rows of tracks that were confirmed at some time."""
    confirmed = np.unique(np.concatenate([one.ids[one.confirmed] for one in seen]))
    picks = [np.flatnonzero(one.observed & np.isin(one.ids, confirmed)) for one in seen]
    return Rows(
        frames=np.repeat(np.arange(1, len(seen) + 1), [len(pick) for pick in picks]),
        ids=np.concatenate([one.ids[pick] for one, pick in zip(seen, picks, strict=True)]),
        boxes=np.concatenate([one.boxes[pick] for one, pick in zip(seen, picks, strict=True)]),
        scores=np.concatenate([one.scores[pick] for one, pick in zip(seen, picks, strict=True)]),
        classes=np.concatenate([one.classes[pick] for one, pick in zip(seen, picks, strict=True)]),
    )


def recognised(rows: Rows, seen: list[Tracks]) -> Rows:
    """The same rows; who came back has the number that they had."""
    before: dict[int, int] = {}
    for one in (one for tracks in seen for one in tracks.returned):
        before[one.id] = before.get(one.before, one.before)
    ids = np.array([before.get(number, number) for number in rows.ids.tolist()], dtype=np.int32)
    return replace(rows, ids=ids)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), bare="--bare" in sys.argv)
