"""What a camera followed, once more: stored tracks as the moments that zones and rules saw.

The same zones and the same rules judge them, so what they decide follows from the tracks alone. A
track counts from its confirmation until it was given up; where nobody noted these (tracks of older
versions), from its first until its last sample. Between two samples of anybody, and after the last,
moments are put in at the camera's rate, as it looked at pictures in which nothing was new. Classes
are those of the whole track; joints are not stored.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vedette.contracts.sample import dequantise
from vedette.contracts.sight import F32, I16, I32, I64, EndedTrack, Tracks
from vedette.contracts.sink import TrackRecord
from vedette.track.path import decode

QUIET_US = 30_000_000
"""While nobody is in view, time passes in steps of this length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTrack:
    """One stored track, unpacked."""

    session: str
    number: int
    label: str
    first_us: int
    confirmed_us: int
    given_up_us: int
    times_us: I64
    """(n,) of its samples, ascending."""
    boxes: F32
    """(n, 4) fractions of the frame."""
    scores: F32
    """(n,)"""

    @staticmethod
    def of(record: TrackRecord) -> "PastTrack | None":
        """None for a track without samples (of the camera itself).

        Raises:
            StorageFailed: its path is damaged.
        """
        path = decode(record.path)
        session, _, number = record.id.rpartition("/")
        if not len(path) or not number.isdecimal():
            return None
        times_us = record.t0_us + path.offsets_ms.astype(np.int64) * 1000
        last_us = int(times_us[-1])
        return PastTrack(
            session=session,
            number=int(number),
            label=record.label,
            first_us=record.t0_us,
            confirmed_us=record.confirmed_us or record.t0_us,
            given_up_us=max(record.given_up_us, last_us + 1),
            times_us=times_us,
            boxes=dequantise(path.boxes),
            scores=dequantise(path.scores),
        )


@dataclass(slots=True, kw_only=True)
class _Walker:
    """A track in view, with how far it has come."""

    track: PastTrack
    at: int = -1
    """Index of its latest sample."""


class Past:
    """The moments of one camera and one session, in order of time."""

    def __init__(self, labels: Sequence[str], *, step_us: int) -> None:
        """Take what is the same for all of them.

        Args:
            labels: of all tracks that will come.
            step_us: between two pictures that were looked at.
        """
        self._labels = tuple(labels)
        self._step_us = step_us

    def moments(self, tracks: Iterable[PastTrack]) -> Iterator[Tracks]:
        """What a tracker said, moment by moment.

        Args:
            tracks: in the order of their first samples.
        """
        coming = iter(tracks)
        following = next(coming, None)
        there: list[_Walker] = []
        now_us = 0 if following is None else following.first_us
        while following is not None or there:
            while following is not None and following.first_us <= now_us:
                there.append(_Walker(track=following))
                following = next(coming, None)
            ended = [each for each in there if each.track.given_up_us <= now_us]
            there = [each for each in there if each.track.given_up_us > now_us]
            yield self._moment(there, ended, now_us)
            now_us = self._next_us(there, following, now_us)

    def _next_us(self, there: Sequence[_Walker], following: PastTrack | None, now_us: int) -> int:
        """When something happens next, or the next picture would have been looked at."""
        steps = [now_us + (self._step_us if there else QUIET_US)]
        if following is not None:
            steps.append(following.first_us)
        for each in there:
            steps.append(each.track.given_up_us)
            if each.at + 1 < len(each.track.times_us):
                steps.append(int(each.track.times_us[each.at + 1]))
        return max(min(steps), now_us + 1)

    def _moment(self, there: Sequence[_Walker], ended: Sequence[_Walker], now_us: int) -> Tracks:
        observed = np.zeros(len(there), dtype=np.bool_)
        boxes = np.zeros((len(there), 4), dtype=np.float32)
        scores = np.zeros(len(there), dtype=np.float32)
        for row, each in enumerate(there):
            times_us = each.track.times_us
            while each.at + 1 < len(times_us) and times_us[each.at + 1] <= now_us:
                each.at += 1
                observed[row] = True
            boxes[row], scores[row] = each.track.boxes[each.at], each.track.scores[each.at]
        numbers: I32 = np.array([each.track.number for each in there], dtype=np.int32)
        classes: I16 = np.array(
            [self._labels.index(each.track.label) for each in there], dtype=np.int16
        )
        return Tracks(
            at_us=now_us,
            ids=numbers,
            boxes=boxes,
            scores=scores,
            classes=classes,
            observed=observed,
            confirmed=np.array(
                [each.track.confirmed_us <= now_us for each in there], dtype=np.bool_
            ),
            first_us=np.array([each.track.first_us for each in there], dtype=np.int64),
            labels=self._labels,
            ended=tuple(_ended(each.track) for each in ended),
        )


def sessions(tracks: Iterable[PastTrack]) -> Iterator[list[PastTrack]]:
    """Tracks by the openings of the camera that they are from, each in order of time."""
    held: list[PastTrack] = []
    for track in tracks:
        if held and track.session != held[0].session:
            yield held
            held = []
        held.append(track)
    if held:
        yield held


def _ended(track: PastTrack) -> EndedTrack:
    return EndedTrack(
        id=track.number,
        label=track.label,
        confirmed=True,
        code="lost",
        seen=len(track.times_us),
        first_us=track.first_us,
        last_us=int(track.times_us[-1]),
        median_score=float(np.median(track.scores)),
        best_score=float(track.scores.max()),
    )
