"""Who is who: one-to-one pairs of tracks and detections."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from vedette.track.boxes import F64, Index


def assign(
    rows: Index, columns: Index, likeness: F64, least: float, picture: Index | None = None
) -> tuple[Index, Index]:
    """Of the possible pairs as many as possible, and among these the most alike.

    Pairs without a rival are taken at once; only where several compete is the assignment problem
    solved (Crouse, On implementing 2D rectangular assignment algorithms, 2016), and only for these.

    Args:
        rows, columns: (k,) track and detection of each possible pair, no pair twice.
        likeness: (k,) more than 0.
        least: pairs that are less alike are impossible after all.
        picture: picture of each row, where there are several; each is solved by itself, so that
            what happens in one changes nothing in another.
    Returns:
        rows, columns: of the pairs taken.
    """
    good = likeness >= least
    if not good.all():
        rows, columns, likeness = rows[good], columns[good], likeness[good]
    if not len(rows):
        return rows, columns
    alone = (np.bincount(rows)[rows] == 1) & (np.bincount(columns)[columns] == 1)
    if alone.all():
        return rows, columns
    hard = ~alone
    taken = [(rows[alone], columns[alone])]
    rows, columns, likeness = rows[hard], columns[hard], likeness[hard]
    if picture is None:
        taken.append(_solved(rows, columns, likeness))
    else:
        owner = picture[rows]
        for one in np.unique(owner):
            own = owner == one
            taken.append(_solved(rows[own], columns[own], likeness[own]))
    return (
        np.concatenate([pairs[0] for pairs in taken]),
        np.concatenate([pairs[1] for pairs in taken]),
    )


def _solved(rows: Index, columns: Index, likeness: F64) -> tuple[Index, Index]:
    some_rows, row = _numbered(rows)
    some_columns, column = _numbered(columns)
    worth = np.zeros((len(some_rows), len(some_columns)), dtype=np.float64)
    worth[row, column] = 1.0 + likeness
    r, c = linear_sum_assignment(worth, maximize=True)
    taken = worth[r, c] > 0.0
    return some_rows[r[taken]], some_columns[c[taken]]


def _numbered(index: Index) -> tuple[Index, Index]:
    """The different values, ascending, and which of them each one is."""
    there = np.bincount(index) > 0
    return there.nonzero()[0], (np.cumsum(there) - 1)[index]
