"""norfair's tracker with the IoU distance, at its defaults, on the files of `bytetrack.py`.

python benchmarks/peers/norfair_tracking.py frames.npz tracks.csv
"""

import json
import sys
import time
from pathlib import Path

import norfair  # type: ignore[import-not-found]
import numpy as np


def main(frames: Path, tracks: Path) -> None:
    """Track everything, then write what came out."""
    with np.load(frames) as file:
        ends, counts = np.cumsum(file["counts"]), file["counts"]
        boxes, scores = file["boxes"].astype(np.float64), file["scores"].astype(np.float64)
    tracker = norfair.Tracker(distance_function="iou", distance_threshold=0.7)
    spent: list[float] = []
    lines = ["frame,id,left,top,width,height,score,label"]
    for number, (end, count) in enumerate(
        zip(ends.tolist(), counts.tolist(), strict=True), start=1
    ):
        found = [
            norfair.Detection(points=boxes[row].reshape(2, 2), scores=np.full(2, scores[row]))
            for row in range(end - count, end)
        ]
        began = time.process_time()
        seen = tracker.update(detections=found)
        spent.append((time.process_time() - began) * 1e3)
        for track in seen:
            (left, top), (right, bottom) = track.estimate.tolist()
            place = f"{left},{top},{right - left},{bottom - top}"
            lines.append(f"{number},{track.id},{place},1.0,person")
    tracks.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(json.dumps({"ms": spent, "rows": len(lines) - 1}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
