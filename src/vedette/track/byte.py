"""ByteTrack over columns: a doubtful box continues a track, but never begins one.

Sources: Zhang et al., ByteTrack, ECCV 2022 (two stages); Yang et al., C-BIoU, WACV 2023 (buffered
boxes); Cao et al., OC-SORT, CVPR 2023 (a track that comes back takes its speed from where it was
seen, not from what was guessed meanwhile); colours of clothes where `Detections.looks` has them.

`advance` follows the objects of several cameras in one pass over the columns of all of them: the
cost of a pass is mostly that of its numpy calls, whatever the number of rows.
"""

from collections.abc import Sequence

import numpy as np

from vedette.contracts.errors import InvalidInput
from vedette.contracts.sight import Bools, Detections, EndedTrack, Returned, Tracks
from vedette.track import kalman
from vedette.track.boxes import F64, Index, cornered
from vedette.track.match import ByteConfig, Matching, Pictures
from vedette.track.port import Moment
from vedette.track.returning import SIGHTS, Gone, Memory
from vedette.track.step import (
    as_columns,
    check,
    correct,
    ending_of,
    given_up,
    outside,
    picked,
    within,
)
from vedette.track.table import Seen, Table

__all__ = ["ByteConfig", "ByteTracker", "advance"]


class ByteTracker:
    """Follows the objects of one camera.

    Time that counts is time looked at: an object is `lost` after `lost_s` seconds of updates
    without it. When the caller skips updates (a closed motion gate), nothing ages, and an object
    that stood still is still the same one afterwards; no more than `pause_s` is counted. Nor does
    anything age outside the parts of the frame that were looked at (`Detections.areas`).
    """

    Config = ByteConfig

    def __init__(self, config: ByteConfig) -> None:
        self._config = config
        self._table: Table | None = None
        self._labels: tuple[str, ...] = ()
        self._at_us: int | None = None
        self._next_id = 1
        self._memory = Memory(config)

    def update(self, detections: Detections, at_us: int) -> Tracks:
        """Follow all objects into the next frame.

        Args:
            detections: (n rows) boxes in fractions of the frame; `looks` where known. Another
                table of classes than before (a new model) is fine: objects keep their numbers.
            at_us: time of the frame.
        Returns:
            All tracks, oldest first; those given up at this frame are in `ended`.
        Raises:
            InvalidInput: time goes backwards.
        """
        return advance([Moment(tracker=self, detections=detections, at_us=at_us)])[0]

    def finish(self, at_us: int) -> Tracks:
        """Give up every object; numbers go on if more follows."""
        table = self._table
        ended: tuple[EndedTrack, ...] = ()
        if table is not None:
            ended = self._ends(table, [(row, "finished") for row in range(len(table))])
            table.keep(np.zeros(len(table), dtype=np.bool_))
        self._at_us = None
        self._memory = Memory(self._config)
        return self._answer(table or Table(1, 0), at_us, ended)

    def together(self, moments: Sequence["Moment[ByteTracker]"]) -> list[Tracks]:
        """See `advance`."""
        return advance(moments)

    def _followed(self) -> Table:
        """Its table; there is one once it was asked for its kind."""
        if self._table is None:
            raise InvalidInput("a tracker takes part in a pass before it was asked for its kind")
        return self._table

    def _kind(self, detections: Detections) -> tuple[ByteConfig, tuple[str, ...], int]:
        """Trackers of one kind can share a pass; `detections` are taken as this one's next."""
        size = 0 if detections.looks is None else detections.looks.shape[1]
        if self._table is None:
            self._labels = detections.labels
            self._table = Table(len(detections.labels), size)
        if detections.labels != self._labels[: len(detections.labels)]:
            self._relabel(self._table, detections.labels)
        if len(detections) and size != self._table.looks.shape[1]:
            self._table.looks = np.zeros((len(self._table), size), dtype=np.float32)
        return self._config, self._labels, self._table.looks.shape[1]

    def _relabel(self, table: Table, labels: tuple[str, ...]) -> None:
        """The new classes first; after them those that objects in view still belong to."""
        used = {self._labels[int(number)] for number in table.classes}
        left = tuple(label for label in self._labels if label in used and label not in labels)
        before = {label: number for number, label in enumerate(self._labels)}
        self._labels = labels + left
        table.relabel(np.array([before.get(label, -1) for label in self._labels], dtype=np.intp))

    def _elapsed(self, at_us: int) -> tuple[float, bool]:
        """Seconds that count as looked at, and whether nobody looked for longer."""
        gap_us = 0 if self._at_us is None else at_us - self._at_us
        if gap_us < 0:
            raise InvalidInput(
                f"time goes backwards by {-gap_us / 1e6:.3f} s, from {self._at_us} to {at_us} us"
            )
        return min(gap_us / 1e6, self._config.pause_s), gap_us / 1e6 > self._config.pause_s

    def _conclude(
        self, table: Table, over: Bools, begun: Seen | None, rows: Index, at_us: int
    ) -> Tracks:
        """Take what the pass brought: who is `over`, who has `begun`, the `rows` that were seen."""
        self._table, self._at_us = table, at_us
        returned = self._recognise(table, rows) if self._memory else ()
        ended: tuple[EndedTrack, ...] = ()
        if over.any():
            confirmed = table.seen >= self._config.confirm_seen
            ended = self._ends(
                table,
                [
                    (row, ending_of(bool(confirmed[row]), bool(outside(table)[row])))
                    for row in over.nonzero()[0].tolist()
                ],
            )
            table.keep(~over)
        if begun is not None:
            table.add(self._next_id, begun, np.arange(len(begun.scores)), at_us)
            self._next_id += len(begun.scores)
        return self._answer(table, at_us, ended, returned)

    def _recognise(self, table: Table, rows: Index) -> tuple[Returned, ...]:
        rows = rows[table.seen[rows] == SIGHTS]
        found = [
            self._memory.recognise(
                track=int(table.ids[row]),
                label=self._labels[int(table.classes[row])],
                first_us=int(table.first_us[row]),
                place=table.born[:, row : row + 1],
                looks=table.looks[row],
            )
            for row in rows.tolist()
        ]
        return tuple(one for one in found if one is not None)

    def _ends(self, table: Table, codes: list[tuple[int, str]]) -> tuple[EndedTrack, ...]:
        ended = []
        for row, code in codes:
            label = self._labels[int(table.classes[row])]
            seen, last_us = int(table.seen[row]), int(table.latest_us[row])
            ended.append(
                EndedTrack(
                    id=int(table.ids[row]),
                    label=label,
                    confirmed=seen >= self._config.confirm_seen,
                    code=code,
                    seen=seen,
                    first_us=int(table.first_us[row]),
                    last_us=last_us,
                    median_score=table.median_score(row),
                    best_score=float(table.best_score[row]),
                )
            )
            if seen >= SIGHTS and code != "finished":
                self._memory.keep(
                    Gone(
                        id=int(table.ids[row]),
                        label=label,
                        last_us=last_us,
                        place=table.last[:, row : row + 1].copy(),
                        looks=table.looks[row].copy(),
                    )
                )
        return tuple(ended)

    def _answer(
        self,
        table: Table,
        at_us: int,
        ended: tuple[EndedTrack, ...],
        returned: tuple[Returned, ...] = (),
    ) -> Tracks:
        observed = table.latest_us == at_us
        corners = cornered(np.where(observed, table.last, table.state[:4]))
        np.maximum(corners, 0.0, out=corners)
        np.minimum(corners, 1.0, out=corners)
        return Tracks(
            at_us=at_us,
            ids=table.ids.astype(np.int32),
            boxes=np.ascontiguousarray(corners.T, dtype=np.float32),
            scores=table.score.astype(np.float32),
            classes=table.classes.astype(np.int16),
            observed=observed,
            confirmed=table.seen >= self._config.confirm_seen,
            first_us=table.first_us.copy(),
            labels=self._labels,
            ended=ended,
            returned=returned,
        )


