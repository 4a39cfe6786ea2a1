"""What an object needs to count is a median score, by class; and the ledger says how far it was."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.unit.pipeline.rig import SECOND, START, ended, pipeline, tracks, walk
from vedette.contracts.errors import InvalidConfig
from vedette.contracts.frame import Frame
from vedette.contracts.sight import Detections, Tracks
from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.pipeline.labels import ScoreFilter
from vedette.testing.scripted import RecordingSink, ScriptedSource

KNOWN = ("person", "car")


def scored(
    scores: Sequence[float], **least: float
) -> tuple[list[Tracks], list[tuple[str, dict[str, float | int | str]]]]:
    """What becomes of one track with these scores, and what the ledger is told."""
    sure = ScoreFilter(least, KNOWN, "yard")
    seen, said = [], []
    for tick, score in enumerate(scores):
        out, verdicts = sure(tracks(START + tick * SECOND, 1, score=score))
        seen.append(out)
        said += [(one.code, dict(one.numbers)) for one in verdicts]
    return seen, said


@pytest.mark.parametrize(("score", "counts"), [(0.49, False), (0.5, True), (0.51, True)])
def test_a_hundredth_decides(score: float, counts: bool) -> None:
    seen, said = scored([score] * 5, person=0.5)

    assert all(bool(one.confirmed[0]) is counts for one in seen)
    assert said == ([] if counts else [("score_low", {"median": 0.49, "needed": 0.5})])


def test_the_median_counts_and_not_the_latest_score() -> None:
    seen, said = scored([0.3, 0.9, 0.9, 0.1, 0.9], person=0.5)

    assert [bool(one.confirmed[0]) for one in seen] == [False, True, True, True, True]
    assert [code for code, _ in said] == ["score_low", "score_enough"]


def test_each_class_has_its_own_and_others_need_nothing() -> None:
    assert scored([0.3], car=0.9)[0][0].confirmed.all()
    assert scored([0.3])[0][0].confirmed.all()


def test_nobody_hears_of_the_end_of_what_was_taken_for_nothing() -> None:
    sure = ScoreFilter({"person": 0.5}, KNOWN, "yard")
    sure(tracks(START, 1, 2, score=0.4))
    sure(tracks(START + 1, 2, score=0.9))
    gone = [replace(ended(number), label="person") for number in (1, 2)]
    last, _ = sure(tracks(START + 2, ended=gone))
    assert [(one.id, one.confirmed) for one in last.ended] == [(1, False), (2, True)]


def test_a_class_that_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidConfig, match="does not know 'unicorn'; it knows: person, car"):
        ScoreFilter({"unicorn": 0.5}, KNOWN, "yard")


class Doubtful(BlobDetector):
    """Sees what is there, and is not sure of it."""

    def __init__(self, score: float) -> None:
        super().__init__(BlobConfig())
        self._score = score

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        return [
            replace(found, scores=found.scores * 0 + self._score)
            for found in super().detect(frames)
        ]


@pytest.mark.parametrize(("score", "events"), [(0.59, 0), (0.61, 1)])
def test_rules_see_only_what_is_sure_enough_and_the_ledger_says_why(
    score: float, events: int
) -> None:
    sink = RecordingSink()
    with pipeline(
        ScriptedSource(walk(seconds=6.0), live=False),
        sink=sink,
        detector=Doubtful(score),
        detect={"min_score": {"person": 0.6}},
    ) as built:
        for frame in walk(seconds=6.0):
            built.see(frame)
        built.finish("source_ended")

    assert len(sink.events) == events
    assert built.stats.tracks == events
    ((_, story),) = sink.stories
    lows = [one for one in story if one.code == "score_low"]
    assert [(one.stage, dict(one.numbers)) for one in lows] == (
        [] if events else [("track", {"median": 0.59, "needed": 0.6})]
    )
