"""Pixels into the tensor and boxes back: exact for every shape of frame."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.contracts.model import ModelInput
from vedette.detect.preprocess import GREY, fit, picture, tensor
from vedette.testing.detector_contract import frame_of, odd_frame


def model_input(**more: object) -> ModelInput:
    fields: dict[str, object] = {
        "width": 416,
        "height": 416,
        "layout": "nchw",
        "channels": "bgr",
        "fit": "letterbox",
    }
    return ModelInput.model_validate({**fields, **more})


@pytest.mark.parametrize(
    ("more", "frame", "size", "inner", "at"),
    [
        ({}, (1920, 1080), (416, 416), (416, 234), (0, 91)),
        ({}, (1080, 1920), (416, 416), (234, 416), (91, 0)),
        ({}, (416, 416), (416, 416), (416, 416), (0, 0)),
        ({}, (100, 100), (416, 416), (416, 416), (0, 0)),
        ({}, (4000, 10), (416, 416), (416, 2), (0, 207)),
        ({"fit": "stretch"}, (1920, 1080), (416, 416), (416, 416), (0, 0)),
        ({"step": 32}, (1920, 1080), (544, 320), (544, 306), (0, 7)),
        ({"step": 32}, (768, 576), (480, 352), (470, 352), (5, 0)),
        ({"step": 32, "width": 768, "height": 576}, (768, 576), (768, 576), (768, 576), (0, 0)),
        ({"step": 32}, (10000, 10), (832, 192), (832, 2), (0, 95)),
        ({"step": 32, "fit": "stretch"}, (1920, 1080), (544, 320), (544, 320), (0, 0)),
    ],
)
def test_where_a_frame_lies_in_the_tensor(
    more: dict[str, object],
    frame: tuple[int, int],
    size: tuple[int, int],
    inner: tuple[int, int],
    at: tuple[int, int],
) -> None:
    place = fit(model_input(**more), *frame)

    assert (place.width, place.height) == size
    assert (place.inner_width, place.inner_height) == inner
    assert (place.left, place.top) == at


@given(
    st.integers(2, 5000),
    st.integers(2, 5000),
    st.sampled_from([0, 32]),
    st.sampled_from(["letterbox", "stretch"]),
)
def test_every_frame_fits_and_maps_back_to_itself(
    width: int, height: int, step: int, how: str
) -> None:
    place = fit(model_input(step=step, fit=how), width, height)

    assert 0 <= place.left <= place.left + place.inner_width <= place.width
    assert 0 <= place.top <= place.top + place.inner_height <= place.height
    assert place.width % (step or 1) == place.height % (step or 1) == 0
    assert place.inner_width % 2 == place.inner_height % 2 == 0
    right, bottom = place.left + place.inner_width, place.top + place.inner_height
    whole = np.array([[place.left, place.top, right, bottom]], np.float32)
    np.testing.assert_array_equal(place.fractions(whole), [[0.0, 0.0, 1.0, 1.0]])


def test_boxes_beyond_the_picture_are_clipped() -> None:
    place = fit(model_input(), 1920, 1080)

    boxes = np.array([[-50, 0, 500, 416], [104, 91 + 117, 208, 91 + 234]], np.float32)

    np.testing.assert_allclose(
        place.fractions(boxes), [[0.0, 0.0, 1.0, 1.0], [0.25, 0.5, 0.5, 1.0]], atol=1e-6
    )


@pytest.mark.parametrize("size", [(1280, 720), (320, 240), (640, 480), (642, 362)])
def test_resizing_planes_first_is_close_to_resizing_colours(size: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    coarse = random.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    bgr = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    frame = frame_of(bgr)

    planes_first = picture(frame, 416, 234).astype(int)

    colours = cv2.resize(frame.bgr(), (416, 234), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(planes_first - colours).mean() < 2.0


def test_bright_and_dark_halves_stay_where_they_are_at_odd_sizes() -> None:
    shown = picture(odd_frame(321, 241), 320, 240)

    assert shown[10, 50].mean() > 180
    assert shown[10, 250].mean() < 110
    assert shown[200, 50].mean() < 110


def test_the_tensor_is_normalised_and_ordered_as_the_entry_says() -> None:
    blue = np.zeros((480, 640, 3), np.uint8)
    blue[..., 0] = 200
    frame = frame_of(blue)
    exact = frame.bgr()[100, 100].astype(np.float32)
    given_input = model_input(
        channels="rgb", fit="stretch", mean=(1.0, 2.0, 3.0), scale=(0.5, 0.25, 2.0)
    )

    nchw = tensor(frame, given_input, fit(given_input, 640, 480))
    nhwc_input = given_input.model_copy(update={"layout": "nhwc"})
    nhwc = tensor(frame, nhwc_input, fit(nhwc_input, 640, 480))

    assert nchw.shape == (1, 3, 416, 416)
    assert nchw.dtype == np.float32
    wanted = (exact[::-1] - np.array([1, 2, 3])) * np.array([0.5, 0.25, 2.0])
    np.testing.assert_allclose(nchw[0, :, 200, 200], wanted, atol=2.0)
    np.testing.assert_array_equal(nhwc, nchw.transpose(0, 2, 3, 1))
    assert nhwc.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_whole_numbers_are_passed_on_as_they_are(dtype: str, layout: str) -> None:
    given_input = model_input(dtype=dtype, layout=layout)
    frame = frame_of(np.full((90, 160, 3), 60, np.uint8))

    made = tensor(frame, given_input, fit(given_input, 160, 90))

    assert made.dtype == dtype
    assert made.shape == ((1, 3, 416, 416) if layout == "nchw" else (1, 416, 416, 3))
    assert int(made.flat[0]) == GREY
    middle = made[0, :, 208, 208] if layout == "nchw" else made[0, 208, 208]
    assert np.abs(middle.astype(int) - 60).max() <= 2


def test_a_black_frame_gives_the_tensor_of_black() -> None:
    given_input = model_input(fit="stretch", mean=(10.0, 10.0, 10.0))
    frame = frame_of(np.zeros((96, 128, 3), np.uint8))

    assert np.all(tensor(frame, given_input, fit(given_input, 128, 96)) == -10.0)
