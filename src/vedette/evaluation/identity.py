"""IDF1: how much of each object is followed under one number?

Source: Ristani, Solera, Zou, Cucchiara and Tomasi, Performance measures and a data set for
multi-target, multi-camera tracking, ECCV Workshops, 2016.
"""

import numpy as np

from vedette.evaluation.scene import Scene, best_pairs


def true_positive_identities(scene: Scene, iou: float) -> int:
    """IDTP: boxes that match when each object is given its one best track, and each track to one.

    IDF1 = 2 IDTP / (boxes of the truth + boxes of the tracks). Pairing objects and tracks to make
    IDTP largest is the same as pairing them at least IDFP + IDFN, since both sums of boxes are
    fixed.
    """
    together = np.zeros((scene.objects, scene.tracks), dtype=np.float64)
    for sight in scene.sights:
        rows, columns = np.nonzero(sight.matching(iou))
        together[sight.truth[rows], sight.found[columns]] += 1.0
    return int(together[best_pairs(together)].sum())
