"""Whose box is this? The rounds of pairing between the tracks and the boxes of one moment."""

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from vedette.contracts.sight import Bools
from vedette.plugins.registry import PluginConfig
from vedette.track.assign import assign, unrivalled
from vedette.track.boxes import F64, Index, overlapping
from vedette.track.seen import SCORE, Seen
from vedette.track.table import Table


class ByteConfig(PluginConfig):
    """Settings of the tracker; times in seconds of video that was looked at."""

    new_score: float = Field(default=0.55, ge=0.0, le=1.0)
    """A box begins a track from this score on."""
    high_score: float = Field(default=0.5, ge=0.0, le=1.0)
    """A box is sure from this score on: it is matched first, and with every track."""
    low_score: float = Field(default=0.2, ge=0.0, le=1.0)
    """Less is ignored; in between a box only continues a track that was just seen."""
    confirm_seen: int = Field(default=2, ge=1)
    """An object counts once this many boxes belong to it."""
    lost_s: float = Field(default=4.0, gt=0.0)
    """An object is given up when it was looked for and not seen for this long."""
    tentative_s: float = Field(default=0.25, ge=0.0)
    """The same for one that is not confirmed yet; one miss in a row is always forgiven."""
    pause_s: float = Field(default=1.0, gt=0.0)
    """A longer time between two looks counts as this long: nobody looked, so nothing is lost."""
    overlap: float = Field(default=0.15, gt=0.0, le=1.0)
    """Least overlap of a sure box with where its track should be, both grown by `buffer`."""
    low_overlap: float = Field(default=0.35, gt=0.0, le=1.0)
    """Least overlap of a doubtful box, not grown."""
    buffer: float = Field(default=0.2, ge=0.0, le=1.0)
    """How much boxes are grown on each side, in widths and heights."""
    reach: float = Field(default=0.8, ge=0.0)
    """An object that was lost may come back this many heights away per second unseen; 0: never."""
    twin: float = Field(default=0.6, gt=0.0, le=1.0)
    """A box that overlaps one of a followed object by more is that object again, not a new one."""
    unlike: float = Field(default=0.85, ge=0.0, lt=1.0)
    """Objects that look less alike than this are not the same (where looks are known)."""
    alike: float = Field(default=0.9, ge=0.0, lt=1.0)
    """An object that comes back from afar must look at least this much alike."""
    return_s: float = Field(default=10.0, ge=0.0)
    """Who was given up is recognised this long, in seconds of video; 0: never."""
    return_alike: float = Field(default=0.955, gt=0.0, lt=1.0)
    """Who is recognised must look at least this much alike, on average."""


