"""Which polygons hold which points: cv2.pointPolygonTest one by one, and shapely in one call.

    python benchmarks/peers/zones.py given.npz answer.npz REPEATS

`given.npz`: points (n, 2), polygons (z, corners, 2). `answer.npz`: `cv2` and `shapely`, (n, z)
booleans. The last line printed is JSON: CPU milliseconds of a moment, the best of five series.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import shapely


def main(given: Path, answer: Path, repeats: int) -> None:
    """Ask both."""
    with np.load(given) as file:
        points, polygons = file["points"], file["polygons"]
    contours = [polygon.astype(np.float32) for polygon in polygons]
    feet = [(float(x), float(y)) for x, y in points]

    def one_by_one() -> Any:
        return [[cv2.pointPolygonTest(c, foot, False) >= 0 for c in contours] for foot in feet]

    shapes = np.array([shapely.Polygon(polygon) for polygon in polygons])
    shapely.prepare(shapes)

    def at_once() -> Any:
        return shapely.contains_xy(shapes[None, :], points[:, :1], points[:, 1:])

    np.savez(answer, cv2=np.array(one_by_one()), shapely=at_once())
    cv2_ms, shapely_ms = best(one_by_one, repeats), best(at_once, repeats)
    print(json.dumps({"cv2_ms": cv2_ms, "shapely_ms": shapely_ms}))


def best(work: Callable[[], Any], repeats: int) -> float:
    """CPU milliseconds of one call."""
    spent = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(repeats):
            work()
        spent.append((time.process_time() - began) / repeats * 1e3)
    return min(spent)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
