"""ByteTrack over columns: a doubtful box continues a track, but never begins one.

Sources: Zhang et al., ByteTrack, ECCV 2022 (two stages); Yang et al., C-BIoU, WACV 2023 (buffered
boxes); Cao et al., OC-SORT, CVPR 2023 (a track that comes back takes its speed from where it was
seen, not from what was guessed meanwhile); colours of clothes where `Detections.looks` has them.
"""

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from vedette.contracts.errors import InvalidInput
from vedette.contracts.sight import Bools, Detections, EndedTrack, Tracks
from vedette.plugins.registry import PluginConfig
from vedette.track import kalman
from vedette.track.assign import assign
from vedette.track.boxes import F64, Index, centred, cornered, grown, overlapping
from vedette.track.table import Seen, Table


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
_SIZE_CHANGE = 0.4
"""An object that comes back is at most so much larger or smaller (logarithm of the ratio)."""
_OTHER_CLASS = 0.6
"""Factor on the likeness of a box of another class than the track's."""
_CLEAR = 0.15
"""Looks are learnt from boxes that overlap no other one by more."""
_SLACK_S = 1e-6
"""Sums of steps are not exact."""
_MISSED = -1


@dataclass(slots=True)
class _Round:
    """Who got what in one frame."""

    corners: F64
    """(4, n) where each track should be."""
    hit: Index
    """(n,) detection of each track, -1 where it has none yet."""
    free: Bools
    """(m,) detections that belong to nobody yet."""
    alike: F64 | None
    """(n, m) how alike they look, 0..1."""

    def take(self, rows: Index, columns: Index, pairs: tuple[Index, Index]) -> None:
        self.hit[rows[pairs[0]]] = columns[pairs[1]]
        self.free[columns[pairs[1]]] = False


