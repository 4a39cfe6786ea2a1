"""Frigate's shape: FFmpeg in its own process, raw video through a pipe, norfair, a zone.

    python benchmarks/peers/frigate_shape.py video.mp4 answers.json

Written after its documentation and behaviour, not its code: FFmpeg decodes everything and hands
five frames a second to Python as yuv420p; motion on the luma plane as in `frigate_motion.py`;
norfair with a distance by box size; the detector's answers are known.
"""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import norfair  # type: ignore[import-not-found]
import numpy as np
from common import SAMPLES_PER_S, ZONE, StayRule, answers, cpu_s  # type: ignore[import-not-found]
from frigate_motion import Motion  # type: ignore[import-not-found]

WIDTH, HEIGHT = 1280, 720


def distance(found: "norfair.Detection", track: "norfair.tracker.TrackedObject") -> float:
    """Movement of the middle of the lower edge and change of size, in sizes of the object."""
    before, now = track.estimate, found.points
    size = np.maximum(before[1] - before[0], 1.0)
    here = np.array([(now[0][0] + now[1][0]) / 2, now[1][1]])
    there = np.array([(before[0][0] + before[1][0]) / 2, before[1][1]])
    change = (now[1] - now[0]) / size - 1.0
    return float(np.linalg.norm(np.concatenate(((here - there) / size, change))))


def main(video: Path, known: Path) -> None:
    """Look at the whole file."""
    cv2.setNumThreads(1)
    moments = answers(known)
    began = cpu_s()
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "info", "-threads", "1"]
    command += ["-i", str(video), "-r", str(SAMPLES_PER_S), "-f", "rawvideo", "-pix_fmt", "yuv420p"]
    decoder = subprocess.Popen([*command, "pipe:"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert decoder.stdout is not None
    assert decoder.stderr is not None
    motion = Motion((HEIGHT, WIDTH))
    tracker = norfair.Tracker(
        distance_function=distance, distance_threshold=2.5, initialization_delay=2
    )
    scale = np.array([[WIDTH, HEIGHT], [WIDTH, HEIGHT]], dtype=np.float64)
    zone = np.round(np.array(ZONE) * scale[0]).astype(np.int32)
    rule = StayRule()
    tracks: set[int] = set()
    analysed = looked = 0
    size = WIDTH * HEIGHT * 3 // 2
    while len(data := decoder.stdout.read(size)) == size:
        frame = np.frombuffer(data, dtype=np.uint8).reshape(HEIGHT * 3 // 2, WIDTH)
        found = []
        if motion.detect(frame[:HEIGHT]):
            looked += 1
            for *box, score in moments[analysed % len(moments)]:
                points = np.array(box, dtype=np.float64).reshape(2, 2) * scale
                found.append(norfair.Detection(points=points, scores=np.full(2, score)))
        inside = {}
        for each in tracker.update(detections=found):
            (left, _), (right, bottom) = each.estimate.tolist()
            foot = ((left + right) / 2, bottom)
            inside[int(each.id)] = cv2.pointPolygonTest(zone, foot, False) >= 0
        tracks.update(inside)
        rule.see(analysed / SAMPLES_PER_S, inside)
        analysed += 1
    report = decoder.stderr.read().decode()
    decoder.wait()
    spent = cpu_s() - began
    said = {"cpu_s": spent, "frames": _decoded(report), "analysed": analysed, "looked": looked}
    print(json.dumps({**said, "tracks": len(tracks), "events": rule.events}))


def _decoded(report: str) -> int:
    """Frames that FFmpeg decoded: written ones and those that it dropped for the lower rate."""
    last = report.replace("\r", "\n").strip().splitlines()
    line = next(line for line in reversed(last) if line.startswith("frame="))
    words = line.replace("=", " ").split()
    drops = int(words[words.index("drop") + 1]) if "drop" in words else 0
    return int(words[1]) + drops


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
