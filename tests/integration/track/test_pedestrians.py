"""Real pedestrians: what the detector found in the example clip, tracked, against labelled truth.

The detections are cached (tests/data, made by `python -m benchmarks.detections`), so this takes
seconds and needs no model; limits have a margin for a labelled box or two.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.detections import Cached, load
from vedette.contracts.sight import Detections, Tracks
from vedette.evaluation.score import Scores, evaluate
from vedette.track.byte import ByteConfig, ByteTracker
from vedette.track.smooth import Rows, complete

ROOT = Path(__file__).resolve().parents[3]
TRUTH = ROOT / "tests" / "truth" / "pedestrians.csv"


@pytest.fixture(scope="module")
def clip() -> Cached:
    return load(ROOT / "tests" / "data" / "pedestrians.npz")


def followed(clip: Cached, *, step: int = 1, looks: bool = True) -> tuple[list[Tracks], list[int]]:
    """Tracks of every `step`th frame, and the numbers of these frames."""
    tracker, numbers = ByteTracker(ByteConfig()), list(range(1, len(clip.frames) + 1, step))
    seen = []
    for number in numbers:
        found = clip.frames[number - 1]
        found = found if looks else replace(found, looks=None)
        seen.append(tracker.update(found, round((number - 1) / clip.rate * 1e6)))
    return seen, numbers


def scored(clip: Cached, folder: Path, *, step: int = 1, looks: bool = True) -> Scores:
    seen, numbers = followed(clip, step=step, looks=looks)
    picks = [np.flatnonzero(tracks.observed) for tracks in seen]
    both = list(zip(seen, picks, strict=True))
    rows = Rows(
        frames=np.repeat(numbers, [len(pick) for pick in picks]).astype(np.int64),
        ids=np.concatenate([tracks.ids[pick] for tracks, pick in both]),
        boxes=np.concatenate([tracks.boxes[pick] for tracks, pick in both]),
        scores=np.concatenate([tracks.scores[pick] for tracks, pick in both]),
        classes=np.concatenate([tracks.classes[pick] for tracks, pick in both]),
    )
    at_us = np.array([tracks.at_us for tracks in seen], dtype=np.int64)
    rows = complete(rows, frames=np.array(numbers, dtype=np.int64), at_us=at_us)
    boxes = rows.boxes.astype(np.float64) * (clip.width, clip.height, clip.width, clip.height)
    boxes[:, 2:] -= boxes[:, :2]
    path = folder / "tracks.csv"
    np.savetxt(
        path,
        np.column_stack((rows.frames, rows.ids, boxes)),
        fmt=["%d", "%d", "%.3f", "%.3f", "%.3f", "%.3f"],
        delimiter=",",
        header="frame,id,left,top,width,height",
        comments="",
    )
    return evaluate(path, TRUTH)


def test_the_truth_is_worth_the_name() -> None:
    itself = evaluate(TRUTH, TRUTH)
    assert itself.frames >= 40
    assert itself.objects >= 10
    assert (itself.mota, itself.idf1, itself.hota) == pytest.approx((1.0, 1.0, 1.0))


def test_pedestrians_are_found_and_keep_their_numbers(clip: Cached, tmp_path: Path) -> None:
    got = scored(clip, tmp_path)
    assert got.recall >= 0.90
    assert got.precision >= 0.92
    assert got.mota >= 0.83
    assert got.idf1 >= 0.80
    assert got.switches <= 6


def test_half_the_frames_are_enough(clip: Cached, tmp_path: Path) -> None:
    got = scored(clip, tmp_path, step=2)
    assert got.mota >= 0.83
    assert got.idf1 >= 0.80
    assert got.switches <= 6


def test_looks_keep_people_apart_who_meet(clip: Cached, tmp_path: Path) -> None:
    with_looks = scored(clip, tmp_path)
    without = scored(clip, tmp_path, looks=False)
    assert with_looks.idf1 > without.idf1
    assert with_looks.switches < without.switches


def test_a_walk_through_a_closed_gate_loses_nobody_who_stands_still(clip: Cached) -> None:
    """The gate closes for a minute at frame 300; in the last frame everybody stands as before."""
    tracker = ByteTracker(ByteConfig())
    before = None
    for number, found in enumerate(clip.frames[:300]):
        before = tracker.update(found, number * 100_000)
    assert before is not None
    again: Detections = clip.frames[299]
    after = tracker.update(again, 299 * 100_000 + 60_000_000)
    seen = set(before.ids[before.observed & before.confirmed].tolist())
    assert len(seen) >= 4
    assert seen == set(after.ids[after.observed & after.confirmed].tolist())
