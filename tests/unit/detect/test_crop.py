"""A part of a frame is a frame, and boxes in it find their way back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vedette.contracts.sight import F32
from vedette.detect.crop import SMALLEST, crop
from vedette.testing.detector_contract import a_scene, odd_frame


def box(*sides: float) -> F32:
    return np.array(sides, dtype=np.float32)


def test_a_crop_shows_what_is_there_without_copying_it() -> None:
    frame = a_scene(640, 360)

    part = crop(frame, box(0.25, 0.5, 0.75, 1.0))

    assert (part.frame.width, part.frame.height) == (320, 180)
    np.testing.assert_array_equal(part.frame.bgr(), frame.bgr()[180:, 160:480])
    assert np.shares_memory(part.frame.y, frame.y)
    assert part.frame.at_us == frame.at_us


def test_places_in_a_crop_go_back_to_the_frame() -> None:
    part = crop(a_scene(640, 360), box(0.25, 0.5, 0.75, 1.0))

    np.testing.assert_allclose(part.back(box(0, 0, 1, 1)), [0.25, 0.5, 0.75, 1.0], atol=1e-6)
    np.testing.assert_allclose(part.back(box(0.5, 0.5)), [0.5, 0.75], atol=1e-6)


@given(
    st.tuples(st.integers(2, 700), st.integers(2, 700)),
    st.tuples(*[st.floats(-0.5, 1.5)] * 4),
)
def test_every_crop_is_a_whole_frame_that_holds_the_box(
    size: tuple[int, int], sides: tuple[float, float, float, float]
) -> None:
    frame = odd_frame(*size)
    x1, x2 = sorted(sides[::2])
    y1, y2 = sorted(sides[1::2])

    part = crop(frame, box(x1, y1, x2, y2))

    shown = part.frame
    assert shown.u.shape == shown.v.shape == ((shown.height + 1) // 2, (shown.width + 1) // 2)
    assert shown.width >= min(SMALLEST, frame.width)
    assert shown.height >= min(SMALLEST, frame.height)
    assert shown.bgr().shape == (shown.height, shown.width, 3)
    whole = part.back(box(0, 0, 1, 1))
    assert (whole >= -1e-6).all()
    assert (whole <= 1 + 1e-6).all()
    inside = np.clip((x1, y1, x2, y2), 0.0, 1.0)
    assert (whole[:2] <= inside[:2] + 1e-4).all()
    assert (whole[2:] >= inside[2:] - 1e-4).all()
