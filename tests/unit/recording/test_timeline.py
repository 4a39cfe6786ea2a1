"""The timeline: recordings joined, gaps with their causes, none over another."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.contracts.sink import GapCause
from vedette.kit.clock import from_us
from vedette.recording.timeline import timeline
from vedette.store.recordings import Gap

S = 1_000_000
LOST, FULL = GapCause.CAMERA_LOST, GapCause.DISK_FULL


def segment(began: float, ended: float) -> tuple[int, int]:
    return round(began * S), round(ended * S)


def gap(began: float, ended: float | None, cause: GapCause = LOST) -> Gap:
    return Gap(
        site_id="home",
        camera_id="yard",
        began_at=from_us(round(began * S)),
        ended_at=None if ended is None else from_us(round(ended * S)),
        cause=cause,
        detail="",
    )


@pytest.mark.parametrize(
    ("segments", "gaps", "spans"),
    [
        pytest.param([], [], [], id="nothing is known"),
        pytest.param([segment(0, 10), segment(10, 20)], [], [(0, 20, None)], id="joined"),
        pytest.param([segment(10.4, 20), segment(0, 10)], [], [(0, 20, None)], id="nearly"),
        pytest.param(
            [segment(0, 10), segment(11, 20)], [], [(0, 10, None), (11, 20, None)], id="a hole"
        ),
        pytest.param(
            [segment(0, 10), segment(30, 40)],
            [gap(10, 30)],
            [(0, 10, None), (10, 30, LOST), (30, 40, None)],
            id="a gap",
        ),
        pytest.param(
            [segment(0, 30)],
            [gap(10, 20)],
            [(0, 10, None), (10, 20, LOST), (20, 30, None)],
            id="silence within a segment",
        ),
        pytest.param(
            [segment(0, 10)], [gap(10, None)], [(0, 10, None), (10, 60, LOST)], id="up to now"
        ),
        pytest.param(
            [segment(-20, 10), segment(90, 200)],
            [gap(80, None, FULL)],
            [(0, 10, None), (90, 100, None)],
            id="cut to the interval; a gap that begins after now is not there yet",
        ),
        pytest.param(
            [], [gap(5, 20), gap(10, 30, FULL)], [(5, 20, LOST), (20, 30, FULL)], id="two gaps"
        ),
    ],
)
def test_spans(
    segments: list[tuple[int, int]], gaps: list[Gap], spans: list[tuple[int, int, GapCause | None]]
) -> None:
    found = timeline(segments, gaps, begin_us=0, end_us=100 * S, now_us=60 * S)
    assert [(s.began_us / S, s.ended_us / S, s.cause) for s in found] == spans


PAIRS = st.lists(st.tuples(st.integers(-20, 120), st.integers(1, 40)), max_size=8)


@given(PAIRS, PAIRS)
def test_spans_never_overlap_and_cover_what_is_recorded(
    recorded: list[tuple[int, int]], lost: list[tuple[int, int]]
) -> None:
    segments = [segment(began, began + length) for began, length in recorded]
    gaps = [gap(began, began + length) for began, length in lost]
    spans = timeline(segments, gaps, begin_us=0, end_us=100 * S, now_us=100 * S)
    for one, other in itertools.pairwise(spans):
        assert one.ended_us <= other.began_us
    for second in range(100):
        at = second * S + S // 2
        inside = [span for span in spans if span.began_us <= at < span.ended_us]
        gone = any(b <= second < b + n for b, n in lost)
        there = any(b <= second < b + n for b, n in recorded)
        assert [span.recorded for span in inside] == ([False] if gone else [True] if there else [])
