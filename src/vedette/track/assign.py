"""Who is who: one-to-one pairs of tracks and detections."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from vedette.track.boxes import F64

Index = npt.NDArray[np.intp]

_NONE: Index = np.zeros(0, dtype=np.intp)


def assign(likeness: F64, least: float) -> tuple[Index, Index]:
    """Pairs that are at least so alike: as many as possible, and among these the most alike.

    Pairs without a rival are taken at once; only where several compete is the assignment problem
    solved (Crouse, On implementing 2D rectangular assignment algorithms, 2016), and only for these.

    Args:
        likeness: (n, m) of tracks and detections, 0..1.
        least: more than 0; below, a pair is impossible.
    Returns:
        rows, columns: (k,) each.
    """
    if not likeness.size:
        return _NONE, _NONE
    possible = likeness >= least
    rows, columns = np.nonzero(possible)
    rivals_of_row, rivals_of_column = possible.sum(axis=1), possible.sum(axis=0)
    alone = (rivals_of_row[rows] == 1) & (rivals_of_column[columns] == 1)
    if alone.all():
        return rows, columns
    hard_rows, hard_columns = np.unique(rows[~alone]), np.unique(columns[~alone])
    part = np.ix_(hard_rows, hard_columns)
    worth = np.where(possible[part], 1.0 + likeness[part], 0.0)
    r, c = linear_sum_assignment(worth, maximize=True)
    taken = worth[r, c] > 0.0
    return (
        np.concatenate((rows[alone], hard_rows[r[taken]])),
        np.concatenate((columns[alone], hard_columns[c[taken]])),
    )
