"""From the picture to metres: four points, or a length."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vedette.contracts.sample import QUANTUM
from vedette.contracts.sight import I32
from vedette.zones.ground import Ground, GroundConfig

ROAD: dict[str, Any] = {
    "points": [[0.1, 0.9], [0.9, 0.9], [0.6, 0.4], [0.4, 0.4]],
    "metres": [[0, 0], [8, 0], [8, 40], [0, 40]],
}
"""A road of 8 m that runs away from the camera; its edges meet at 0.233, the horizon."""


def feet(*points: tuple[float, float]) -> I32:
    found: I32 = np.rint(np.array(points) * QUANTUM).astype(np.int32)
    return found


def test_the_four_points_lie_where_they_were_measured() -> None:
    ground = Ground(GroundConfig.model_validate(ROAD))

    lying = ground.locate(feet(*((x, y) for x, y in ROAD["points"])))

    assert lying == pytest.approx(np.array(ROAD["metres"]), abs=0.01)


def test_what_is_far_away_is_small_in_the_picture() -> None:
    ground = Ground(GroundConfig.model_validate(ROAD))

    near = ground.locate(feet((0.5, 0.9), (0.5, 0.85)))
    far = ground.locate(feet((0.5, 0.45), (0.5, 0.40)))

    assert near[:, 0] == pytest.approx([4.0, 4.0], abs=0.01)
    assert far[:, 0] == pytest.approx([4.0, 4.0], abs=0.01)
    assert far[1, 1] - far[0, 1] > 8 * (near[1, 1] - near[0, 1]) > 0


def test_the_sky_is_no_ground() -> None:
    ground = Ground(GroundConfig.model_validate(ROAD))

    lying = ground.locate(feet((0.5, 0.25), (0.5, 0.2)))

    assert np.isfinite(lying[0]).all()
    assert lying[0, 1] > 200
    assert np.isnan(lying[1]).all()


@given(
    corners=st.tuples(*[st.floats(-0.12, 0.12) for _ in range(8)]),
    x=st.floats(0.0, 1.0),
    y=st.floats(0.0, 1.0),
)
def test_a_line_stays_a_line(corners: tuple[float, ...], x: float, y: float) -> None:
    """What a plane's homography keeps: points on one line lie on one line outside, too."""
    square = np.array([[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]])
    moved = square + np.array(corners).reshape(4, 2)
    config = GroundConfig(
        points=tuple(map(tuple, moved.tolist())),
        metres=((0, 0), (10, 0), (10, 10), (0, 10)),
    )
    a, b = np.array([0.3 + 0.1 * x, 0.35]), np.array([0.4 + 0.2 * y, 0.6])
    ground = Ground(config)

    first, middle, last = ground.locate(feet(tuple(a), tuple((a + b) / 2), tuple(b)))
    (ux, uy), (vx, vy) = middle - first, last - first

    assert abs(ux * vy - uy * vx) / max(float(np.hypot(vx, vy)), 1e-6) < 0.02


def test_a_length_gives_one_scale() -> None:
    config = GroundConfig(a=(0.2, 0.5), b=(0.7, 0.5), length_m=8.0, aspect=2.0)

    lying = Ground(config).locate(feet((0.2, 0.5), (0.7, 0.5), (0.2, 1.0)))

    assert np.hypot(*(lying[1] - lying[0])) == pytest.approx(8.0, abs=0.01)
    assert np.hypot(*(lying[2] - lying[0])) == pytest.approx(4.0, abs=0.01)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "give one of both, whole"),
        ({"points": ROAD["points"]}, "give one of both, whole"),
        ({**ROAD, "length_m": 5}, "give one of both, whole"),
        ({"a": [0, 0], "b": [0, 0], "length_m": 5}, "a and b are the same point"),
        ({**ROAD, "points": [[0, 0], [0.5, 0.5], [1, 1], [0, 1]]}, "three of the `points` lie on"),
        ({**ROAD, "metres": [[0, 0], [1, 0], [2, 0], [0, 5]]}, "three of the `metres` lie on"),
        ({**ROAD, "metres": [[0, 0], [8, 40], [8, 0], [0, 40]]}, "in the same order around"),
        ({**ROAD, "points": ROAD["points"][:3]}, "points"),
        ({"a": [0, 0], "b": [2, 0], "length_m": 5}, "b"),
        ({"a": [0, 0], "b": [1, 0], "length_m": -5}, "length_m"),
    ],
)
def test_what_is_wrong_is_said(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        GroundConfig.model_validate(settings)

    assert sentence in str(caught.value)
