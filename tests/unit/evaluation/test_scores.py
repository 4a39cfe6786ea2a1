"""Scores: against motmetrics on random scenes, tables computed by hand, and at the edges."""

import math
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from vedette.contracts.errors import InvalidInput
from vedette.evaluation.score import Scores, evaluate, parse_frames

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import motmetrics

Row = tuple[int, int, float, float, float, float]
"""frame, id, left, top, width, height"""


def write(path: Path, rows: Sequence[Row], label: str | None = None) -> Path:
    head = "frame,id,left,top,width,height" + (",label" if label else "")
    tail = f",{label}" if label else ""
    lines = [",".join(str(value) for value in row) + tail for row in rows]
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


def score(folder: Path, truth: Sequence[Row], tracks: Sequence[Row]) -> Scores:
    return evaluate(write(folder / "tracks.csv", tracks), write(folder / "truth.csv", truth))


def random_scene(seed: int) -> tuple[list[Row], list[Row]]:
    """Walkers in a narrow yard; tracks of them with jitter, misses, swaps and ghosts."""
    rng = np.random.default_rng(seed)
    frames, people = int(rng.integers(5, 40)), int(rng.integers(1, 9))
    start, step = rng.uniform(0, 150, (people, 2)), rng.normal(0, 4, (people, 2))
    number = np.arange(people) + 100
    truth: list[Row] = []
    tracks: list[Row] = []
    for frame in range(1, frames + 1):
        if rng.random() < 0.15:
            rng.shuffle(number)
        if rng.random() < 0.2:
            number[rng.integers(people)] = 200 + frame
        for person in range(people):
            left, top = start[person] + step[person] * frame
            if rng.random() < 0.9:
                truth.append((frame, person + 1, left, top, 30.0, 60.0))
            if rng.random() < 0.8:
                dx, dy, dw = rng.normal(0, 5, 3)
                tracks.append((frame, int(number[person]), left + dx, top + dy, 30.0 + dw, 58.0))
        if rng.random() < 0.3:
            x, y = rng.uniform(0, 150, 2)
            tracks.append((frame, 900 + int(rng.integers(4)), x, y, 30.0, 60.0))
    return truth, tracks


