"""Who is who: one-to-one pairs of tracks and detections."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from vedette.track.boxes import F64, Index

_FEW = 40
"""Pairs of which those without a rival are not set aside first."""


def assign(
    rows: Index,
    columns: Index,
    likeness: F64,
    least: float | None = None,
    picture: Index | None = None,
) -> tuple[Index, Index]:
    """Of the possible pairs as many as possible, and among these the most alike.

    Pairs without a rival are taken at once; only where several compete is the assignment problem
    solved (Crouse, On implementing 2D rectangular assignment algorithms, 2016), and only for these.

    Args:
        rows, columns: (k,) track and detection of each possible pair, no pair twice.
        likeness: (k,) more than 0.
        least: pairs that are less alike are impossible after all; None: none are.
        picture: picture of each row, where there are several; each is solved by itself, so that
            what happens in one changes nothing in another.
    Returns:
        rows, columns: of the pairs taken.
    """
    if least is not None:
        good = (likeness >= least).nonzero()[0]
        rows, columns, likeness = rows.take(good), columns.take(good), likeness.take(good)
        if unrivalled(rows, columns):
            return rows, columns
    if picture is None and len(rows) <= _FEW:
        return _resolved(rows, columns, likeness)
    alone = _alone(rows, columns)
    hard = ~alone
    taken = [(rows[alone], columns[alone])]
    rows, columns, likeness = rows[hard], columns[hard], likeness[hard]
    owner = np.zeros(len(rows), dtype=np.intp) if picture is None else picture[rows]
    for one in np.unique(owner):
        own = owner == one
        taken.append(_resolved(rows[own], columns[own], likeness[own]))
    return _together(taken)


def unrivalled(rows: Index, columns: Index) -> bool:
    """True when no track and no detection is in two of the possible pairs."""
    count = len(rows)
    return len(set(columns.tolist())) == count and len(set(rows.tolist())) == count


def _alone(rows: Index, columns: Index) -> npt.NDArray[np.bool_]:
    """(k,) pairs without a rival."""
    return np.asarray((np.bincount(rows)[rows] == 1) & (np.bincount(columns)[columns] == 1))


def _together(pairs: Sequence[tuple[Index, Index]]) -> tuple[Index, Index]:
    return np.concatenate([one[0] for one in pairs]), np.concatenate([one[1] for one in pairs])


def _resolved(rows: Index, columns: Index, likeness: F64) -> tuple[Index, Index]:
    """Where each track's best detection is another one, or each detection's best track, no
    assignment can be worth more; otherwise the problem is solved."""
    order = likeness.argsort(kind="stable")
    some_rows, some_columns = rows.take(order).tolist(), columns.take(order).tolist()
    best = dict(zip(some_rows, some_columns, strict=True))  # the last one stays
    if len(set(best.values())) == len(best):
        return _index(best), _index(best.values())
    best = dict(zip(some_columns, some_rows, strict=True))
    if len(set(best.values())) == len(best):
        return _index(best.values()), _index(best)
    alone = _alone(rows, columns)
    hard = ~alone
    solved = _solved(rows[hard], columns[hard], likeness[hard])
    return _together([(rows[alone], columns[alone]), solved])


def _index(numbers: Iterable[int]) -> Index:
    return np.array(list(numbers), dtype=np.intp)


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
