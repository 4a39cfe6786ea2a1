"""ByteTrack of the package `trackers`, at its defaults: runs in an environment of its own.

    python benchmarks/peers/bytetrack.py frames.npz tracks.csv

`frames.npz`: counts (frames,), boxes (n, 4) in pixels, scores (n,), times_s (frames,).
`tracks.csv`: MOTChallenge rows. The last line printed is JSON: the CPU milliseconds of each frame.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import supervision as sv  # type: ignore[import-not-found]
from trackers import ByteTrackTracker  # type: ignore[import-not-found]


def main(frames: Path, tracks: Path) -> None:
    """Track everything, then write what came out."""
    with np.load(frames) as file:
        ends, counts = np.cumsum(file["counts"]), file["counts"]
        boxes, scores = file["boxes"].astype(np.float32), file["scores"].astype(np.float32)
    tracker = ByteTrackTracker()
    spent: list[float] = []
    lines = ["frame,id,left,top,width,height,score,label"]
    for number, (end, count) in enumerate(
        zip(ends.tolist(), counts.tolist(), strict=True), start=1
    ):
        rows = slice(end - count, end)
        found = sv.Detections(
            xyxy=boxes[rows], confidence=scores[rows], class_id=np.zeros(count, dtype=int)
        )
        began = time.process_time()
        seen = tracker.update(found)
        spent.append((time.process_time() - began) * 1e3)
        for box, score, own in zip(seen.xyxy, seen.confidence, seen.tracker_id, strict=True):
            if own >= 0:
                left, top, right, bottom = box.tolist()
                place = f"{left},{top},{right - left},{bottom - top}"
                lines.append(f"{number},{own + 1},{place},{score},person")
    tracks.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(json.dumps({"ms": spent, "rows": len(lines) - 1}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
