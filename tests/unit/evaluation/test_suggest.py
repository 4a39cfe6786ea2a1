"""Which change of settings is proposed: never one that costs more than another does."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from shapely import Point, Polygon

from vedette.evaluation.suggest import (
    LARGEST,
    MARGIN,
    Bound,
    Kind,
    Outcome,
    Proposal,
    Span,
    against_false,
    area,
    cuts,
    for_missed,
    outline,
    places,
)

FRACTION = st.floats(0.0, 1.0, allow_nan=False)
SPANS = st.lists(
    st.tuples(FRACTION, FRACTION).map(lambda two: Span(least=min(two), most=max(two))), max_size=12
)
COUNT = st.integers(0, 5)
TRIED = st.lists(
    st.tuples(
        st.builds(
            lambda kind, step: Proposal(kind=kind, path=("x",), old=None, new=step, step=step),
            st.sampled_from(Kind),
            FRACTION,
        ),
        st.builds(
            lambda removed, lost, found, more: Outcome(
                removed=removed, lost=lost, found=found, more=more
            ),
            COUNT,
            COUNT,
            COUNT,
            COUNT,
        ),
    ),
    max_size=12,
)
POINTS = st.lists(st.tuples(FRACTION, FRACTION), min_size=1, max_size=20).map(
    lambda points: np.asarray(points, dtype=np.float64)
)


def bound(*, upper: bool, now: float | None = None) -> Bound:
    return Bound(
        kind=Kind.SIZE, figure="height", path=("min_height",), upper=upper, now=now, digits=3
    )


@given(tried=TRIED, false=st.integers(0, 5))
def test_a_change_that_costs_nothing_is_always_taken_before_one_that_does(
    tried: list[tuple[Proposal, Outcome]], false: int
) -> None:
    best = against_false(tried, false)
    if best is None:
        assert not any(o.removed and not o.lost for _, o in tried)
        return
    outcome = best[1]
    assert outcome.removed > outcome.lost
    if outcome.lost:
        assert not any(o.removed and not o.lost for _, o in tried)
        assert not any(
            o.lost < outcome.lost and o.removed > o.lost and 2 * o.removed >= false
            for _, o in tried
        )
    assert outcome.removed == max(
        o.removed for _, o in tried if o.lost == outcome.lost and o.removed > o.lost
    )


TWICE = Proposal(kind=Kind.SCORE, path=("x",), old=None, new=0.5, step=0.5)


@given(tried=TRIED, false=st.integers(0, 5))
@example(
    tried=[(TWICE, Outcome(removed=2, lost=1, found=found, more=1)) for found in (0, 1)], false=0
)
@example(tried=[(TWICE, Outcome(removed=n, found=1)) for n in (0, 1)], false=0)
def test_the_order_in_which_changes_were_tried_does_not_matter(
    tried: list[tuple[Proposal, Outcome]], false: int
) -> None:
    assert against_false(tried, false) == against_false(tried[::-1], false)
    assert for_missed(tried) == for_missed(tried[::-1])


def test_without_feedback_nothing_is_proposed() -> None:
    assert against_false([], 0) is None
    assert for_missed([]) is None
    assert cuts(bound(upper=False), [], [{"height": Span(least=0.1, most=0.4)}]) == ()
    assert list(places([])) == []


@given(tried=TRIED)
def test_for_what_was_missed_nothing_is_lost_and_most_is_found(
    tried: list[tuple[Proposal, Outcome]],
) -> None:
    best = for_missed(tried)
    usable = [o for _, o in tried if o.found and not o.lost]
    assert (best is None) == (not usable)
    if best is not None:
        assert best[1].found == max(o.found for o in usable)


@given(false=SPANS, others=SPANS, upper=st.booleans(), now=st.none() | FRACTION)
def test_a_cut_keeps_a_false_object_out_and_as_few_others_as_can_be(
    false: list[Span], others: list[Span], upper: bool, now: float | None
) -> None:
    def passes(one: Span, value: float) -> bool:
        return one.least <= value if upper else one.most >= value

    for value in cuts(
        bound(upper=upper, now=now), [{"height": f} for f in false], [{"height": o} for o in others]
    ):
        kept_out = [one for one in false if not passes(one, value)]
        assert kept_out, "it keeps nobody out"
        # whoever is lost could not be kept: nearer to the last false one than a step of the digits
        last = min(f.least for f in kept_out) if upper else max(f.most for f in kept_out)
        for other in others:
            beyond = last - other.least if upper else other.most - last
            assert passes(other, value) or beyond <= 0.001 + 1e-9
        if now is not None:
            assert value < now if upper else value > now


@given(points=POINTS)
def test_an_outline_holds_the_feet_within_the_picture(points: np.ndarray) -> None:
    corners = outline(points)
    assert 3 <= len(corners) <= 8
    assert all(0.0 <= x <= 1.0 and 0.0 <= y <= 1.0 for x, y in corners)
    shape = Polygon(corners)
    assert shape.is_valid
    assert abs(shape.area - area(corners)) < 1e-9
    for x, y in points:
        assert shape.distance(Point(x, y)) < 0.002
    wide = points.max(axis=0) - points.min(axis=0) + 2 * MARGIN + 0.01
    assert area(corners) <= float(wide.prod()) + 1e-6


def test_places_are_where_false_objects_stood_and_never_most_of_the_picture() -> None:
    corner = [np.array([[0.1, 0.9], [0.12, 0.92]]), np.array([[0.15, 0.9]])]
    alone = np.array([[0.8, 0.2]])
    everywhere = np.array([[0.5, 0.5], [0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])

    found = list(places([*corner, alone]))

    assert len(found) == 2
    assert Polygon(found[0]).contains(Point(0.13, 0.9)), "the place with two comes first"
    assert Polygon(found[1]).contains(Point(0.8, 0.2))
    assert list(places([everywhere])) == []
    assert all(area(corners) < LARGEST for corners in found)