class ByteTracker:
    """Follows the objects of one camera.

    Time that counts is time looked at: an object is `lost` after `lost_s` seconds of updates
    without it. When the caller skips updates (a closed motion gate), nothing ages, and an object
    that stood still is still the same one afterwards; no more than `pause_s` is counted.
    """

    Config = ByteConfig

    def __init__(self, config: ByteConfig) -> None:
        self._config = config
        self._table: Table | None = None
        self._labels: tuple[str, ...] = ()
        self._at_us: int | None = None
        self._next_id = 1

    def update(self, detections: Detections, at_us: int) -> Tracks:
        """Follow all objects into the next frame.

        Args:
            detections: (n rows) boxes in fractions of the frame; `looks` where known.
            at_us: time of the frame.
        Returns:
            All tracks, oldest first; those given up at this frame are in `ended`.
        Raises:
            InvalidInput: time goes backwards, or the detector's classes changed.
        """
        table = self._ready(detections)
        step_s = self._step(table, at_us)
        seen = _columns(detections, self._config.low_score)
        matched = self._match(table, seen, step_s)
        rows = (matched.hit != _MISSED).nonzero()[0]
        columns = matched.hit[rows]
        self._correct(table, seen, rows, columns, step_s)
        table.absorb(rows, seen, columns, _clear(seen, columns), at_us)
        ended = self._give_up(table, step_s)
        fresh = self._fresh(seen, columns, matched.free)
        if len(fresh):
            table.add(self._next_id, seen, fresh, at_us)
            self._next_id += len(fresh)
        return self._answer(table, at_us, ended)

    def finish(self, at_us: int) -> Tracks:
        """Give up every object; numbers go on if more follows."""
        table = self._table
        ended: tuple[EndedTrack, ...] = ()
        if table is not None:
            ended = self._ends(table, [(row, "finished") for row in range(len(table))])
            table.keep(np.zeros(len(table), dtype=np.bool_))
        self._at_us = None
        return self._answer(table or Table(1, 0), at_us, ended)

    def _ready(self, detections: Detections) -> Table:
        size = 0 if detections.looks is None else detections.looks.shape[1]
        if self._table is None:
            self._labels = detections.labels
            self._table = Table(len(detections.labels), size)
        if detections.labels != self._labels:
            raise InvalidInput(
                f"the detector knew {len(self._labels)} classes and now knows others; "
                "a new detector needs a new tracker"
            )
        if len(detections) and size != self._table.looks.shape[1]:
            self._table.looks = np.zeros((len(self._table), size), dtype=np.float32)
        return self._table

    def _step(self, table: Table, at_us: int) -> float:
        """Move all tracks to this moment; seconds that count as looked."""
        gap_us = 0 if self._at_us is None else at_us - self._at_us
        if gap_us < 0:
            raise InvalidInput(
                f"time goes backwards by {-gap_us / 1e6:.3f} s, from {self._at_us} to {at_us} us"
            )
        self._at_us = at_us
        step_s = min(gap_us / 1e6, self._config.pause_s)
        if not len(table) or not gap_us:
            return step_s
        if gap_us / 1e6 > self._config.pause_s:
            table.state[kalman.VELOCITY] = 0.0  # nobody looked because nothing moved
        table.state[6:8] *= np.where(table.unseen_s > 0.0, 0.5**step_s, 1.0)
        kalman.predict(table.state, step_s)
        table.unseen_s[:] += step_s
        return step_s

    def _match(self, table: Table, seen: Seen, step_s: float) -> _Round:
        config = self._config
        now = _Round(
            corners=cornered(table.state[:4]),
            hit=np.full(len(table), _MISSED, dtype=np.intp),
            free=np.ones(len(seen.scores), dtype=np.bool_),
            alike=_alike(table, seen),
        )
        if not len(table) or not len(seen.scores):
            return now
        sure = seen.scores >= config.high_score
        confirmed = table.seen >= config.confirm_seen
        high, rows = sure.nonzero()[0], confirmed.nonzero()[0]
        self._pair(table, seen, now, rows, high, config.buffer)
        low = (~sure).nonzero()[0]
        if len(low):
            recent = confirmed & (now.hit == _MISSED) & (table.unseen_s <= _RECENT_S + step_s)
            self._pair(table, seen, now, recent.nonzero()[0], low, None)
        high = (sure & now.free).nonzero()[0]
        if len(high):
            rows = (confirmed & (now.hit == _MISSED)).nonzero()[0]
            self._bring_back(table, seen, now, rows, high)
            high, rows = (sure & now.free).nonzero()[0], (~confirmed).nonzero()[0]
            self._pair(table, seen, now, rows, high, _NEW_BUFFER)
        return now

    def _pair(
        self,
        table: Table,
        seen: Seen,
        now: _Round,
        rows: Index,
        columns: Index,
        buffer: float | None,
    ) -> None:
        """Pair by overlap, less where class or looks differ; no `buffer`: these are doubtful."""
        if not len(rows) or not len(columns):
            return
        corners, boxes = now.corners[:, rows], seen.corners[:, columns]
        if buffer is not None:
            corners, boxes = grown(corners, buffer), grown(boxes, buffer)
        row, column, likeness = overlapping(corners, boxes)
        likeness[table.classes[rows[row]] != seen.classes[columns[column]]] *= _OTHER_CLASS
        if now.alike is not None:
            unlike = self._config.unlike
            alike = now.alike[rows[row], columns[column]]
            likeness *= np.clip((alike - unlike) / (1.0 - unlike), _HARDLY, 1.0)
        least = self._config.low_overlap if buffer is None else self._config.overlap
        now.take(rows, columns, assign(row, column, likeness, least))

    def _bring_back(
        self, table: Table, seen: Seen, now: _Round, rows: Index, columns: Index
    ) -> None:
        """Pair lost objects with boxes that nothing else explains, further away by the second."""
        if not self._config.reach or not len(rows):
            return
        here, last = seen.centres[:, columns], table.last[:, rows]
        away = np.minimum(_distance(table.state[:4, rows], here), _distance(last, here))
        reach = np.minimum(_NEAR + self._config.reach * table.unseen_s[rows], _FAR)[:, None]
        change = np.abs(np.log(here[3] / last[3][:, None]))
        likeness = 2.0 - 0.5 * away / reach - 0.5 * change
        possible = (away < reach) & (change < _SIZE_CHANGE)
        possible &= table.classes[rows][:, None] == seen.classes[columns]
        if now.alike is not None:
            alike = now.alike[np.ix_(rows, columns)]
            possible &= alike >= self._config.alike
            likeness += _LOOKS_COUNT * (alike - self._config.alike)
        row, column = np.nonzero(possible)
        now.take(rows, columns, assign(row, column, likeness[row, column], 0.0))

    def _correct(
        self, table: Table, seen: Seen, rows: Index, columns: Index, step_s: float
    ) -> None:
        """Correct the filter; who comes back gets the speed of the way between both sights."""
        back = table.unseen_s[rows] > 0.25 + step_s
        if back.any():
            r, way = rows[back], seen.centres[:2, columns[back]] - table.last[:2, rows[back]]
            table.state[4:6, r] = 0.5 * (table.state[4:6, r] + way / table.unseen_s[r])
        table.state[:, rows] = kalman.correct(table.state[:, rows], seen.centres[:, columns])

    def _fresh(self, seen: Seen, taken: Index, free: Bools) -> Index:
        """Detections that begin a track: sure enough, and not a second box of an object."""
        fresh = (free & (seen.scores >= self._config.new_score)).nonzero()[0]
        if not len(fresh):
            return fresh
        fresh = fresh[np.argsort(-seen.scores[fresh], kind="stable")]
        begun: list[int] = []
        double = np.zeros((len(seen.scores), len(seen.scores)), dtype=np.bool_)
        row, column, iou = overlapping(seen.corners, seen.corners)
        double[row, column] = iou > self._config.twin
        for one in fresh.tolist():
            if not double[one, taken].any() and not double[one, begun].any():
                begun.append(one)
        return np.array(begun, dtype=np.intp)

    def _give_up(self, table: Table, step_s: float) -> tuple[EndedTrack, ...]:
        missed = table.unseen_s > 0.0
        if not missed.any():
            return ()
        confirmed = table.seen >= self._config.confirm_seen
        patience = np.where(
            confirmed, self._config.lost_s, max(self._config.tentative_s, 1.5 * step_s)
        )
        centre = table.state[:2]
        left = missed & confirmed & ((centre < 0.0) | (centre > 1.0)).any(axis=0)
        over = left | (table.unseen_s > patience + _SLACK_S)
        if not over.any():
            return ()
        codes = [
            (row, "unconfirmed" if not confirmed[row] else "left" if left[row] else "lost")
            for row in over.nonzero()[0].tolist()
        ]
        ended = self._ends(table, codes)
        table.keep(~over)
        return ended

    def _ends(self, table: Table, codes: list[tuple[int, str]]) -> tuple[EndedTrack, ...]:
        return tuple(
            EndedTrack(
                id=int(table.ids[row]),
                label=self._labels[int(table.classes[row])],
                confirmed=bool(table.seen[row] >= self._config.confirm_seen),
                code=code,
                seen=int(table.seen[row]),
                first_us=int(table.first_us[row]),
                last_us=int(table.latest_us[row]),
                median_score=table.median_score(row),
                best_score=float(table.best_score[row]),
            )
            for row, code in codes
        )

    def _answer(self, table: Table, at_us: int, ended: tuple[EndedTrack, ...]) -> Tracks:
        observed = table.unseen_s == 0.0
        corners = cornered(np.where(observed, table.last, table.state[:4]))
        return Tracks(
            at_us=at_us,
            ids=table.ids.astype(np.int32),
            boxes=np.ascontiguousarray(np.clip(corners, 0.0, 1.0).T, dtype=np.float32),
            scores=table.score.astype(np.float32),
            classes=table.classes.astype(np.int16),
            observed=observed,
            confirmed=table.seen >= self._config.confirm_seen,
            first_us=table.first_us.copy(),
            labels=self._labels,
            ended=ended,
        )


