"""A directed line counts who really crossed it, once, and which way."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.zones.walk import SECOND, path, person, tracks, walk
from vedette.zones.config import LineConfig, ZoneMap
from vedette.zones.zones import Zones

UPWARD = LineConfig(id="door", a=(0.5, 0.9), b=(0.5, 0.1))


def counted(points: list[tuple[float, float]], line: LineConfig = UPWARD) -> list[int]:
    seen, _ = path(Zones(ZoneMap(lines=(line,)), camera_id="yard"), points)
    return [int(s.crossings[0, 0]) for s in seen if s.crossings.any()]


@pytest.mark.parametrize(
    ("story", "points", "ways"),
    [
        ("left to right", [(0.3, 0.5), (0.7, 0.5)], [1]),
        ("right to left", [(0.7, 0.5), (0.3, 0.5)], [-1]),
        ("there and back", [(0.3, 0.5), (0.7, 0.5), (0.3, 0.5)], [1, -1]),
        ("in small steps", [(0.46 + i * 0.004, 0.5) for i in range(20)], [1]),
        ("never over it", [(0.3, 0.5), (0.48, 0.5), (0.3, 0.5)], []),
        ("past its end", [(0.3, 0.95), (0.7, 0.95)], []),
        ("over it within the margin only", [(0.3, 0.5), (0.505, 0.5), (0.3, 0.5)], []),
        ("stands on it", [(0.3, 0.5)] + [(0.495, 0.5), (0.505, 0.5)] * 9 + [(0.3, 0.5)], []),
        ("jitters, then goes", [(0.3, 0.5)] + [(0.495, 0.5), (0.505, 0.5)] * 9 + [(0.7, 0.5)], [1]),
        ("exactly onto it, then on", [(0.3, 0.5), (0.5, 0.5), (0.7, 0.5)], [1]),
        ("exactly onto it, then back", [(0.3, 0.5), (0.5, 0.5), (0.3, 0.5)], []),
        (
            "through, and back around its end",
            [(0.3, 0.5), (0.7, 0.5), (0.7, 0.98), (0.3, 0.98)],
            [1],
        ),
        (
            "creeps through inside the margin, back around the end",
            [(0.3, 0.88), (0.505, 0.88), (0.505, 0.95), (0.495, 0.95), (0.3, 0.95)],
            [],
        ),
        ("appears on it and goes right", [(0.498, 0.5), (0.504, 0.5), (0.6, 0.5)], [1]),
        ("appears beyond it", [(0.504, 0.5), (0.6, 0.5)], []),
        ("along it", [(0.5, 0.2), (0.5, 0.5), (0.5, 0.8)], []),
    ],
)
def test_crossings(story: str, points: list[tuple[float, float]], ways: list[int]) -> None:
    assert counted(points) == ways, story


def test_reversed_line_reverses_the_direction() -> None:
    line = LineConfig(id="door", a=UPWARD.b, b=UPWARD.a)

    assert counted([(0.3, 0.5), (0.7, 0.5)], line) == [-1]


def test_two_lines_that_share_an_end_count_a_walk_through_it_once() -> None:
    config = ZoneMap(
        lines=(
            LineConfig(id="low", a=(0.5, 0.9), b=(0.5, 0.5)),
            LineConfig(id="high", a=(0.5, 0.5), b=(0.5, 0.1)),
        )
    )
    seen, _ = path(Zones(config, camera_id="yard"), [(0.3, 0.5), (0.7, 0.5)])

    assert sum(int(s.crossings.sum()) for s in seen) == 1


@settings(max_examples=200, deadline=None)
@given(
    xs=st.lists(st.floats(0.05, 0.95), min_size=2, max_size=30),
    slope=st.floats(-0.2, 0.2),
)
def test_crossings_alternate_and_agree_with_the_sides_at_both_ends(
    xs: list[float], slope: float
) -> None:
    line = LineConfig(id="door", a=(0.5 + slope, 1.0), b=(0.5 - slope, 0.0), margin=0.0)
    ways = counted([(x, 0.5) for x in xs], line)

    assert all(a == -b for a, b in pairwise(ways))
    if abs(xs[0] - 0.5) > 1e-4 and abs(xs[-1] - 0.5) > 1e-4:
        assert sum(ways) == (xs[-1] > 0.5) - (xs[0] > 0.5)


def test_predicted_positions_cross_nothing() -> None:
    moments = [
        tracks(0, [person(1, 0.3, 0.5)]),
        tracks(1 * SECOND, [person(1, 0.7, 0.5, observed=False)]),
        tracks(2 * SECOND, [person(1, 0.3, 0.5)]),
    ]
    seen, said = walk(Zones(ZoneMap(lines=(UPWARD,)), camera_id="yard"), moments)

    assert not any(s.crossings.any() for s in seen)
    assert said == []


def test_a_crossing_before_confirmation_counts_when_confirmed() -> None:
    moments = [
        tracks(0, [person(1, 0.3, 0.5, confirmed=False)]),
        tracks(SECOND // 5, [person(1, 0.7, 0.5, confirmed=False)]),
        tracks(SECOND // 5 * 2, [person(1, 0.75, 0.5)]),
    ]
    seen, said = walk(Zones(ZoneMap(lines=(UPWARD,)), camera_id="yard"), moments)

    assert [len(s) for s in seen] == [0, 0, 1]
    assert [(v.code, dict(v.numbers)) for v in said] == [
        ("crossed", {"line": "door", "direction": "forward"})
    ]


def test_a_line_for_cars_does_not_count_people() -> None:
    line = LineConfig(id="road", a=UPWARD.a, b=UPWARD.b, labels=("car",))

    assert counted([(0.3, 0.5), (0.7, 0.5)], line) == []
