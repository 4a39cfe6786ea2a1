"""Few frames a second are looked at, evenly; the detector only when there is a reason."""

import pytest

from vedette.contracts.sight import NO_BOXES, Motion
from vedette.pipeline.gate import LookGate

MS = 1_000


def gate(fps: float = 5.0, *, every_frame: bool = False, enabled: bool = True) -> LookGate:
    return LookGate(fps=fps, recheck_s=2.0, every_frame=every_frame, enabled=enabled)


def motion(code: str = "quiet") -> Motion:
    return Motion(fraction=0.0, boxes=NO_BOXES, active=code == "motion", code=code)


QUIET, MOVING, LEARNING = motion(), motion("motion"), motion("learning")


def taken(thinner: LookGate, times_ms: list[int]) -> list[int]:
    return [ms for ms in times_ms if thinner.samples(ms * MS)]


@pytest.mark.parametrize(
    ("source_fps", "wanted_fps", "in_ten_s"),
    [(25, 5, 50), (30, 5, 50), (30, 12, 120), (15, 10, 100), (10, 10, 100), (5, 30, 50)],
)
def test_frames_are_thinned_to_the_wanted_rate(
    source_fps: int, wanted_fps: float, in_ten_s: int
) -> None:
    times_ms = [n * 1000 // source_fps for n in range(10 * source_fps)]

    assert len(taken(gate(wanted_fps), times_ms)) == in_ten_s


def test_of_25_frames_every_fifth_is_taken_from_the_first_on() -> None:
    assert taken(gate(), list(range(0, 1000, 40))) == [0, 200, 400, 600, 800]


def test_a_frame_that_is_a_little_early_is_the_one_that_was_meant() -> None:
    assert taken(gate(), [0, 191, 200, 391, 400]) == [0, 191, 391]
    assert taken(gate(), [0, 189, 200, 389, 400]) == [0, 200, 400]


def test_jitter_does_not_add_up() -> None:
    jittered = [n * 40 + (-8, 5, 9, -3, 0)[n % 5] for n in range(250)]

    assert len(taken(gate(), jittered)) == 50


def test_after_a_gap_frames_do_not_come_in_a_burst() -> None:
    assert taken(gate(), [0, 40, 5000, 5040, 5080, 5120, 5160, 5200]) == [0, 5000, 5200]


def test_every_frame_is_every_frame() -> None:
    every = gate(every_frame=True)

    assert taken(every, [0, 1, 2, 40]) == [0, 1, 2, 40]
    assert every.looks(QUIET, 0, watching=False)
    assert every.looks(QUIET, 1, watching=False)


@pytest.mark.parametrize(
    ("reason", "watching", "looks"),
    [(QUIET, False, False), (MOVING, False, True), (LEARNING, False, True), (QUIET, True, False)],
)
def test_the_detector_looks_for_a_reason(reason: Motion, watching: bool, looks: bool) -> None:
    one = gate()
    assert one.looks(QUIET, 0, watching=False), "the first frame is always looked at"

    assert one.looks(reason, 200 * MS, watching=watching) is looks


def test_what_is_in_view_is_looked_at_again_and_an_empty_picture_is_not() -> None:
    watched, empty = gate(), gate()
    times_ms = range(0, 10_000, 200)

    assert [t for t in times_ms if watched.looks(QUIET, t * MS, watching=True)] == [
        0, 2000, 4000, 6000, 8000,
    ]  # fmt: skip
    assert [t for t in times_ms if empty.looks(QUIET, t * MS, watching=False)] == [0]


def test_a_look_that_failed_is_made_up_for_once() -> None:
    one = gate()
    assert one.looks(MOVING, 0, watching=False)
    one.failed()

    assert not one.looks(QUIET, 1000 * MS, watching=False)
    assert one.looks(QUIET, 2000 * MS, watching=False)
    assert not one.looks(QUIET, 9000 * MS, watching=False)


def test_who_forgets_looks_at_the_next_frame_whatever_its_time() -> None:
    one = gate()
    assert one.samples(9000 * MS)
    assert one.looks(QUIET, 9000 * MS, watching=False)
    one.forget()

    assert one.samples(100 * MS)
    assert one.looks(QUIET, 100 * MS, watching=False)


def test_where_detection_is_off_nothing_is_looked_at() -> None:
    off = gate(enabled=False)

    assert off.samples(0)
    assert not off.looks(MOVING, 0, watching=True)
