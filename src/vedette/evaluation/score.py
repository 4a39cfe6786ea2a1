"""Scores a file of tracks against a file of truth: the figures of `vedette eval`."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vedette.contracts.errors import InvalidInput
from vedette.evaluation.clear import clear
from vedette.evaluation.hota import hota
from vedette.evaluation.identity import true_positive_identities
from vedette.evaluation.mot import Boxes, read_boxes, read_truth
from vedette.evaluation.scene import best_pairs, intersection_over_union, lay_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """MOTChallenge figures of one scene; ratios are 0..1 (MOTA may be below 0)."""

    frames: int
    """Judged frames."""
    objects: int
    """Different objects in the truth."""
    tracks: int
    """Different tracks in the judged frames."""
    truth_boxes: int
    track_boxes: int
    matches: int
    misses: int
    false_positives: int
    switches: int
    fragments: int
    mostly_tracked: int
    mostly_lost: int
    recall: float
    precision: float
    mota: float
    idf1: float
    id_recall: float
    id_precision: float
    hota: float
    """Mean over overlaps of 0.05 to 0.95, as are the next two."""
    det_a: float
    ass_a: float


def parse_frames(text: str) -> range:
    """Read `FIRST-LAST` or `FIRST-LAST/STEP`, both ends included: `1-450/10`.

    Raises:
        InvalidInput: it is anything else.
    """
    span, _, step = text.partition("/")
    first, dash, last = span.partition("-")
    numbers = (first.strip(), last.strip() if dash else first.strip(), step.strip() or "1")
    if not all(number.isascii() and number.isdigit() for number in numbers):
        raise InvalidInput(f"frames {text!r}: write FIRST-LAST or FIRST-LAST/STEP, as 1-450/10")
    start, stop, stride = (int(number) for number in numbers)
    if start < 1 or stop < start or stride < 1:
        raise InvalidInput(f"frames {text!r}: count from 1 and upwards, as 1-450/10")
    return range(start, stop + 1, stride)


def evaluate(
    tracks: Path,
    truth: Path,
    *,
    iou: float = 0.5,
    label: str | None = None,
    frames: Iterable[int] | None = None,
) -> Scores:
    """Compare tracks with the truth.

    The truth may be sparse: only frames that it names are judged, and what the tracks say of other
    frames is ignored. A frame without any object cannot be named by a row of the truth: list such
    frames, or all judged ones, in `frames`.

    Args:
        tracks: file of `vedette analyze --tracks`, or any MOTChallenge result.
        truth: same form; rows of confidence 0 are not judged, nor is a track's box where it
            covers one of them and no other (MOTChallenge's way with what cannot be fairly asked).
        iou: overlap from which a pair matches (HOTA has its own overlaps).
        label: judge only this class; a file without labels counts whole. Without it, classes that
            the truth does not name are not judged, where the truth names classes.
        frames: judge exactly these frames instead of those that the truth names.
    Raises:
        InvalidInput: a file cannot be read, a row is malformed, or there is nothing to judge.
    """
    if not 0.0 < iou <= 1.0:
        raise InvalidInput(f"the overlap must be more than 0 and at most 1, and is {iou}")
    both, found = read_truth(truth), read_boxes(tracks)
    known = both.judged
    judged = known.frames if frames is None else np.fromiter(frames, dtype=np.int64)
    if not len(judged):
        raise InvalidInput(f"{truth} has no rows, so there is nothing to compare with")
    wanted = {label} if label is not None else set(known.labels or ())
    known, found = _of_labels(known, wanted), _of_labels(found, wanted)
    found = _without(found, known, _of_labels(both.aside, wanted), iou)
    return _scores(known, found, judged.tolist(), iou)


def _without(found: Boxes, known: Boxes, aside: Boxes, iou: float) -> Boxes:
    """The tracks' boxes without those that belong to what is not judged."""
    keep = np.ones(len(found), dtype=np.bool_)
    for frame in np.unique(aside.frames).tolist():
        n, k, m = (np.flatnonzero(boxes.frames == frame) for boxes in (known, aside, found))
        there = np.concatenate((known.boxes[n], aside.boxes[k]))
        overlap = intersection_over_union(there, found.boxes[m])
        worth = np.where(overlap >= iou, len(there) + overlap, 0.0)
        rows, columns = best_pairs(worth)
        keep[m[columns[rows >= len(n)]]] = False
    return found.pick(keep)


def _of_labels(boxes: Boxes, wanted: set[str]) -> Boxes:
    if not wanted or boxes.labels is None:
        return boxes
    return boxes.pick(np.array([label in wanted for label in boxes.labels], dtype=np.bool_))


def _scores(truth: Boxes, found: Boxes, frames: list[int], iou: float) -> Scores:
    scene = lay_out(truth, found, frames)
    counts, pairs = clear(scene, iou), true_positive_identities(scene, iou)
    higher = hota(scene)
    wanted, given = scene.truth_boxes, scene.found_boxes
    wrong = counts.misses + counts.false_positives + counts.switches
    return Scores(
        frames=len(scene.sights),
        objects=scene.objects,
        tracks=scene.tracks,
        truth_boxes=wanted,
        track_boxes=given,
        matches=counts.matches,
        misses=counts.misses,
        false_positives=counts.false_positives,
        switches=counts.switches,
        fragments=counts.fragments,
        mostly_tracked=counts.mostly_tracked,
        mostly_lost=counts.mostly_lost,
        recall=_ratio(counts.matches, wanted),
        precision=_ratio(counts.matches, given),
        mota=1.0 - wrong / wanted if wanted else float(wrong == 0),
        idf1=_ratio(2 * pairs, wanted + given),
        id_recall=_ratio(pairs, wanted),
        id_precision=_ratio(pairs, given),
        hota=float(higher.hota.mean()),
        det_a=float(higher.detection.mean()),
        ass_a=float(higher.association.mean()),
    )


def _ratio(part: int, whole: int) -> float:
    """A ratio of nothing is perfect: nothing was asked for, and nothing was given."""
    return part / whole if whole else 1.0
