"""Motion by OpenCV's MOG2, or Frigate's way, on clips of luma; see benchmarks/motion_gate.py.

    python benchmarks/peers/motion.py FOLDER mog2|frigate

The last line printed is JSON: CPU milliseconds of a picture, and per clip whether each moved.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "threads;1"

import cv2
import numpy as np
from frigate_motion import Motion  # type: ignore[import-not-found]

WIDTH, HEIGHT = 1280, 720
SMALLEST = 0.0008
"""Part of the picture that a moving thing covers at least."""
Moves = Callable[[Any], bool]


def main(folder: Path, which: str) -> None:
    """Every clip from nothing."""
    cv2.setNumThreads(1)
    spent_s, pictures = 0.0, 0
    seen: dict[str, list[int]] = {}
    for path in sorted(folder.glob("*.mp4")):
        moves = mog2() if which == "mog2" else frigate()
        capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
        moved = []
        while True:
            there, sheet = capture.read()
            if not there:
                break
            luma = np.ascontiguousarray(sheet.reshape(-1, WIDTH)[:HEIGHT])
            began = time.process_time()
            moved.append(int(moves(luma)))
            spent_s += time.process_time() - began
        pictures += len(moved)
        seen[path.stem] = moved
    print(json.dumps({"ms": spent_s * 1e3 / pictures, "seen": seen}))


def mog2() -> Moves:
    """Background subtraction, opened, with contours of a least size."""
    background = cv2.createBackgroundSubtractorMOG2(detectShadows=True)
    square = np.ones((3, 3), dtype=np.uint8)

    def moves(luma: Any) -> bool:
        small = cv2.resize(luma, (640, 360), interpolation=cv2.INTER_AREA)
        _, mask = cv2.threshold(background.apply(small), 200, 255, cv2.THRESH_BINARY)
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, square)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        return any(cv2.contourArea(contour) > SMALLEST * mask.size for contour in contours)

    return moves


def frigate() -> Moves:
    """As it does without a mask."""
    motion = Motion((HEIGHT, WIDTH))
    return lambda luma: bool(motion.detect(luma))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
