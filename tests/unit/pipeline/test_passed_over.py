"""What was seen and not followed, counted by minute and class; the ledger says how near it came."""

import numpy as np
import pytest

from tests.unit.pipeline.rig import PERSON, SECOND, START, pipeline, tracks, walk
from tests.unit.pipeline.test_score_filter import Doubtful
from vedette.contracts.payload import FractionBox
from vedette.contracts.sight import Detections, Tracks
from vedette.explain.story import story_of
from vedette.pipeline.passed_over import MINUTE_US, MOST_LABELS, PassedOver
from vedette.pipeline.past import PastTrack
from vedette.testing.scripted import RecordingSink, ScriptedSource

LABELS = ("person", "dog", "cat", "bird")
FIRST_US = START - START % MINUTE_US
"""The beginning of a minute."""
ELSEWHERE: FractionBox = (0.1, 0.1, 0.2, 0.3)


def seen(*found: tuple[str, float, FractionBox]) -> Detections:
    return Detections(
        boxes=np.array([box for _, _, box in found], dtype=np.float32).reshape(-1, 4),
        scores=np.array([score for _, score, _ in found], dtype=np.float32),
        classes=np.array([LABELS.index(label) for label, _, _ in found], dtype=np.int16),
        labels=LABELS,
    )


def counted() -> tuple[PassedOver, RecordingSink]:
    sink = RecordingSink()
    return PassedOver("yard", lambda: "life", sink, needed=0.55, sure=0.5), sink


def test_each_minute_has_its_count_and_its_best() -> None:
    passed, sink = counted()
    for second, score in enumerate((0.31, 0.44, 0.38)):
        at_us = FIRST_US + second * SECOND
        passed.see(seen(("person", score, PERSON)), Tracks.none(at_us), at_us)
    assert sink.stories == [], "the minute is not over"
    later_us = FIRST_US + 61 * SECOND
    passed.see(seen(), Tracks.none(later_us), later_us)
    passed.end()

    ((record, (said,)),) = sink.stories
    assert (record.id, record.label) == (f"yard/life/0-person-{FIRST_US}", "person")
    assert (record.t0_us, record.t1_us) == (FIRST_US, FIRST_US + 2 * SECOND)
    assert (said.stage, said.code, said.at_us) == ("detect", "passed_over", FIRST_US + SECOND)
    assert (said.numbers["times"], said.numbers["score"], said.numbers["needed"]) == (
        3,
        0.4399,
        0.55,
    )
    assert [said.numbers[edge] for edge in ("left", "top", "right", "bottom")] == [
        *(0.4, 0.3, 0.5, 0.8)
    ]


@pytest.mark.parametrize(("score", "times"), [(0.27, 0), (0.28, 1), (0.54, 1), (0.55, 0)])
def test_noise_and_what_is_followed_are_not_counted(score: float, times: int) -> None:
    passed, sink = counted()
    passed.see(seen(("person", score, PERSON)), Tracks.none(START), START)
    passed.end()

    assert len(sink.stories) == times


def test_a_doubtful_box_of_somebody_who_is_followed_is_theirs() -> None:
    passed, sink = counted()
    both = seen(("person", 0.4, PERSON), ("person", 0.3, ELSEWHERE))
    passed.see(both, tracks(START, 1), START)
    passed.end()

    ((_, (said,)),) = sink.stories
    assert (said.numbers["times"], said.numbers["score"]) == (1, 0.3)


def test_of_many_classes_the_nearest_are_kept() -> None:
    passed, sink = counted()
    scores = (0.3, 0.5, 0.35, 0.4)
    every = [(label, score, PERSON) for label, score in zip(LABELS, scores, strict=True)]
    passed.see(seen(*every), Tracks.none(START), START)
    passed.end()

    assert [record.label for record, _ in sink.stories] == ["dog", "bird", "cat"][:MOST_LABELS]


def test_where_the_tracker_does_not_say_what_it_needs_nothing_is_counted() -> None:
    sink = RecordingSink()
    passed = PassedOver("yard", lambda: "life", sink, needed=0.0, sure=0.0)
    passed.see(seen(("person", 0.4, PERSON)), Tracks.none(START), START)
    passed.end()

    assert sink.stories == []


@pytest.mark.parametrize(
    ("score", "remedies", "events"),
    [
        (0.42, {}, 0),
        (0.42, {"new_score": 0.41, "high_score": 0.41}, 1),
        (0.53, {}, 0),
        (0.53, {"new_score": 0.52}, 1),
    ],
)
def test_the_settings_that_it_names_change_the_outcome(
    score: float, remedies: dict[str, float], events: int
) -> None:
    sink = RecordingSink()
    with pipeline(
        ScriptedSource(walk(seconds=6.0), live=False),
        sink=sink,
        detector=Doubtful(score),
        tracker={"type": "byte", **remedies},
    ) as built:
        for frame in walk(seconds=6.0):
            built.see(frame)
        built.finish("source_ended")

    assert len(sink.events) == events
    overs = [(r, said) for r, said in sink.stories if said[0].code == "passed_over"]
    assert bool(overs) is (events == 0)
    for record, said in overs:
        story = story_of("", said)
        assert story.answers[0].startswith("Nobody was followed: the detector saw: person, ")
        named = [f"tracker.{name}: {score - 0.01:.2f}" for name in ("new_score", "high_score")]
        assert list(story.remedies) == named[: 1 if score > 0.5 else 2]
        assert PastTrack.of(record) is None, "no rule is asked of it, also not in a backtest"