def distance(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """1 - overlap, and nan where a pair is too far apart (its own function needs NumPy 1)."""
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    inside = max(wide, 0.0) * max(high, 0.0)
    overlap = inside / (a[2] * a[3] + b[2] * b[3] - inside)
    return 1.0 - overlap if overlap >= 0.5 else math.nan


def by_motmetrics(truth: Sequence[Row], tracks: Sequence[Row]) -> dict[str, float]:
    accumulator = motmetrics.MOTAccumulator()
    for frame in sorted({row[0] for row in truth}):
        ours, theirs = (
            sorted(row[1:] for row in rows if row[0] == frame) for rows in (truth, tracks)
        )
        distances = [[distance(one[1:], other[1:]) for other in theirs] for one in ours]
        accumulator.update(
            [row[0] for row in ours],
            [row[0] for row in theirs],
            np.array(distances).reshape(len(ours), len(theirs)),
            frameid=frame,
        )
    names = [
        "recall", "precision", "mota", "idf1", "idr", "idp", "num_switches", "num_fragmentations",
        "mostly_tracked", "mostly_lost", "num_misses", "num_false_positives", "num_unique_objects",
    ]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = motmetrics.metrics.create().compute(accumulator, metrics=names, name="scene")
    return {name: float(table[name].iloc[0]) for name in names}


@pytest.mark.parametrize("seed", range(25))
def test_figures_equal_those_of_motmetrics(tmp_path: Path, seed: int) -> None:
    truth, tracks = random_scene(seed)
    ours, theirs = score(tmp_path, truth, tracks), by_motmetrics(truth, tracks)
    assert theirs == pytest.approx(
        {
            "recall": ours.recall,
            "precision": ours.precision,
            "mota": ours.mota,
            "idf1": ours.idf1,
            "idr": ours.id_recall,
            "idp": ours.id_precision,
            "num_switches": ours.switches,
            "num_fragmentations": ours.fragments,
            "mostly_tracked": ours.mostly_tracked,
            "mostly_lost": ours.mostly_lost,
            "num_misses": ours.misses,
            "num_false_positives": ours.false_positives,
            "num_unique_objects": ours.objects,
        }
    )


def test_the_random_scenes_have_switches_and_fragments(tmp_path: Path) -> None:
    seen = [score(tmp_path, *random_scene(seed)) for seed in range(25)]
    assert sum(one.switches for one in seen) > 50
    assert sum(one.fragments for one in seen) > 50


def box(frame: int, number: int, *, left: float = 0.0, width: float = 10.0) -> Row:
    return (frame, number, left, 0.0, width, 20.0)


FOUR = [box(frame, 1) for frame in range(1, 5)]


@pytest.mark.parametrize(
    ("tracks", "det_a", "ass_a", "hota"),
    [
        pytest.param(FOUR, 1.0, 1.0, 1.0, id="perfect"),
        # Each of the four matches has TPA 2, FNA 2, FPA 0: 2/4.
        pytest.param(
            [box(1, 1), box(2, 1), box(3, 2), box(4, 2)], 1.0, 0.5, math.sqrt(0.5), id="two halves"
        ),
        # 2 matches, 2 misses, 2 false positives: 2/6; each match has TPA 2, FNA 2: 2/4.
        pytest.param(
            [box(1, 1), box(2, 1), box(3, 2, left=90), box(4, 2, left=90)],
            2 / 6, 0.5, math.sqrt(1 / 6), id="half and a ghost",
        ),
        # Overlap 6/10 everywhere: a match at 0.05, 0.10 ... 0.60, which are 12 of 19 overlaps.
        pytest.param(
            [box(frame, 1, width=6) for frame in range(1, 5)], 12 / 19, 12 / 19, 12 / 19,
            id="too narrow",
        ),
        # One track in all four frames is right in one: TP 1, FN 3, FP 3; TPA 1, FNA 3, FPA 3.
        pytest.param(
            [box(1, 1), *(box(frame, 1, left=90) for frame in range(2, 5))],
            1 / 7, 1 / 7, 1 / 7, id="walks off",
        ),
        pytest.param([], 0.0, 0.0, 0.0, id="nothing"),
    ],
)  # fmt: skip
def test_hota_equals_the_table_computed_by_hand(
    tmp_path: Path, tracks: list[Row], det_a: float, ass_a: float, hota: float
) -> None:
    got = score(tmp_path, FOUR, tracks)
    assert (got.det_a, got.ass_a, got.hota) == pytest.approx((det_a, ass_a, hota))


def test_only_frames_of_the_truth_are_judged(tmp_path: Path) -> None:
    ghosts = [box(frame, 9, left=90) for frame in range(2, 9)]
    got = score(tmp_path, [box(1, 1), box(11, 1)], [box(1, 1), *ghosts, box(11, 1)])
    assert (got.frames, got.false_positives, got.mota) == (2, 0, 1.0)


def test_frames_without_objects_are_judged_when_they_are_listed(tmp_path: Path) -> None:
    tracks = write(tmp_path / "tracks.csv", [box(1, 1), box(2, 9, left=90)])
    truth = write(tmp_path / "truth.csv", [box(1, 1)])
    assert evaluate(tracks, truth).false_positives == 0
    listed = evaluate(tracks, truth, frames=parse_frames("1-2"))
    assert (listed.frames, listed.false_positives) == (2, 1)


def test_the_overlap_that_counts_can_be_chosen(tmp_path: Path) -> None:
    tracks = write(tmp_path / "tracks.csv", [box(1, 1, width=6)])
    truth = write(tmp_path / "truth.csv", [box(1, 1)])
    assert evaluate(tracks, truth, iou=0.6).matches == 1
    assert evaluate(tracks, truth, iou=0.61).matches == 0


def test_what_is_not_to_be_judged_is_neither_missed_nor_wrong(tmp_path: Path) -> None:
    """Object 2 is hidden in frame 2: who follows it there is not blamed, nor is who does not; but
    a box beside everything is wrong, there too."""
    truth = tmp_path / "truth.csv"
    truth.write_text(
        "frame,id,left,top,width,height,score\n"
        "1,1,0,0,10,20,1\n1,2,50,0,10,20,1\n"
        "2,1,0,0,10,20,1\n2,2,50,0,10,20,0\n",
        encoding="utf-8",
    )
    head = "frame,id,left,top,width,height\n1,1,0,0,10,20\n1,2,50,0,10,20\n2,1,0,0,10,20\n"
    for more, wrong in (("", 0), ("2,2,50,0,10,20\n", 0), ("2,3,200,0,10,20\n", 1)):
        tracks = tmp_path / "tracks.csv"
        tracks.write_text(head + more, encoding="utf-8")
        got = evaluate(tracks, truth)
        assert (got.matches, got.misses, got.false_positives) == (3, 0, wrong)


def test_classes_that_the_truth_does_not_name_are_not_judged(tmp_path: Path) -> None:
    tracks = tmp_path / "tracks.csv"
    tracks.write_text(
        "frame,id,left,top,width,height,score,label\n"
        "1,1,0,0,10,20,0.9,person\n1,2,50,0,10,20,0.9,car\n"
    )
    truth = write(tmp_path / "truth.csv", [box(1, 1)], label="person")
    assert evaluate(tracks, truth).false_positives == 0
    bare = write(tmp_path / "bare.csv", [box(1, 1)])
    assert evaluate(tracks, bare).false_positives == 1
    assert evaluate(tracks, bare, label="person").false_positives == 0
    assert evaluate(tracks, truth, label="car").matches == 0


def test_a_truth_without_rows_is_refused(tmp_path: Path) -> None:
    tracks, truth = write(tmp_path / "tracks.csv", FOUR), write(tmp_path / "truth.csv", [])
    with pytest.raises(InvalidInput, match="nothing to compare"):
        evaluate(tracks, truth)
    with pytest.raises(InvalidInput, match="overlap must be"):
        evaluate(tracks, tracks, iou=0.0)


@pytest.mark.parametrize(
    ("text", "frames"), [("1-4", [1, 2, 3, 4]), ("1-31/10", [1, 11, 21, 31]), ("7", [7])]
)
def test_frames_are_read_from_words(text: str, frames: list[int]) -> None:
    assert list(parse_frames(text)) == frames


@pytest.mark.parametrize("text", ["", "4-1", "0-3", "1-4/0", "a-b", "1-2-3", "-3"])
def test_other_words_for_frames_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="1-450/10"):
        parse_frames(text)