def _columns(detections: Detections, low_score: float) -> Seen:
    """The detections that are worth anything, as columns."""
    if len(detections) and detections.scores.min() < low_score:
        detections = detections.pick(detections.scores >= low_score)
    corners = np.ascontiguousarray(detections.boxes.T, dtype=np.float64)
    return Seen(
        corners=corners,
        centres=centred(corners),
        scores=detections.scores.astype(np.float64),
        classes=detections.classes.astype(np.intp),
        looks=detections.looks,
    )


def _alike(table: Table, seen: Seen) -> F64 | None:
    if seen.looks is None or not seen.looks.shape[1]:
        return None
    alike: F64 = (table.looks @ seen.looks.T).astype(np.float64)
    alike[~table.looks.any(axis=1)] = 1.0  # nobody knows yet what these look like
    return alike


def _clear(seen: Seen, columns: Index) -> Bools:
    """(k,) true where a box of these stands apart from the others."""
    if seen.looks is None:
        return np.zeros(len(columns), dtype=np.bool_)
    corners = seen.corners[:, columns]
    row, _, iou = overlapping(corners, corners)
    apart: Bools = np.bincount(row[iou > _CLEAR], minlength=len(columns)) <= 1
    return apart


def _distance(a: F64, b: F64) -> F64:
    """(n, m) from centre to centre, in heights of `a`."""
    x = (b[0] - a[0][:, None]) * (_WIDTH_IN_HEIGHTS / a[2])[:, None]
    y = (b[1] - a[1][:, None]) / a[3][:, None]
    away: F64 = np.hypot(x, y)
    return away
