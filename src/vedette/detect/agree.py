"""How far detectors agree: whose boxes do the others confirm?

Without truth the best guess is the consensus: the detector that agrees most with all others (the
medoid under the F1 of their boxes at an overlap of a half).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vedette.contracts.sight import Detections
from vedette.detect.suppress import pairwise_iou

OVERLAP = 0.5
"""Boxes of one class that overlap by at least this mean the same object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One detector's boxes beside another's."""

    hits: int = 0
    """Boxes that both have."""
    boxes: int = 0
    """Of the one that is judged."""
    wanted: int = 0
    """Of the one that is taken for right."""

    @property
    def recall(self) -> float:
        """Part of the wanted boxes that were found; 1 where none was wanted."""
        return self.hits / self.wanted if self.wanted else 1.0

    @property
    def precision(self) -> float:
        """Part of the boxes that were wanted; 1 where there is none."""
        return self.hits / self.boxes if self.boxes else 1.0

    @property
    def f1(self) -> float:
        both = self.boxes + self.wanted
        return 2 * self.hits / both if both else 1.0


def agreement(judged: Sequence[Detections], right: Sequence[Detections]) -> Agreement:
    """Compare frame by frame; only classes that both know by name count."""
    hits = boxes = wanted = 0
    for one, other in zip(judged, right, strict=True):
        common = set(one.labels) & set(other.labels)
        mine, theirs = _only(one, common), _only(other, common)
        boxes, wanted = boxes + len(mine), wanted + len(theirs)
        hits += _hits(mine, theirs)
    return Agreement(hits=hits, boxes=boxes, wanted=wanted)


def consensus(
    answers: Mapping[str, Sequence[Detections]], families: Mapping[str, str] | None = None
) -> str:
    """The name of the detector that agrees most with all others; the first one of equals.

    Args:
        families: of each name: those of one family (the same network in other sizes, or on other
            engines) confirm each other too easily, so only other families count where there are
            any, each with the mean of its members.
    Raises:
        ValueError: there is none.
    """
    if not answers:
        raise ValueError("nobody answered")
    family = {name: (families or {}).get(name, name) for name in answers}

    def confirmed(name: str) -> float:
        by_family: dict[str, list[float]] = {}
        for other in answers:
            if other != name:
                f1 = agreement(answers[name], answers[other]).f1
                by_family.setdefault(family[other], []).append(f1)
        strangers = [values for kin, values in by_family.items() if kin != family[name]]
        means = [sum(values) / len(values) for values in strangers or by_family.values()]
        return sum(means) / len(means) if means else 0.0

    return max(answers, key=confirmed)


def _only(found: Detections, labels: set[str]) -> Detections:
    known = np.array([label in labels for label in found.labels], dtype=np.bool_)
    return found.pick(known[found.classes]) if len(found) else found


def _hits(mine: Detections, theirs: Detections) -> int:
    """Boxes that match one to one, best scores first."""
    overlap = pairwise_iou(mine.boxes, theirs.boxes)
    for row, kind in enumerate(mine.classes):
        label = mine.labels[int(kind)]
        same = np.array([theirs.labels[int(other)] == label for other in theirs.classes], np.bool_)
        overlap[row, ~same] = 0.0
    hits = 0
    for row in np.argsort(-mine.scores, kind="stable"):
        if overlap.shape[1] and overlap[row].max() >= OVERLAP:
            overlap[:, int(overlap[row].argmax())] = 0.0
            hits += 1
    return hits