def advance(moments: Sequence[Moment[ByteTracker]]) -> list[Tracks]:
    """Follow the objects of several cameras into their next frames, all in one pass.

    The result is exactly what each `update` would give. Cameras whose settings, classes or kind of
    looks differ take a pass each.

    Raises:
        InvalidInput: the time of a camera goes backwards, its detections are malformed, or it has
            two moments; then nothing of any camera has changed.
    """
    if len({id(moment.tracker) for moment in moments}) < len(moments):
        raise InvalidInput("a camera has two moments in one pass; they come one after the other")
    for one in moments:
        check(one.detections)
    elapsed = [one.tracker._elapsed(one.at_us) for one in moments]
    kinds: dict[tuple[ByteConfig, tuple[str, ...], int], list[int]] = {}
    for number, one in enumerate(moments):
        kinds.setdefault(one.tracker._kind(one.detections), []).append(number)
    answers: dict[int, Tracks] = {}
    for (config, _, _), numbers in kinds.items():
        some = [moments[number] for number in numbers]
        found = _pass(config, some, [elapsed[number] for number in numbers])
        answers.update(zip(numbers, found, strict=True))
    return [answers[number] for number in range(len(moments))]


def _pass(
    config: ByteConfig,
    moments: Sequence[Moment[ByteTracker]],
    elapsed: Sequence[tuple[float, bool]],
) -> list[Tracks]:
    """One pass over trackers of one kind."""
    tables = [one.tracker._followed() for one in moments]
    if len(moments) == 1:
        seen, seen_of = as_columns(moments[0].detections, config.low_score), None
        table, rows_of = tables[0], None
        at_us: Index | int = moments[0].at_us
    else:
        seen, seen_of = _joined(moments, config.low_score)
        table = Table.joined(tables)
        rows_of = np.repeat(np.arange(len(tables)), [len(one) for one in tables])
        at_us = np.array([one.at_us for one in moments], dtype=np.int64)
    step_s = _predict(table, moments, elapsed, rows_of)
    pictures = None
    if rows_of is not None and seen_of is not None:
        pictures = Pictures(rows=rows_of, columns=seen_of)
    matching = Matching(config, table, seen, step_s, pictures)
    matching.run()
    rows = (matching.hit >= 0).nonzero()[0]
    columns = matching.hit[rows]
    correct(table, seen, rows, columns, step_s)
    times = at_us if rows_of is None else np.asarray(at_us)[rows_of[rows]]
    table.absorb(rows, seen, columns, matching.clear(columns), times)
    over = given_up(config, table, step_s)
    fresh = matching.fresh()
    if rows_of is None or seen_of is None:
        begun = picked(seen, fresh)
        return [moments[0].tracker._conclude(table, over, begun, rows, moments[0].at_us)]
    answers, row = [], 0
    owner = seen_of[fresh]
    for number, one in enumerate(moments):
        end = row + len(tables[number])
        answers.append(
            one.tracker._conclude(
                table.between(row, end),
                over[row:end],
                picked(seen, fresh[owner == number]),
                rows[(rows >= row) & (rows < end)] - row,
                one.at_us,
            )
        )
        row = end
    return answers


