"""What a pose detector says of people reaches those who watch a camera's tracks, each its own."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tests.unit.pipeline.rig import PERSON, film, pipeline, walk
from vedette.contracts.frame import Frame
from vedette.contracts.sight import KEYPOINTS, NO_BOXES, Detections, Motion, Tracks
from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.testing.scripted import RecordingSink, ScriptedSource


class Posing(BlobDetector):
    """All joints of everybody are where the head is."""

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        return [replace(one, keypoints=heads(one)) for one in super().detect(frames)]


def heads(found: Detections) -> np.ndarray:
    x, y = (found.boxes[:, 0] + found.boxes[:, 2]) / 2, found.boxes[:, 1]
    rows = np.stack((x, y, np.full_like(x, 0.9)), axis=1)
    return np.repeat(rows[:, None], len(KEYPOINTS), axis=1)


def watched(detector: BlobDetector) -> list[Tracks]:
    seen: list[Tracks] = []
    source = ScriptedSource([], live=False)
    with pipeline(source, sink=RecordingSink(), detector=detector, rules=[]) as built:
        built.look.watchers = (lambda frame, tracks: seen.append(tracks),)
        for frame in walk():
            built.see(frame)
        empty = film(start_us=frame.at_us + 200_000, seconds=1.0)
        for frame in empty:
            built.see(frame)
    assert seen
    return seen


def test_joints_reach_those_who_watch_tracks() -> None:
    seen = watched(Posing(BlobConfig()))
    there = [tracks for tracks in seen if tracks.observed.any()]
    assert len(there) >= 10
    for tracks in there:
        assert tracks.keypoints is not None
        (row,) = np.flatnonzero(tracks.observed)
        left, top, right, _ = tracks.boxes[row]
        np.testing.assert_allclose(
            tracks.keypoints[row], [((left + right) / 2, top, 0.9)] * len(KEYPOINTS), atol=0.01
        )
    gone = [tracks for tracks in seen if len(tracks) and not tracks.observed.any()]
    assert gone, "looked for in vain at least once"
    assert not any(tracks.keypoints.any() for tracks in gone if tracks.keypoints is not None)


def test_without_a_pose_detector_there_are_none() -> None:
    assert all(tracks.keypoints is None for tracks in watched(BlobDetector(BlobConfig())))


def test_nobody_has_joints_while_nobody_looks() -> None:
    source = ScriptedSource([], live=False)
    quiet = Motion(fraction=0.0, boxes=NO_BOXES, active=False, code="quiet")
    with pipeline(
        source,
        sink=RecordingSink(),
        detector=Posing(BlobConfig()),
        rules=[],
        detect={"recheck_s": 5},
    ) as built:
        first, second, *_ = (built.look.at(frame, quiet) for frame in film(*[PERSON]))
    assert first.keypoints is not None
    assert first.keypoints.any()
    assert len(second) == 1
    assert second.keypoints is None
