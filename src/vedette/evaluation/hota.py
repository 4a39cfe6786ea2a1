"""HOTA: detection and association in one figure, over all overlaps.

Source: Luiten, Osep, Dendorfer, Torr, Geiger, Leal-Taixe and Leibe, HOTA: a higher order metric
for evaluating multi-object tracking, International Journal of Computer Vision, 2021.
"""

from dataclasses import dataclass

import numpy as np

from vedette.evaluation.mot import F64
from vedette.evaluation.scene import Scene, best_pairs

ALPHAS: F64 = np.linspace(0.05, 0.95, 19)
"""Overlaps at which a pair counts as a match."""
_TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Hota:
    """Each (19,), one value per overlap of `ALPHAS`, 0..1."""

    detection: F64
    """DetA: matches of all boxes of either side."""
    association: F64
    """AssA: of a matching pair's object and track, how much of both is one another's."""

    @property
    def hota(self) -> F64:
        """(19,) geometric mean of both."""
        joined: F64 = np.sqrt(self.detection * self.association)
        return joined


def hota(scene: Scene) -> Hota:
    """Compute DetA and AssA at each overlap.

    Pairs are chosen once per frame (section 5 of the paper): by how well object and track fit over
    the whole scene, times how much they overlap here; then each overlap keeps those at least as
    close.
    """
    fit, of_object, of_track = _global_fit(scene)
    together = np.zeros((len(ALPHAS), scene.objects, scene.tracks), dtype=np.float64)
    for sight in scene.sights:
        rows, columns = best_pairs(fit[np.ix_(sight.truth, sight.found)] * sight.iou)
        close = sight.iou[rows, columns][None, :] >= ALPHAS[:, None] - _TINY
        together[:, sight.truth[rows], sight.found[columns]] += close
    matches = together.sum(axis=(1, 2))
    boxes = scene.truth_boxes + scene.found_boxes
    either = of_object[None, :, None] + of_track[None, None, :] - together
    shared = (together * (together / np.maximum(either, 1.0))).sum(axis=(1, 2))
    return Hota(
        detection=matches / np.maximum(boxes - matches, 1.0),
        association=shared / np.maximum(matches, 1.0),
    )


def _global_fit(scene: Scene) -> tuple[F64, F64, F64]:
    """How well each object and track fit over the whole scene, and how many boxes each has."""
    potential = np.zeros((scene.objects, scene.tracks), dtype=np.float64)
    of_object = np.zeros(scene.objects, dtype=np.float64)
    of_track = np.zeros(scene.tracks, dtype=np.float64)
    for sight in scene.sights:
        around = sight.iou.sum(axis=0)[None, :] + sight.iou.sum(axis=1)[:, None] - sight.iou
        potential[np.ix_(sight.truth, sight.found)] += sight.iou / np.maximum(around, _TINY)
        of_object[sight.truth] += 1.0
        of_track[sight.found] += 1.0
    either = of_object[:, None] + of_track[None, :] - potential
    fit: F64 = potential / np.maximum(either, _TINY)
    return fit, of_object, of_track
