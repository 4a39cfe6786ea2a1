"""What the detector saw and nobody was followed for: counted by minute and class, for the ledger.

A box that is less sure than what begins a track leaves no trace otherwise, and "why was nothing
opened?" had no answer. Bounded: a few classes a minute, and only what came near.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vedette.contracts.sight import Detections, Tracks
from vedette.contracts.sink import EventSink, TrackRecord
from vedette.contracts.verdict import Verdict
from vedette.detect.suppress import pairwise_iou
from vedette.track.path import NO_PATH

MINUTE_US = 60_000_000
NEAR = 0.5
"""What is less than this part of what is needed is noise."""
MOST_LABELS = 3
"""A minute; those that came nearest."""
SAME = 0.4
"""A doubtful box that overlaps a followed object by more belongs to it."""


@dataclass(slots=True)
class _Count:
    """One class within a minute."""

    first_us: int
    last_us: int = 0
    times: int = 0
    best: float = 0.0
    best_us: int = 0
    box: tuple[float, ...] = ()


class PassedOver:
    """Of one camera. Belongs to its thread."""

    def __init__(
        self,
        camera_id: str,
        session: Callable[[], str],
        sink: EventSink,
        *,
        needed: float,
        sure: float,
    ) -> None:
        """Take what it needs.

        Args:
            session: which life of the camera it is, for names of records.
            needed: a box this sure begins a track; 0 where the tracker does not say it.
            sure: a box that is less sure never does, whatever is needed.
        """
        self._camera_id = camera_id
        self._session = session
        self._sink = sink
        self._needed = needed
        self._sure = sure
        self._counts: dict[str, _Count] = {}
        self._minute = 0

    def see(self, found: Detections, tracks: Tracks, at_us: int) -> None:
        """Count the doubtful boxes of a look that belong to nobody.

        Args:
            tracks: after the tracker saw them.
        """
        if self._counts and at_us // MINUTE_US != self._minute:
            self.end()
        self._minute = at_us // MINUTE_US
        near = (found.scores < self._needed) & (found.scores >= NEAR * self._needed)
        if not near.any():
            return
        rows = np.flatnonzero(near)
        if len(tracks):
            apart = pairwise_iou(found.boxes[rows], tracks.boxes).max(axis=1) <= SAME
            rows = rows[apart]
        for row in rows.tolist():
            self._count(found, row, at_us)

    def end(self) -> None:
        """The minute is over, or the camera: keep what was counted."""
        nearest = sorted(self._counts.items(), key=lambda one: -one[1].best)[:MOST_LABELS]
        for label, count in nearest:
            self._sink.record(self._record(label, count), [self._verdict(label, count)])
        self._counts = {}

    def _count(self, found: Detections, row: int, at_us: int) -> None:
        label = found.labels[int(found.classes[row])]
        count = self._counts.setdefault(label, _Count(first_us=at_us))
        count.times, count.last_us = count.times + 1, at_us
        if (score := float(found.scores[row])) > count.best:
            count.best, count.best_us = score, at_us
            count.box = tuple(round(float(edge), 3) for edge in found.boxes[row])

    def _record(self, label: str, count: _Count) -> TrackRecord:
        """Without samples: no rule is ever asked of it, also not in a backtest."""
        name = f"0-{label.replace('/', '-')}-{count.first_us}"
        return TrackRecord(
            id=f"{self._camera_id}/{self._session()}/{name}",
            camera_id=self._camera_id,
            label=label,
            t0_us=count.first_us,
            t1_us=count.last_us,
            median_score=count.best,
            best_score=count.best,
            samples=0,
            path=NO_PATH,
        )

    def _verdict(self, label: str, count: _Count) -> Verdict:
        left, top, right, bottom = count.box
        return Verdict(
            camera_id=self._camera_id,
            track=0,
            stage="detect",
            at_us=count.best_us,
            code="passed_over",
            numbers={
                "label": label,
                "times": count.times,
                "score": math.floor(count.best * 1e4) / 1e4,  # what is needed must not be more
                "needed": self._needed,
                "sure": self._sure,
                "left": left,
                "top": top,
                "right": right,
                "bottom": bottom,
            },
        )
