"""What was said of each track, and its path: bounded, and given away when the track ends."""

import numpy as np
import pytest

from tests.unit.pipeline.rig import PERSON, SECOND, START, ended, sight, tracks
from vedette.contracts.sample import quantise
from vedette.contracts.sight import NO_BOXES, Motion
from vedette.contracts.verdict import Verdict
from vedette.pipeline.ledger import MOST_SAMPLES, MOST_VERDICTS, Ledger
from vedette.testing.scripted import drawn
from vedette.track.path import decode

AT_END = START + 3 * SECOND
MOVING = Motion(fraction=0.1, boxes=NO_BOXES, active=True, code="motion")
PORCH = {"id": "porch", "polygon": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], "inertia_s": 0}


@pytest.fixture
def ledger() -> Ledger:
    return Ledger("yard", ["attic", "porch"])


def follow(ledger: Ledger, at_us: int, *ids: int, observed: bool = True) -> None:
    seen = tracks(at_us, *ids, observed=observed)
    ledger.follow(seen, MOVING)
    ledger.sample(seen, sight(drawn(at_us), seen).samples)


def verdict(track: int, code: str = "entered") -> Verdict:
    return Verdict(camera_id="yard", track=track, stage="zones", at_us=START, code=code)


def test_a_story_has_what_was_said_and_ends_with_the_end(ledger: Ledger) -> None:
    follow(ledger, START, 1, 2)
    ledger.note([verdict(1), verdict(0, "light_change"), verdict(2, "left")])
    ledger.add(1, "rules", START, "open:present", {"dwell_s": 1.0})

    story = ledger.end(ended(1), "yard/s/1", AT_END)

    said = [(v.stage, v.code) for v in story.verdicts]
    assert said[-3:] == [("zones", "entered"), ("rules", "open:present"), ("track", "left")]
    assert {v.track for v in story.verdicts} == {1}
    assert dict(story.verdicts[-1].numbers) == {"seen": 5, "best_score": 0.9}


def test_what_was_told_so_far_is_not_told_again(ledger: Ledger) -> None:
    for n, score in enumerate((0.5, 0.9, 0.7)):
        seen = tracks(START + n * SECOND, 1, score=score)
        ledger.follow(seen, MOVING)
        ledger.sample(seen, sight(drawn(seen.at_us), seen).samples)
    ledger.add(1, "rules", START, "open:present", {"dwell_s": 1.0})

    first = ledger.so_far(seen, 1, "yard/s/1")
    ledger.note([verdict(1)])
    second = ledger.so_far(seen, 1, "yard/s/1")
    end = ledger.end(ended(1), "yard/s/1", AT_END)

    assert first is not None
    assert second is not None
    assert [story.record.part for story in (first, second, end)] == [0, 1, 2]
    assert [(v.stage, v.code) for v in first.verdicts][-1] == ("rules", "open:present")
    assert [v.code for v in second.verdicts] == ["entered"]
    assert [v.code for v in end.verdicts] == ["left"]
    assert (first.record.label, first.record.samples) == ("person", 0)
    assert first.record.median_score == pytest.approx(0.7, abs=1e-4)
    assert first.record.best_score == pytest.approx(0.9, abs=1e-4)
    assert (first.record.t1_us, first.record.given_up_us) == (START + 2 * SECOND, 0)
    assert [len(decode(each.record.path)) for each in (first, end)] == [0, 3], "it is not over"


def test_of_nobody_in_view_there_is_nothing_to_tell(ledger: Ledger) -> None:
    follow(ledger, START, 1)

    assert ledger.so_far(tracks(START, 1), 2, "yard/s/2") is None
    assert ledger.so_far(tracks(START), 1, "yard/s/1") is None


def test_a_path_comes_back_as_it_went_in(ledger: Ledger) -> None:
    for n in range(50):
        follow(ledger, START + n * 200_000, 1)
    follow(ledger, START + 50 * 200_000, 1, observed=False)

    path = decode(ledger.end(ended(1), "yard/s/1", AT_END).record.path)

    assert path.offsets_ms.tolist() == [n * 200 for n in range(50)], "what was not seen is no path"
    assert (path.boxes == quantise(np.array(PERSON, dtype=np.float32))).all()
    assert (path.scores == quantise(np.array([0.9], dtype=np.float32))).all()


def test_a_record_says_who_when_and_where(ledger: Ledger) -> None:
    seen = tracks(START, 1)
    ledger.follow(seen, MOVING)
    ledger.sample(seen, sight(drawn(START), seen, zones=[PORCH | {"id": "x"}, PORCH]).samples)

    record = ledger.end(ended(1), "yard/s/1", AT_END).record

    assert (record.id, record.camera_id, record.label) == ("yard/s/1", "yard", "car")
    assert (record.t0_us, record.t1_us, record.samples) == (START - SECOND, START, 5)
    assert (record.median_score, record.best_score) == (0.75, 0.9)
    assert record.zones == ("attic", "porch")
    assert (record.confirmed_us, record.given_up_us) == (START, AT_END)


def test_too_much_is_counted_and_the_count_is_the_last_word(ledger: Ledger) -> None:
    follow(ledger, START, 1)
    for _ in range(2 * MOST_VERDICTS):
        ledger.note([verdict(1)])

    verdicts = ledger.end(ended(1), "yard/s/1", AT_END).verdicts

    assert len(verdicts) == MOST_VERDICTS + 2
    kept = sum(v.code == "entered" for v in verdicts)
    assert verdicts[-1].code == "truncated"
    assert verdicts[-1].numbers == {"dropped": 2 * MOST_VERDICTS - kept}


def test_a_path_without_end_is_thinned_and_stays_in_order(ledger: Ledger) -> None:
    seen = tracks(START, 1)
    samples = sight(drawn(START), seen).samples
    ledger.follow(seen, MOVING)
    for n in range(MOST_SAMPLES + 3):
        ledger.sample(tracks(START + n * 1000, 1), samples)

    path = decode(ledger.end(ended(1), "yard/s/1", AT_END).record.path)

    assert len(path) == MOST_SAMPLES // 2 + 3
    assert path.offsets_ms[:3].tolist() == [0, 2, 4]
    assert path.offsets_ms[-1] == MOST_SAMPLES + 2
    assert (np.diff(path.offsets_ms.astype(np.int64)) > 0).all()


def test_a_car_that_is_parked_for_two_months_does_not_break_its_path(ledger: Ledger) -> None:
    for day in (0, 40, 60, 61):
        follow(ledger, START + day * 86_400 * SECOND, 1)

    path = decode(ledger.end(ended(1), "yard/s/1", AT_END).record.path)

    assert path.offsets_ms.tolist() == [0, 40 * 86_400_000, 2**32 - 1, 2**32 - 1]


def test_what_is_said_after_the_end_begins_no_story_that_never_ends(ledger: Ledger) -> None:
    follow(ledger, START, 1)
    ledger.end(ended(1), "yard/s/1", AT_END)

    ledger.add(1, "rules", START, "close:done", {})
    ledger.note([verdict(1)])

    assert [v.code for v in ledger.end(ended(1), "yard/s/1", AT_END).verdicts] == ["left"]


def test_a_track_that_nobody_spoke_of_has_an_empty_path(ledger: Ledger) -> None:
    story = ledger.end(ended(9), "yard/s/9", AT_END)

    assert len(decode(story.record.path)) == 0
    assert story.record.zones == ()
