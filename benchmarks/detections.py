"""What a model of the catalogue finds in a clip, kept in a file, so that trackers can be compared.

    python -m benchmarks.detections nanodet-640 examples/pedestrians.mp4 detections.npz

Only people; boxes and scores in 16 bits, looks in 8. The tests' copy of the example clip
(tests/data/pedestrians.npz) was made by this command.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from vedette.contracts.frame import Frame
from vedette.contracts.sample import dequantise, quantise
from vedette.contracts.sight import Detections
from vedette.detect.onnx import OnnxConfig, OnnxDetector
from vedette.models.catalogue import Catalogue
from vedette.models.store import ModelStore
from vedette.track.looks import describe

LABELS = ("person",)
LOWEST = 0.2
"""Scores below are of no use to any tracker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """Detections of each frame of a clip, in order."""

    width: int
    height: int
    rate: float
    detector_ms: float
    """CPU time of the detector per frame, where the file was made."""
    frames: tuple[Detections, ...]


def frames_of(video: Path) -> Iterator[Frame]:
    """Decode a clip; numbers from 1, times from its presentation times."""
    with av.open(str(video)) as container:
        for number, picture in enumerate(container.decode(video=0), start=1):
            height, width = picture.height, picture.width
            sheet = np.asarray(picture.to_ndarray(format="yuv420p"), dtype=np.uint8)
            chroma = sheet[height:].reshape(2, height // 2, width // 2)
            yield Frame(
                camera_id="clip",
                number=number,
                at_us=round((picture.time or 0.0) * 1e6),
                y=sheet[:height],
                u=chroma[0],
                v=chroma[1],
            )


def cache(model: str, video: Path, out: Path) -> None:
    """Run the detector over the whole clip and write what it found."""
    spec = Catalogue.load().get(model)
    detector = OnnxDetector(
        OnnxConfig(score=LOWEST, labels=LABELS), spec=spec, path=ModelStore().pull(spec)
    )
    person = detector.labels.index(LABELS[0])
    found: list[Detections] = []
    times: list[int] = []
    spent, size = 0.0, (0, 0)
    for frame in frames_of(video):
        began = time.process_time()
        (seen,) = detector.detect([frame])
        spent += time.process_time() - began
        found.append(describe(frame, seen.pick(seen.classes == person)))
        times.append(frame.at_us)
        size = (frame.width, frame.height)
    np.savez_compressed(
        out,
        size=np.array(size),
        rate=np.array(1e6 / np.median(np.diff(times))),
        detector_ms=np.array(spent / len(found) * 1e3),
        counts=np.array([len(one) for one in found]),
        boxes=quantise(np.concatenate([one.boxes for one in found])),
        scores=quantise(np.concatenate([one.scores for one in found])),
        looks=np.rint(
            np.concatenate([one.looks for one in found if one.looks is not None]) * 255
        ).astype(np.uint8),
    )


def load(path: Path) -> Cached:
    """Read what `cache` wrote."""
    with np.load(path) as file:
        ends = np.cumsum(file["counts"])
        looks = file["looks"].astype(np.float32) / 255
        looks /= np.maximum(np.linalg.norm(looks, axis=1, keepdims=True), 1e-9)
        boxes, scores = dequantise(file["boxes"]), dequantise(file["scores"])
        frames = tuple(
            Detections(
                boxes=boxes[end - count : end],
                scores=scores[end - count : end],
                classes=np.zeros(count, dtype=np.int16),
                labels=LABELS,
                looks=looks[end - count : end],
            )
            for end, count in zip(ends.tolist(), file["counts"].tolist(), strict=True)
        )
        width, height = file["size"].tolist()
        return Cached(
            width=width,
            height=height,
            rate=float(file["rate"]),
            detector_ms=float(file["detector_ms"]),
            frames=frames,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="name in the catalogue: vedette models list")
    parser.add_argument("video", type=Path)
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args()
    cache(chosen.model, chosen.video, chosen.out)
