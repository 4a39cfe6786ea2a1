"""Tracks as columns: no object per track, so many cost little more than few."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vedette.contracts.sight import F32, I64, Bools
from vedette.track import kalman
from vedette.track.boxes import F64, Index

_STATE = slice(0, kalman.ROWS)
_LAST = slice(kalman.ROWS, kalman.ROWS + 4)
_BORN = slice(kalman.ROWS + 4, kalman.ROWS + 8)
_UNSEEN, _SCORE, _BEST = range(kalman.ROWS + 8, kalman.ROWS + 11)
_FLOATS = kalman.ROWS + 11
_ID, _SEEN, _FIRST, _LATEST, _CLASS = range(5)
_INTS = 5

BINS = 128
"""Bins of each track's scores: its median is known to 1/128, whatever its length."""
_KEEP = 0.9
"""Share of the earlier looks that stays with each clear sight of a track."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The detections of one frame as columns: m of them."""

    corners: F64
    """(4, m) left, top, right, bottom."""
    centres: F64
    """(4, m) centre x, centre y, width, height."""
    scores: F64
    """(m,)"""
    classes: Index
    """(m,)"""
    looks: F32 | None
    """(m, k)"""

    def between(self, begin: int, end: int) -> "Seen":
        """Rows `begin` to `end`, without it."""
        return Seen(
            corners=self.corners[:, begin:end],
            centres=self.centres[:, begin:end],
            scores=self.scores[begin:end],
            classes=self.classes[begin:end],
            looks=None if self.looks is None else self.looks[begin:end],
        )


class Table:
    """n tracks, the oldest first."""

    def __init__(self, classes: int, looks: int) -> None:
        self._floats: F64 = np.zeros((_FLOATS, 0), dtype=np.float64)
        self._ints = np.zeros((_INTS, 0), dtype=np.int64)
        self._votes = np.zeros((0, classes), dtype=np.float32)
        self._scores = np.zeros((0, BINS), dtype=np.int32)
        self.looks: F32 = np.zeros((0, looks), dtype=np.float32)
        self._bind()

    @classmethod
    def joined(cls, tables: Sequence["Table"]) -> "Table":
        """The rows of several tables (same classes, same looks), one after the other."""
        table = cls.__new__(cls)
        table._floats = np.concatenate([one._floats for one in tables], axis=1)
        table._ints = np.concatenate([one._ints for one in tables], axis=1)
        table._votes = np.concatenate([one._votes for one in tables])
        table._scores = np.concatenate([one._scores for one in tables])
        table.looks = np.concatenate([one.looks for one in tables])
        table._bind()
        return table

    def between(self, begin: int, end: int) -> "Table":
        """Rows `begin` to `end`, without it: views, until rows come or go."""
        table = Table.__new__(Table)
        table._floats = self._floats[:, begin:end]
        table._ints = self._ints[:, begin:end]
        table._votes = self._votes[begin:end]
        table._scores = self._scores[begin:end]
        table.looks = self.looks[begin:end]
        table._bind()
        return table

    def _bind(self) -> None:
        """Name the rows: views into the blocks, so writing to them writes to the table."""
        floats, ints = self._floats, self._ints
        self.state: F64 = floats[_STATE]
        """(20, n) of `kalman`."""
        self.last: F64 = floats[_LAST]
        """(4, n) centre and size when last seen."""
        self.born: F64 = floats[_BORN]
        """(4, n) centre and size when first seen."""
        self.unseen_s: F64 = floats[_UNSEEN]
        """(n,) seconds looked since last seen."""
        self.score: F64 = floats[_SCORE]
        """(n,) of the latest detection."""
        self.best_score: F64 = floats[_BEST]
        self.ids: I64 = ints[_ID]
        self.seen: I64 = ints[_SEEN]
        """(n,) number of detections."""
        self.first_us: I64 = ints[_FIRST]
        self.latest_us: I64 = ints[_LATEST]
        """(n,) when last seen."""
        self.classes: I64 = ints[_CLASS]
        """(n,) class with the largest sum of scores."""

    def __len__(self) -> int:
        return self._ints.shape[1]

    def median_score(self, row: int) -> float:
        """Median of all scores of a track, to 1/128."""
        below = np.cumsum(self._scores[row])
        return (float(np.searchsorted(below, below[-1] / 2.0)) + 0.5) / BINS

    def relabel(self, index: Index) -> None:
        """Another table of classes: `index` has, for each new class, its old number, or -1."""
        votes = np.zeros((len(self), len(index)), dtype=np.float32)
        known = index >= 0
        votes[:, known] = self._votes[:, index[known]]
        self._votes = votes
        if len(self):
            self._ints[_CLASS] = votes.argmax(axis=1)

    def absorb(
        self, rows: Index, seen: Seen, columns: Index, clear: Bools, at_us: I64 | int
    ) -> None:
        """Give each track of `rows` its detection; its looks are learnt where it is `clear`."""
        scores = seen.scores[columns]
        self._floats[_LAST, rows] = seen.centres[:, columns]
        self._floats[_UNSEEN, rows] = 0.0
        self._floats[_SCORE, rows] = scores
        self._floats[_BEST, rows] = np.maximum(self._floats[_BEST, rows], scores)
        self._ints[_SEEN, rows] += 1
        self._ints[_LATEST, rows] = at_us
        self._count(rows, scores, seen.classes[columns])
        if seen.looks is not None and clear.any():
            rows, columns = rows[clear], columns[clear]
            mixed = _KEEP * self.looks[rows] + (1.0 - _KEEP) * seen.looks[columns]
            length = np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)
            self.looks[rows] = mixed / length

    def add(self, first_id: int, seen: Seen, columns: Index, at_us: int) -> None:
        """Begin a track for each of these detections, numbered from `first_id`."""
        n, count = len(self), len(columns)
        floats = np.zeros((_FLOATS, count), dtype=np.float64)
        floats[_STATE] = kalman.begin(seen.centres[:, columns])
        floats[_LAST] = floats[_BORN] = seen.centres[:, columns]
        floats[_SCORE] = floats[_BEST] = seen.scores[columns]
        ints = np.zeros((_INTS, count), dtype=np.int64)
        ints[_ID] = np.arange(first_id, first_id + count)
        ints[_SEEN] = 1
        ints[_FIRST] = ints[_LATEST] = at_us
        self._floats = np.concatenate((self._floats, floats), axis=1)
        self._ints = np.concatenate((self._ints, ints), axis=1)
        self._bind()
        self._votes = _longer(self._votes, count)
        self._scores = _longer(self._scores, count)
        looks = _longer(self.looks, count)
        if seen.looks is not None:
            looks[n:] = seen.looks[columns]
        self.looks = looks
        self._count(np.arange(n, n + count), seen.scores[columns], seen.classes[columns])

    def keep(self, rows: Bools) -> None:
        """Drop all other tracks."""
        self._floats = self._floats[:, rows]
        self._ints = self._ints[:, rows]
        self._bind()
        self._votes, self._scores = self._votes[rows], self._scores[rows]
        self.looks = self.looks[rows]

    def _count(self, rows: Index, scores: F64, classes: Index) -> None:
        self._votes[rows, classes] += scores
        self._scores[rows, np.minimum((scores * BINS).astype(np.intp), BINS - 1)] += 1
        self._ints[_CLASS, rows] = self._votes[rows].argmax(axis=1)


def _longer(rows: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    return np.concatenate((rows, np.zeros((count, rows.shape[1]), dtype=rows.dtype)))
