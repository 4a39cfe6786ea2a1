"""CLEAR MOT: are objects found, and do they keep their number?

Source: Bernardin and Stiefelhagen, Evaluating multiple object tracking performance: the CLEAR MOT
metrics, EURASIP Journal on Image and Video Processing, 2008.
"""

from dataclasses import dataclass

import numpy as np

from vedette.evaluation.mot import F64, I64
from vedette.evaluation.scene import Scene, Sight, best_pairs

_TRACKED, _LOST = 0.8, 0.2
_NEVER = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """Counts over all judged frames."""

    matches: int
    """Boxes of the truth that a track covers (switches included)."""
    misses: int
    false_positives: int
    switches: int
    """Times that an object continues under another number than when it was last covered."""
    fragments: int
    """Times that an object is missed between two moments at which it is covered."""
    mostly_tracked: int
    """Objects covered in at least 80 % of their frames."""
    mostly_lost: int
    """Objects covered in less than 20 % of their frames."""


def clear(scene: Scene, iou: float) -> Clear:
    """Count matches, misses, false positives, switches and fragments.

    A pair of the last match is kept while it still overlaps enough; the rest is paired so that as
    many as possible match, and among these so that they overlap most.
    """
    last = np.full(scene.objects, _NEVER, dtype=np.int64)
    present = np.zeros(scene.objects, dtype=np.int64)
    covered = np.zeros(scene.objects, dtype=np.int64)
    missed_since = np.zeros(scene.objects, dtype=np.bool_)
    switches = fragments = 0
    for sight in scene.sights:
        match = _match(sight, last, iou)
        hit = match != _NEVER
        objects, tracks = sight.truth[hit], sight.found[match[hit]]
        seen_before = last[objects] != _NEVER
        switches += int(np.count_nonzero(seen_before & (last[objects] != tracks)))
        fragments += int(np.count_nonzero(seen_before & missed_since[objects]))
        last[objects] = tracks
        missed_since[objects] = False
        missed_since[sight.truth[~hit]] = True
        present[sight.truth] += 1
        covered[objects] += 1
    matches = int(covered.sum())
    ratio: F64 = covered / np.maximum(present, 1)
    return Clear(
        matches=matches,
        misses=scene.truth_boxes - matches,
        false_positives=scene.found_boxes - matches,
        switches=switches,
        fragments=fragments,
        mostly_tracked=int(np.count_nonzero(ratio >= _TRACKED)),
        mostly_lost=int(np.count_nonzero(ratio < _LOST)),
    )


def _match(sight: Sight, last: I64, iou: float) -> I64:
    """(n,) row of `sight.found` of each object of the frame, -1 where it is missed."""
    match = np.full(len(sight.truth), _NEVER, dtype=np.int64)
    if not len(sight.truth) or not len(sight.found):
        return match
    close = sight.matching(iou)
    kept = close & (last[sight.truth][:, None] == sight.found[None, :])
    kept &= (
        np.cumsum(kept, axis=0) == 1
    )  # two objects may remember the same track: the first has it
    rows, columns = np.nonzero(kept)
    match[rows] = columns
    close[rows, :] = False
    close[:, columns] = False
    rows, columns = best_pairs(np.where(close, len(sight.truth) + sight.iou, 0.0))
    match[rows] = columns
    return match
