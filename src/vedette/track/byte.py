"""ByteTrack over columns: a doubtful box continues a track, but never begins one.

Sources: Zhang et al., ByteTrack, ECCV 2022 (two stages); Yang et al., C-BIoU, WACV 2023 (buffered
boxes); Cao et al., OC-SORT, CVPR 2023 (a track that comes back takes its speed from where it was
seen, not from what was guessed meanwhile); colours of clothes where `Detections.looks` has them.

`advance` follows the objects of several cameras in one pass over the columns of all of them: the
cost of a pass is mostly that of its numpy calls, whatever the number of rows.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vedette.contracts.errors import InvalidInput
from vedette.contracts.sight import F32, Bools, Detections, EndedTrack, Returned, Tracks
from vedette.track.boxes import Index, cornered
from vedette.track.match import ByteConfig, Matching, Pictures
from vedette.track.port import Moment
from vedette.track.returning import SIGHTS, Gone, Memory
from vedette.track.seen import Seen, as_columns, check, joined, no_joints
from vedette.track.step import correct, ending_of, given_up, outside, predict, predict_many
from vedette.track.table import Table

__all__ = ["ByteConfig", "ByteTracker", "advance"]

_NONE: Index = np.zeros(0, dtype=np.intp)
_LOW, _HIGH = np.array(0.0, dtype=np.float32), np.array(1.0, dtype=np.float32)


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
        kind = check(detections)
        elapsed = self._elapsed(at_us)
        config, _, _ = self._kind(detections)
        table = self._followed()
        seen = as_columns(detections, config.low_score, config.high_score, kind)
        step_s = predict(table, detections.areas, *elapsed)
        matching = Matching(config, table, seen, step_s, None)
        matching.run()
        correct(table, seen, matching, step_s, at_us)
        over = given_up(config, table, step_s)
        return self._conclude(table, seen, matching.hit, over, matching.fresh(), at_us)

    def finish(self, at_us: int) -> Tracks:
        """Give up every object; numbers go on if more follows."""
        table = self._table
        ended: tuple[EndedTrack, ...] = ()
        if table is not None:
            ended = self._ends(table, [(row, "finished") for row in range(len(table))])
            table.keep(np.zeros(len(table), dtype=np.bool_))
        self._at_us = None
        self._memory = Memory(self._config)
        return self._answer(table or Table(1, 0), at_us, None, _NONE, ended)

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
        labels = detections.labels
        if labels is not self._labels and labels != self._labels[: len(labels)]:
            self._relabel(self._table, labels)
        if len(detections) and size != self._table.looks.shape[1]:
            self._table.forget_looks(size)
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
        self,
        table: Table,
        seen: Seen,
        hit: Index,
        over: Bools | None,
        fresh: Index,
        at_us: int,
    ) -> Tracks:
        """Take what the pass brought: whose detection is whose, who is `over`, who is `fresh`."""
        self._table, self._at_us = table, at_us
        returned = self._recognise(table, hit) if self._memory else ()
        ended: tuple[EndedTrack, ...] = ()
        if over is not None:
            confirmed, left = table.confirmed(self._config.confirm_seen), outside(table)
            ended = self._ends(
                table,
                [
                    (row, ending_of(bool(confirmed[row]), bool(left[row])))
                    for row in over.nonzero()[0].tolist()
                ],
            )
            stay = ~over
            table.keep(stay)
            hit = hit[stay]
        if len(fresh):
            table.add(self._next_id, seen, fresh, at_us)
            self._next_id += len(fresh)
            hit = np.concatenate((hit, fresh))
        return self._answer(table, at_us, seen, hit, ended, returned)

    def _recognise(self, table: Table, hit: Index) -> tuple[Returned, ...]:
        rows = ((table.seen == SIGHTS) & (hit >= 0)).nonzero()[0]
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
        seen: Seen | None,
        hit: Index,
        ended: tuple[EndedTrack, ...],
        returned: tuple[Returned, ...] = (),
    ) -> Tracks:
        ids, first_us = table.lasting
        observed = hit >= 0
        return Tracks(
            at_us=at_us,
            ids=ids,
            boxes=_shown(table, seen, hit, observed),
            scores=table.score.astype(np.float32),
            classes=table.labels,
            observed=observed,
            confirmed=table.confirmed(self._config.confirm_seen),
            first_us=first_us,
            labels=self._labels,
            ended=ended,
            returned=returned,
            keypoints=_joints(seen, hit, observed),
        )


def _shown(table: Table, seen: Seen | None, hit: Index, observed: Bools) -> F32:
    """(n, 4) corners: as detected, else where the track should be; within the picture."""
    if seen is None or not len(seen.boxes):
        corners = np.array(cornered(table.place).T, dtype=np.float32, order="C")
    else:
        corners = seen.boxes.take(hit, axis=0, mode="wrap")
        if np.count_nonzero(observed) < len(hit):
            missed = (hit < 0).nonzero()[0]
            corners[missed] = cornered(table.place.take(missed, axis=1)).T
    np.maximum(corners, _LOW, out=corners)
    np.minimum(corners, _HIGH, out=corners)
    return corners


def _joints(seen: Seen | None, hit: Index, observed: Bools) -> F32 | None:
    """(n, 17, 3) joints of who was seen; None when nobody looked at joints."""
    if seen is None or seen.keypoints is None:
        return None
    joints = no_joints(len(hit))
    joints[observed] = seen.keypoints[hit[observed]]
    return joints


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
        if len(some) == 1:
            found = [some[0].tracker.update(some[0].detections, some[0].at_us)]
        else:
            found = _pass(config, some, [elapsed[number] for number in numbers])
        answers.update(zip(numbers, found, strict=True))
    return [answers[number] for number in range(len(moments))]


def _pass(
    config: ByteConfig,
    moments: Sequence[Moment[ByteTracker]],
    elapsed: Sequence[tuple[float, bool]],
) -> list[Tracks]:
    tables = [one.tracker._followed() for one in moments]
    seen, seen_of = joined([one.detections for one in moments], config.low_score, config.high_score)
    table = Table.joined(tables)
    rows_of = np.repeat(np.arange(len(tables)), [len(one) for one in tables])
    at_us = np.array([one.at_us for one in moments], dtype=np.int64)[rows_of]
    step_s = predict_many(table, [one.detections.areas for one in moments], elapsed, rows_of)
    matching = Matching(config, table, seen, step_s, Pictures(rows=rows_of, columns=seen_of))
    matching.run()
    correct(table, seen, matching, step_s, at_us)
    over = given_up(config, table, step_s)
    fresh = matching.fresh()
    answers, row = [], 0
    for number, one in enumerate(moments):
        end = row + len(tables[number])
        lost = None if over is None or not np.count_nonzero(over[row:end]) else over[row:end]
        answers.append(
            one.tracker._conclude(
                table.between(row, end),
                seen if one.detections.keypoints is not None else replace(seen, keypoints=None),
                matching.hit[row:end],
                lost,
                fresh[seen_of[fresh] == number],
                one.at_us,
            )
        )
        row = end
    return answers
