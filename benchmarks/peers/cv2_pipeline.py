"""The tutorial's way, done well: OpenCV reads and subtracts (MOG2), ByteTrack follows, a zone.

    python benchmarks/peers/cv2_pipeline.py video.mp4 answers.json

Frames between two samples are grabbed and not converted; MOG2 works on 640 x 360 grey; the
detector's answers are known.
"""

import json
import os
import sys
from pathlib import Path

os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "threads;1"

import cv2
import numpy as np
import supervision as sv  # type: ignore[import-not-found]
from common import SAMPLES_PER_S, ZONE, StayRule, answers, cpu_s  # type: ignore[import-not-found]
from trackers import ByteTrackTracker  # type: ignore[import-not-found]


def main(video: Path, known: Path) -> None:
    """Look at the whole file."""
    cv2.setNumThreads(1)
    moments = answers(known)
    began = cpu_s()
    capture = cv2.VideoCapture(str(video), cv2.CAP_FFMPEG)
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    fps = capture.get(cv2.CAP_PROP_FPS)
    step = round(fps / SAMPLES_PER_S)
    background = cv2.createBackgroundSubtractorMOG2(detectShadows=True)
    tracker = ByteTrackTracker(frame_rate=SAMPLES_PER_S)
    zone = np.round(np.array(ZONE) * (width, height)).astype(np.int32)
    rule = StayRule()
    tracks: set[int] = set()
    frames = analysed = looked = 0
    while capture.grab():
        frames += 1
        if (frames - 1) % step:
            continue
        _, picture = capture.retrieve()
        analysed += 1
        small = cv2.resize(picture, (640, 360), interpolation=cv2.INTER_AREA)
        mask = background.apply(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
        _, moving = cv2.threshold(mask, 200, 255, cv2.THRESH_BINARY)
        found = sv.Detections.empty()
        if cv2.countNonZero(moving) > 0.0008 * moving.size:
            looked += 1
            rows = np.array(moments[(analysed - 1) % len(moments)], dtype=np.float32)
            rows = rows.reshape(-1, 5)
            found = sv.Detections(
                xyxy=rows[:, :4] * np.array([width, height, width, height], dtype=np.float32),
                confidence=rows[:, 4],
                class_id=np.zeros(len(rows), dtype=int),
            )
        seen = tracker.update(found)
        inside = {}
        for box, own in zip(seen.xyxy, seen.tracker_id, strict=True):
            if own >= 0:
                foot = (float(box[0] + box[2]) / 2, float(box[3]))
                inside[int(own)] = cv2.pointPolygonTest(zone, foot, False) >= 0
        tracks.update(inside)
        rule.see((frames - 1) / fps, inside)
    spent = cpu_s() - began
    said = {"cpu_s": spent, "frames": frames, "analysed": analysed, "looked": looked}
    print(json.dumps({**said, "tracks": len(tracks), "events": rule.events}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
