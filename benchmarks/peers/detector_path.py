"""From a BGR picture to boxes as tutorials do it: cv2.dnn.blobFromImage, numpy, cv2.dnn.NMSBoxes.

    python benchmarks/peers/detector_path.py given.npz answer.npz REPEATS

`given.npz`: bgr (h, w, 3), raw (1, 4 + classes, n) of a YOLO, side, score, iou. `answer.npz`: blob,
and boxes (m, 4) x1 y1 x2 y2 in pixels of the input, scores, classes. The last line printed is JSON:
CPU milliseconds of a frame, the best of five series. Vectorised as far as numpy goes; the loop over
candidates that many tutorials have would take twenty times as long.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

cv2.setNumThreads(1)


def main(given: Path, answer: Path, repeats: int) -> None:
    """Do it once for the answer, then for the time."""
    with np.load(given) as file:
        bgr, raw = file["bgr"], file["raw"]
        side, score, iou = int(file["side"]), float(file["score"]), float(file["iou"])

    def whole() -> Any:
        blob = cv2.dnn.blobFromImage(bgr, 1 / 255, (side, side), swapRB=True)
        return blob, *boxes_of(raw, score, iou)

    blob, boxes, scores, classes = whole()
    np.savez(answer, blob=blob, boxes=boxes, scores=scores, classes=classes)
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(repeats):
            whole()
        best = min(best, (time.process_time() - began) / repeats * 1e3)
    print(json.dumps({"ms": best}))


def boxes_of(raw: Any, score: float, iou: float) -> tuple[Any, Any, Any]:
    """Boxes, scores and classes that remain."""
    rows = np.squeeze(raw).T
    found = rows[:, 4:]
    classes, scores = np.argmax(found, axis=1), np.max(found, axis=1)
    likely = scores > score
    rows, classes, scores = rows[likely], classes[likely], scores[likely]
    x, y, w, h = rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3]
    boxes = np.stack((x - w / 2, y - h / 2, w, h), axis=1)
    kept: list[int] = []
    for label in np.unique(classes):
        own = np.flatnonzero(classes == label)
        chosen = cv2.dnn.NMSBoxes(boxes[own].tolist(), scores[own].tolist(), score, iou)
        kept.extend(own[np.asarray(chosen, dtype=int).reshape(-1)].tolist())
    left = boxes[kept]
    left[:, 2:] += left[:, :2]
    return left, scores[kept], classes[kept]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
