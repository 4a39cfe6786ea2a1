"""Keeps the classes that a camera is to follow, and the objects that are sure enough."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from vedette.contracts.errors import InvalidConfig
from vedette.contracts.sample import QUANTUM, quantise
from vedette.contracts.sight import Bools, Detections, Tracks
from vedette.contracts.verdict import Verdict
from vedette.zones.median import Medians


class LabelFilter:
    """Every class where none is named. Follows a detector that is exchanged for one with others."""

    def __init__(self, wanted: tuple[str, ...], known: tuple[str, ...]) -> None:
        """Choose.

        Raises:
            InvalidConfig: the detector does not know a class.
        """
        if strange := [label for label in wanted if label not in known]:
            raise InvalidConfig(
                f"the detector does not know {strange[0]!r}; it knows: {', '.join(known)}"
            )
        self._wanted = wanted
        self._known = known
        self._kept = self._chosen()

    def __call__(self, found: Detections) -> Detections:
        if not self._wanted or not len(found):
            return found
        if found.labels != self._known:
            self._known = found.labels
            self._kept = self._chosen()
        return found.pick(self._kept[found.classes])

    def _chosen(self) -> Bools:
        return np.array([label in self._wanted for label in self._known], dtype=np.bool_)


class ScoreFilter:
    """Takes an object for nothing while the median of its scores is below what its class needs.

    It is then not `confirmed`, so no rule, page or file hears of it; the ledger does.
    """

    def __init__(self, least: Mapping[str, float], known: tuple[str, ...], camera_id: str) -> None:
        """Take the least median of each class that has one.

        Raises:
            InvalidConfig: the detector does not know a class.
        """
        if strange := [label for label in least if label not in known]:
            raise InvalidConfig(
                f"detect.min_score: the detector does not know {strange[0]!r}; it knows: "
                f"{', '.join(known)}"
            )
        self._least = dict(least)
        self._camera_id = camera_id
        self._ids: list[int] = []
        self._medians = Medians().rows(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.bool_))
        self._told: dict[int, bool] = {}
        """By track: what the ledger was told last."""
        self._passed: set[int] = set()

    def __call__(self, tracks: Tracks) -> tuple[Tracks, tuple[Verdict, ...]]:
        """The same tracks, those below not confirmed; and what is new for the ledger:
        `score_low` and `score_enough`, both with `median` and `needed`."""
        if not self._least:
            return tracks, ()
        self._follow(tracks)
        needed = np.array([self._least.get(label, 0.0) for label in tracks.labels])
        if not len(tracks):
            return self._ended(tracks), ()
        least = needed[tracks.classes]
        medians = self._medians.medians()
        enough = medians >= quantise(least)
        confirmed = tracks.confirmed & enough
        self._passed.update(tracks.ids[confirmed].tolist())
        verdicts = tuple(
            self._verdict(tracks, row, medians[row] / QUANTUM, float(least[row]))
            for row in np.flatnonzero(tracks.confirmed).tolist()
            if self._is_news(int(tracks.ids[row]), good=bool(enough[row]))
        )
        return self._ended(replace(tracks, confirmed=confirmed)), verdicts

    def _follow(self, tracks: Tracks) -> None:
        row_of = {number: row for row, number in enumerate(self._ids)}
        self._ids = tracks.ids.tolist()
        index = np.array([row_of.get(number, -1) for number in self._ids], dtype=np.intp)
        medians = self._medians.rows(index, index < 0)
        self._medians = medians.take(quantise(tracks.scores), tracks.observed)

    def _is_news(self, track: int, *, good: bool) -> bool:
        """Being sure enough is only worth a word after it was not."""
        news = self._told.get(track, True) != good
        self._told[track] = good
        return news

    def _ended(self, tracks: Tracks) -> Tracks:
        if not tracks.ended:
            return tracks
        ended = tuple(
            replace(
                one,
                confirmed=one.confirmed
                and (one.id in self._passed or one.label not in self._least),
            )
            for one in tracks.ended
        )
        for one in ended:
            self._passed.discard(one.id)
            self._told.pop(one.id, None)
        return replace(tracks, ended=ended)

    def _verdict(self, tracks: Tracks, row: int, median: float, needed: float) -> Verdict:
        track = int(tracks.ids[row])
        return Verdict(
            camera_id=self._camera_id,
            track=track,
            stage="track",
            at_us=tracks.at_us,
            code="score_enough" if self._told[track] else "score_low",
            numbers={"median": round(median, 4), "needed": needed},
        )