_NEW_BUFFER = 0.5
"""How much boxes are grown for a new object, whose speed nobody knows yet."""
_HARDLY = 0.05
"""Factor on the likeness of a box that looks different: only when nothing else is there."""
_LOOKS_COUNT = 3.0
"""Weight of looks against distance for an object that comes back."""
_RECENT_S = 0.35
"""A doubtful box continues a track that was missed for no longer."""
_NEAR, _FAR = 0.25, 2.0
"""Reach at once and at most, in heights."""
_WIDTH_IN_HEIGHTS = 0.4
"""Of a person; turns distances across into heights."""
SIZE_CHANGE = 0.4
"""An object that comes back is at most so much larger or smaller (logarithm of the ratio)."""
_OTHER_CLASS = 0.6
"""Factor on the likeness of a box of another class than the track's."""
_CLEAR = 0.15
"""Looks are learnt from boxes that overlap no other one by more."""
_APART = 8.0
"""Pictures lie this many widths apart when several are looked at together."""
_MISSED = -1
_NOBODY: Index = np.zeros(0, dtype=np.intp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Which of several pictures each track and each detection belongs to."""

    rows: Index
    """(n,) of each track."""
    columns: Index
    """(m,) of each detection."""

    def apart(self, rows: Index | None, columns: Index | None) -> tuple[F64, F64]:
        """The same as distances on a line, see `overlapping`; None for all."""
        return (
            _far(self.rows if rows is None else self.rows[rows]),
            _far(self.columns if columns is None else self.columns[columns]),
        )


def _far(pictures: Index) -> F64:
    return pictures.astype(np.float64) * _APART


class Matching:
    """One moment: n tracks, m detections, of one picture or of several at once."""

    def __init__(
        self,
        config: ByteConfig,
        table: Table,
        seen: Seen,
        step_s: F64 | float,
        pictures: Pictures | None,
    ) -> None:
        """Begin; `step_s`: (n,) seconds since the last look, or the same for all."""
        self._config = config
        self._table = table
        self._seen = seen
        self._step_s = step_s
        self._pictures = pictures
        self._tracks, self._found = len(table), len(seen)
        self.hit: Index = np.empty(self._tracks, dtype=np.intp)
        """(n,) detection of each track, -1 where it has none."""
        self.hit.fill(_MISSED)
        self.pairs = 0
        """How many have one."""
        self._knows = seen.looks is not None and seen.looks.shape[1] > 0

    def run(self) -> None:
        """Sure boxes with confirmed tracks; doubtful ones with those just seen; then those who
        were lost; then those who are new."""
        table, seen = self._table, self._seen
        if not self._tracks or not self._found:
            return
        confirmed = table.confirmed(self._config.confirm_seen)
        rows = None if table.all_confirmed else confirmed.nonzero()[0]
        high = None if seen.all_sure else seen.sure.nonzero()[0]
        self._pair(rows, high, self._config.buffer)
        if high is not None and self.pairs < self._tracks:
            recent = confirmed & (self.hit == _MISSED)
            recent &= table.unseen_s <= _RECENT_S + self._step_s
            self._pair(recent.nonzero()[0], (~seen.sure).nonzero()[0], None)
        if self.pairs < min(self._tracks, self._found):
            high = (seen.sure & self._free()).nonzero()[0]
            self._bring_back((confirmed & (self.hit == _MISSED)).nonzero()[0], high)
        if rows is not None and self.pairs < self._found:
            high = (seen.sure & self._free()).nonzero()[0]
            self._pair((~confirmed).nonzero()[0], high, _NEW_BUFFER)

    def fresh(self) -> Index:
        """Detections that begin a track: sure enough, and not a second box of an object."""
        if self.pairs == self._found:
            return _NOBODY
        seen = self._seen
        fresh: Index = (self._free() & (seen.block[SCORE] >= self._config.new_score)).nonzero()[0]
        if not len(fresh):
            return fresh
        row, column, _ = self._among(np.arange(self._found), self._config.twin)
        rivals: dict[int, list[int]] = {}
        for one, other in zip(row.tolist(), column.tolist(), strict=True):
            rivals.setdefault(one, []).append(other)
        taken = set(self.hit[self.hit != _MISSED].tolist())
        begun: list[int] = []
        for one in fresh[np.argsort(-seen.block[SCORE, fresh], kind="stable")].tolist():
            if taken.isdisjoint(rivals.get(one, ())):
                begun.append(one)
                taken.add(one)
        return np.array(begun, dtype=np.intp)

    def clear(self, columns: Index) -> Bools:
        """(k,) true where a box of these stands apart from the others."""
        row, _, _ = self._among(columns, _CLEAR)
        apart: Bools = np.bincount(row, minlength=len(columns)) <= 1
        return apart

    def _free(self) -> Bools:
        """(m,) detections that belong to nobody."""
        free = np.ones(self._found + 1, dtype=np.bool_)
        free[self.hit] = False  # the last one is that of those who were missed
        theirs: Bools = free[:-1]
        return theirs

    def _among(self, columns: Index, least: float) -> tuple[Index, Index, F64]:
        boxes, apart = self._seen.block[:SCORE, columns], None
        if self._pictures is not None:
            place = _far(self._pictures.columns[columns])
            apart = (place, place)
        return overlapping(boxes, boxes, least=least, apart=apart)

    def _take(self, rows: Index, columns: Index, likeness: F64, least: float | None = None) -> None:
        """Decide among possible pairs, by row; see `assign`."""
        if least is not None or not unrivalled(rows, columns):
            owner = None if self._pictures is None else self._pictures.rows
            rows, columns = assign(rows, columns, likeness, least, owner)
        elif len(rows) == self._tracks:
            self.hit, self.pairs = columns, len(rows)  # the rows are all, in order
            return
        self.hit[rows] = columns
        self.pairs += len(rows)

    def _pair(self, rows: Index | None, columns: Index | None, buffer: float | None) -> None:
        """Pair by overlap, less where class or looks differ; no `buffer`: these are doubtful.

        Args:
            rows, columns: which tracks and which detections; None for all.
        """
        places, boxes = self._table.place, self._seen.block[:SCORE]
        places = places if rows is None else places[:, rows]
        boxes = boxes if columns is None else boxes[:, columns]
        if not places.shape[1] or not boxes.shape[1]:
            return
        apart = None if self._pictures is None else self._pictures.apart(rows, columns)
        least = self._config.low_overlap if buffer is None else self._config.overlap
        row, column, likeness = overlapping(
            places, boxes, least=least, grow=buffer or 0.0, apart=apart
        )
        row = row if rows is None else rows[row]
        column = column if columns is None else columns[column]
        changed = self._knows
        kind = self._seen.kind
        if kind is None or kind != self._table.kind:
            changed = True
            other = self._table.classes[row] != self._seen.classes[column]
            likeness[other] *= _OTHER_CLASS
        if self._knows:
            unlike = self._config.unlike
            alike = (self._alike(row, column) - unlike) / (1.0 - unlike)
            likeness *= np.minimum(np.maximum(alike, _HARDLY), 1.0)
        self._take(row, column, likeness, least if changed else None)

    def _bring_back(self, rows: Index, columns: Index) -> None:
        """Pair lost objects with boxes that nothing else explains, further away by the second."""
        if not self._config.reach or not len(rows) or not len(columns):
            return
        table, pictures = self._table, self._pictures
        here, last = self._seen.block[:SCORE, columns], table.last[:, rows]
        away = np.minimum(distance(table.place[:, rows], here), distance(last, here))
        reach = np.minimum(_NEAR + self._config.reach * table.unseen_s[rows], _FAR)[:, None]
        change = np.abs(np.log(here[3] / last[3][:, None]))
        likeness = 2.0 - 0.5 * away / reach - 0.5 * change
        possible = (away < reach) & (change < SIZE_CHANGE)
        possible &= table.classes[rows][:, None] == self._seen.classes[columns]
        if pictures is not None:
            possible &= pictures.rows[rows][:, None] == pictures.columns[columns]
        row, column = np.nonzero(possible)
        likeness = likeness[row, column]
        row, column = rows[row], columns[column]
        if self._knows:
            alike = self._alike(row, column) - self._config.alike
            near = alike >= 0.0
            row, column = row[near], column[near]
            likeness = likeness[near] + _LOOKS_COUNT * alike[near]
        self._take(row, column, likeness)

    def _alike(self, rows: Index, columns: Index) -> F64:
        """(k,) how alike each pair looks; 1 where nobody knows yet."""
        if self._seen.looks is None:
            return np.ones(len(rows), dtype=np.float64)
        alike = (self._table.looks[rows] * self._seen.looks[columns]).sum(axis=1)
        known: F64 = np.where(self._table.known[rows], alike, 1.0).astype(np.float64)
        return known


def distance(a: F64, b: F64) -> F64:
    """(n, m) from centre to centre, in heights of `a`; (4, n) and (4, m) centres and sizes."""
    x = (b[0] - a[0][:, None]) * (_WIDTH_IN_HEIGHTS / a[2])[:, None]
    y = (b[1] - a[1][:, None]) / a[3][:, None]
    away: F64 = np.hypot(x, y)
    return away
