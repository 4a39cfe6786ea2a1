"""The grid of bits agrees with exact geometry, away from the edges and on them as documented."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from vedette.contracts.polygon import FINEST, Point, Polygon, fill
from vedette.contracts.sample import QUANTUM
from vedette.zones.config import ZoneConfig
from vedette.zones.raster import Raster

WHOLE: tuple[Point, ...] = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
HALF_CELL = math.hypot(0.5, 0.5) / FINEST + 1 / QUANTUM


def raster(*polygons: tuple[Point, ...], anchor: str = "foot") -> Raster:
    zones = [ZoneConfig(id=f"z{i}", polygon=p) for i, p in enumerate(polygons)]
    return Raster(zones, anchor)


def bits_at(grid: Raster, *points: tuple[float, float]) -> list[int]:
    where = np.rint(np.array(points) * QUANTUM).astype(np.int32)
    return [int(b) for b in grid.bits(where)]


@st.composite
def stars(draw: st.DrawFn) -> tuple[Point, ...]:
    """A random outline that never crosses itself: growing angles around a centre."""
    count = draw(st.integers(3, 12))
    angles = sorted(draw(st.lists(st.floats(0, 6.28), min_size=count, max_size=count, unique=True)))
    radii = draw(st.lists(st.floats(0.05, 0.45), min_size=count, max_size=count))
    return tuple(
        (0.5 + r * math.cos(a), 0.5 + r * math.sin(a)) for a, r in zip(angles, radii, strict=True)
    )


@settings(max_examples=60, deadline=None)
@given(corners=stars(), seed=st.integers(0, 2**32 - 1))
def test_lookup_equals_exact_containment_away_from_the_edge(
    corners: tuple[Point, ...], seed: int
) -> None:
    outline = shapely.Polygon(corners)
    try:
        zone = ZoneConfig(id="z", polygon=corners)
    except ValidationError:
        return  # a sliver, or corners on top of each other: refused, so never looked up
    points = np.random.default_rng(seed).integers(0, QUANTUM + 1, (500, 2))
    found = Raster([zone], "foot").bits(points.astype(np.int32)) == 1

    xy = points / QUANTUM
    away = shapely.distance(outline.exterior, shapely.points(xy)) > HALF_CELL
    exact = shapely.contains_xy(outline, xy[:, 0], xy[:, 1])
    assert np.array_equal(found[away], exact[away])


def test_the_whole_picture_holds_its_corners_and_edges() -> None:
    found = bits_at(raster(WHOLE), (0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.5))

    assert found == [1, 1, 1, 1, 1]


def test_neighbours_that_share_an_edge_share_no_point_and_leave_no_gap() -> None:
    left = ((0.0, 0.0), (0.37, 0.0), (0.61, 1.0), (0.0, 1.0))
    right = ((0.37, 0.0), (1.0, 0.0), (1.0, 1.0), (0.61, 1.0))

    both = fill(left, FINEST, FINEST).astype(int) + fill(right, FINEST, FINEST)

    assert (both == 1).all()


def test_a_point_on_a_shared_edge_is_in_the_right_and_the_lower_neighbour() -> None:
    left = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5))
    right = ((0.5, 0.0), (1.0, 0.0), (1.0, 0.5), (0.5, 0.5))
    below = ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0))
    grid = raster(left, right, below)

    assert bits_at(grid, (0.5, 0.25), (0.25, 0.5), (0.5, 0.5)) == [0b010, 0b100, 0b100]


def test_sixty_four_zones_have_a_bit_each() -> None:
    strips = [
        ((i / 64, 0.0), ((i + 1) / 64, 0.0), ((i + 1) / 64, 1.0), (i / 64, 1.0)) for i in range(64)
    ]
    middle = [((i + 0.5) / 64, 0.5) for i in range(64)]

    assert bits_at(raster(*strips), *middle) == [1 << i for i in range(64)]


def test_zones_of_the_other_anchor_are_not_drawn() -> None:
    assert bits_at(raster(WHOLE, anchor="centre"), (0.5, 0.5)) == [0]


POLYGON = TypeAdapter[tuple[Point, ...]](Polygon)


@pytest.mark.parametrize(
    ("corners", "sentence"),
    [
        ([[0, 0], [1, 1]], "needs at least 3 different corners, this one has 2"),
        ([], "needs at least 3 different corners, this one has 0"),
        ([[0, 0], [1, 1], [0, 0]], "needs at least 3 different corners, this one has 2"),
        ([[0, 0], [1, 1], [1, 1]], "needs at least 3 different corners, this one has 2"),
        ([[0, 0], [0.5, 0.5], [1, 1]], "lie on one line"),
        ([[0, 0], [1, 1], [1, 0], [0, 1]], r"cross themselves near \(0.500, 0.500\)"),
        ([[0, 0], [1, 0], [1, 0.0001]], "too thin or too small"),
        ([[0, 0], [1.01, 0], [1, 1]], "less than or equal to 1"),
        ([[0, 0], [-0.01, 0], [1, 1]], "greater than or equal to 0"),
        ([[0, 0], [float("nan"), 0], [1, 1]], "finite number"),
        ([[0, 0], [1, 0], [1]], "Field required"),
        ([[0, 0], [1, 0], "here"], "valid tuple"),
        ([[i / 300, (i % 2) / 2] for i in range(257)], "at most 256 items"),
    ],
)
def test_what_is_no_outline_is_refused_with_a_sentence(corners: object, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        POLYGON.validate_python(corners)


def test_a_repeated_first_corner_is_dropped() -> None:
    closed = [[0, 0], [1, 0], [1, 1], [0, 0]]

    assert POLYGON.validate_python(closed) == ((0, 0), (1, 0), (1, 1))