def _joined(moments: Sequence[Moment[ByteTracker]], low_score: float) -> tuple[Seen, Index]:
    """The detections of all cameras as columns, and which camera each one is of."""
    found = [one.detections for one in moments]
    counts = [len(one) for one in found]
    looks = [one.looks for one in found if one.looks is not None and len(one)]
    every = Detections(
        boxes=np.concatenate([one.boxes for one in found]),
        scores=np.concatenate([one.scores for one in found]),
        classes=np.concatenate([one.classes for one in found]),
        labels=found[0].labels,
        looks=np.concatenate(looks) if looks else None,
    )
    owner = np.repeat(np.arange(len(found)), counts)[every.scores >= low_score]
    return as_columns(every, low_score), owner


def _predict(
    table: Table,
    moments: Sequence[Moment[ByteTracker]],
    elapsed: Sequence[tuple[float, bool]],
    rows_of: Index | None,
) -> F64 | float:
    """Move all tracks to this moment; seconds that count as looked at, per track or for all."""
    step: F64 | float
    if rows_of is None and moments[0].detections.areas is None:
        step, halted = elapsed[0]
        fading: F64 | float = 0.5**step
        if halted:
            table.state[kalman.VELOCITY] = 0.0  # nobody looked because nothing moved
    else:
        owner = np.zeros(len(table), dtype=np.intp) if rows_of is None else rows_of
        step = np.array([one[0] for one in elapsed])[owner]
        fading = np.array([0.5 ** one[0] for one in elapsed])[owner]
        table.state[kalman.VELOCITY, np.array([one[1] for one in elapsed])[owner]] = 0.0
        for number, one in enumerate(moments):
            if (areas := one.detections.areas) is not None:
                aside = (owner == number) & ~within(cornered(table.last), areas)
                step[aside], fading[aside] = 0.0, 1.0
    if len(table):
        missing = table.unseen_s > 0.0
        if missing.any():
            table.state[6:8] *= np.where(missing, fading, 1.0)
        kalman.predict(table.state, step)
        table.unseen_s += step
    return step
