"""Tracks as columns: no object per track, so many cost little more than few."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from vedette.contracts.sight import F32, I16, I32, I64, Bools
from vedette.track import kalman
from vedette.track.boxes import F64, Index
from vedette.track.seen import SCORE, Seen, kind_of

_STATE = slice(0, kalman.ROWS)
_LAST = slice(kalman.ROWS, kalman.ROWS + 4)
_SEEN_BLOCK = slice(kalman.ROWS, kalman.ROWS + 5)
_SCORE = kalman.ROWS + 4
_BORN = slice(kalman.ROWS + 5, kalman.ROWS + 9)
_UNSEEN, _BEST, _VOTED = range(kalman.ROWS + 9, kalman.ROWS + 12)
_WAITING = kalman.ROWS + 12
_SLOTS = 16
"""Moments whose scores wait until they are counted together."""
_FLOATS = _WAITING + _SLOTS
_ID, _SEEN, _FIRST, _LATEST, _CLASS = range(5)
_INTS = 5

BINS = 128
"""Bins of each track's scores: its median is known to 1/128, whatever its length."""
_ONE = np.array(1.0)
_KEEP = 0.9
"""Share of the earlier looks that stays with each clear sight of a track."""


class Table:
    """n tracks, the oldest first."""

    def __init__(self, classes: int, looks: int) -> None:
        self._floats: F64 = np.zeros((_FLOATS, 0), dtype=np.float64)
        self._ints = np.zeros((_INTS, 0), dtype=np.int64)
        self._votes = np.zeros((0, classes), dtype=np.float32)
        self._scores = np.zeros((0, BINS), dtype=np.int32)
        self.looks: F32 = np.zeros((0, looks), dtype=np.float32)
        self._slot = 0
        self.missing = False
        """Whether somebody may have been missed at the last moment."""
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
        table._slot = max(one._slot for one in tables)
        table.missing = any(one.missing for one in tables)
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
        table._slot, table.missing = self._slot, self.missing
        table._bind()
        return table

    def _bind(self) -> None:
        """Name the rows: views into the blocks, so writing to them writes to the table."""
        floats, ints = self._floats, self._ints
        self.state: F64 = floats[_STATE]
        """(20, n) of `kalman`."""
        self.filter = kalman.Filter(self.state)
        self.place: F64 = self.state[kalman.POSITION]
        """(4, n) centre and size, as far as known."""
        self.last: F64 = floats[_LAST]
        """(4, n) centre and size when last seen."""
        self.born: F64 = floats[_BORN]
        """(4, n) centre and size when first seen."""
        self._block: F64 = floats[_SEEN_BLOCK]
        self.unseen_s: F64 = floats[_UNSEEN]
        """(n,) seconds looked since last seen."""
        self.score: F64 = floats[_SCORE]
        """(n,) of the latest detection."""
        self.best_score: F64 = floats[_BEST]
        self._voted: F64 = floats[_VOTED]
        """(n,) sum of the scores of the track's class; its cell in the votes is kept for later."""
        self.ids: I64 = ints[_ID]
        self.seen: I64 = ints[_SEEN]
        """(n,) number of detections."""
        self.first_us: I64 = ints[_FIRST]
        self.latest_us: I64 = ints[_LATEST]
        """(n,) when last seen."""
        self.classes: I64 = ints[_CLASS]
        """(n,) class with the largest sum of scores."""
        self._shown: tuple[I32, I64] | None = None
        self._learnt()
        self._classified()
        self._confirmed: Bools | None = None
        self.all_confirmed = False

    def _classified(self) -> None:
        self.kind = kind_of(self.classes)
        """The class of all tracks, where it is one."""
        self._labels: I16 | None = None

    def _learnt(self) -> None:
        self.known: Bools = np.asarray(self.looks.any(axis=1), dtype=np.bool_)
        """(n,) whose looks are known."""

    def __len__(self) -> int:
        return self._ints.shape[1]

    @property
    def lasting(self) -> tuple[I32, I64]:
        """Numbers and times of the first sight, for others to read."""
        if self._shown is None:
            self._shown = _frozen(self.ids.astype(np.int32)), _frozen(self.first_us.copy())
        return self._shown

    @property
    def labels(self) -> I16:
        """(n,) classes, for others to read."""
        if self._labels is None:
            self._labels = _frozen(self.classes.astype(np.int16))
        return self._labels

    def confirmed(self, least: int) -> Bools:
        """(n,) who was seen at least so often, for others to read."""
        if self._confirmed is None:
            self._confirmed = _frozen(self.seen >= least)
            self.all_confirmed = np.count_nonzero(self._confirmed) == len(self)
        return self._confirmed

    def median_score(self, row: int) -> float:
        """Median of all scores of a track, to 1/128."""
        self._count()
        below = np.cumsum(self._scores[row])
        return (float(np.searchsorted(below, below[-1] / 2.0)) + 0.5) / BINS

    def relabel(self, index: Index) -> None:
        """Another table of classes: `index` has, for each new class, its old number, or -1."""
        rows = np.arange(len(self))
        self._votes[rows, self.classes] = self._voted
        votes = np.zeros((len(self), len(index)), dtype=np.float32)
        known = index >= 0
        votes[:, known] = self._votes[:, index[known]]
        self._votes = votes
        if len(rows):
            self._elect(rows)

    def forget_looks(self, size: int) -> None:
        """Looks of another kind come from now on."""
        self.looks = np.zeros((len(self), size), dtype=np.float32)
        self._learnt()

    def absorb(
        self, found: F64, classes: I16 | None, observed: Bools | None, at_us: I64 | int
    ) -> None:
        """Give tracks their detections.

        Args:
            found: (5, n) as in `Seen.block`; what stands where nobody was seen does not count.
            classes: (n,) of the detections; None when each has the class of its track.
            observed: (n,) whose it is; None for all.
            at_us: when, for all or (n,) for each.
        """
        scores = found[SCORE]
        who = True if observed is None else observed
        if observed is None:
            np.copyto(self._block, found)
            self.unseen_s.fill(0.0)
        else:
            np.copyto(self._block, found, where=observed)
            np.multiply(self.unseen_s, ~observed, out=self.unseen_s)
        np.maximum(self.best_score, self.score, out=self.best_score)
        np.add(self.seen, who, out=self.seen)
        np.copyto(self.latest_us, at_us, where=who)
        if not self.all_confirmed:
            self._confirmed = None
        if self._slot == _SLOTS:
            self._count()
        np.add(scores, _ONE, out=self._floats[_WAITING + self._slot], where=who)
        self._slot += 1
        if classes is None:
            np.add(self._voted, scores, out=self._voted, where=who)
        else:
            self._vote(scores, classes, observed)

    def learn(self, rows: Index, looks: F32) -> None:
        """Mix what these tracks look like now into what they looked like."""
        mixed = _KEEP * self.looks[rows] + (1.0 - _KEEP) * looks
        self.looks[rows] = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)
        if np.count_nonzero(self.known) < len(self):
            self._learnt()

    def add(self, first_id: int, seen: Seen, columns: Index, at_us: int) -> None:
        """Begin a track for each of these detections, numbered from `first_id`."""
        n, count = len(self), len(columns)
        block = seen.block[:, columns]
        floats = np.zeros((_FLOATS, count), dtype=np.float64)
        floats[_STATE] = kalman.begin(block[:SCORE])
        floats[_SEEN_BLOCK] = block
        floats[_BORN] = block[:SCORE]
        floats[_BEST] = floats[_VOTED] = block[SCORE]
        self._slot = max(self._slot, 1)
        floats[_WAITING + self._slot - 1] = block[SCORE] + 1.0
        ints = np.empty((_INTS, count), dtype=np.int64)
        ints[_ID] = np.arange(first_id, first_id + count)
        ints[_SEEN] = 1
        ints[_FIRST] = ints[_LATEST] = at_us
        ints[_CLASS] = seen.classes[columns]
        self._floats = np.concatenate((self._floats, floats), axis=1)
        self._ints = np.concatenate((self._ints, ints), axis=1)
        self._votes = _longer(self._votes, count)
        self._scores = _longer(self._scores, count)
        self.looks = _longer(self.looks, count)
        if seen.looks is not None:
            self.looks[n:] = seen.looks[columns]
        self._bind()

    def keep(self, rows: Bools) -> None:
        """Drop all other tracks."""
        self._floats = self._floats[:, rows]
        self._ints = self._ints[:, rows]
        self._votes, self._scores = self._votes[rows], self._scores[rows]
        self.looks = self.looks[rows]
        self._bind()

    def _vote(self, scores: F64, classes: I16, observed: Bools | None) -> None:
        """Count the detections' classes where they are not all alike."""
        same = self.classes == classes
        other = ~same if observed is None else observed & ~same
        np.add(self._voted, scores, out=self._voted, where=same & (observed is None or observed))
        rows = other.nonzero()[0]
        if len(rows):
            self._votes[rows, self.classes[rows]] = self._voted[rows]
            self._votes[rows, classes[rows]] += scores[rows]
            self._elect(rows)

    def _elect(self, rows: Index) -> None:
        votes = self._votes[rows]
        self.classes[rows] = votes.argmax(axis=1)
        self._voted[rows] = votes.max(axis=1)
        self._classified()

    def _count(self) -> None:
        """Count the scores that wait."""
        waiting = self._floats[_WAITING : _WAITING + self._slot]
        there = waiting > 0.0
        bins = np.minimum(((waiting - 1.0) * BINS).astype(np.intp), BINS - 1)
        bins += np.arange(len(self)) * BINS
        counts = np.bincount(bins[there], minlength=self._scores.size)
        self._scores += counts.reshape(self._scores.shape).astype(np.int32)
        waiting.fill(0.0)
        self._slot = 0


def _longer(rows: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    return np.concatenate((rows, np.zeros((count, rows.shape[1]), dtype=rows.dtype)))


def _frozen(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A column that goes out more than once; whoever would write to it must copy it."""
    column.setflags(write=False)
    return column
