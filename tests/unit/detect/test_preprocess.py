"""Pixels into the tensor and boxes back: exact for every shape of frame."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.contracts.frame import U8, Frame
from vedette.contracts.model import ModelInput
from vedette.detect.preprocess import GREY, blank, fill, fit, picture
from vedette.testing.detector_contract import frame_of, odd_frame


def tensor(frame: Frame, given: ModelInput) -> U8:
    """The input tensor of one frame."""
    place = fit(given, frame.width, frame.height)
    made = blank(given, place, 1)
    fill(made[0], frame, given, place)
    return made


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


@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_the_tensor_is_ordered_as_the_entry_says(channels: str) -> None:
    blue = np.zeros((480, 640, 3), np.uint8)
    blue[..., 0] = 200
    frame = frame_of(blue)
    exact = frame.bgr()[100, 100]
    given_input = model_input(channels=channels, fit="stretch")

    nchw = tensor(frame, given_input)
    nhwc = tensor(frame, given_input.model_copy(update={"layout": "nhwc"}))

    assert nchw.shape == (1, 3, 416, 416)
    assert nchw.dtype == nhwc.dtype == np.uint8
    wanted = exact[::-1] if channels == "rgb" else exact
    assert np.abs(nchw[0, :, 200, 200].astype(int) - wanted).max() <= 2
    np.testing.assert_array_equal(nhwc, nchw.transpose(0, 2, 3, 1))
    assert nchw.flags["C_CONTIGUOUS"]
    assert nhwc.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_bars_are_grey_and_the_picture_lies_between_them(layout: str) -> None:
    given_input = model_input(layout=layout)

    made = tensor(frame_of(np.full((90, 160, 3), 60, np.uint8)), given_input)

    whole = made[0] if layout == "nchw" else made[0].transpose(2, 0, 1)
    place = fit(given_input, 160, 90)
    assert (whole[:, : place.top] == GREY).all()
    assert (whole[:, place.top + place.inner_height :] == GREY).all()
    inside = whole[:, place.top : place.top + place.inner_height]
    assert np.abs(inside.astype(int) - 60).max() <= 2


def test_one_frame_of_a_batch_leaves_the_others_alone() -> None:
    given_input = model_input()
    frame = frame_of(np.full((90, 160, 3), 60, np.uint8))
    place = fit(given_input, 160, 90)
    batch = blank(given_input, place, 3)
    batch[:] = 7

    fill(batch[1], frame, given_input, place)

    assert (batch[[0, 2]] == 7).all()
    np.testing.assert_array_equal(batch[1:2], tensor(frame, given_input))


@pytest.mark.parametrize("size", [(3840, 2160), (1920, 1080), (1279, 719), (833, 833)])
def test_much_smaller_pictures_are_means_not_samples(size: tuple[int, int]) -> None:
    """Stripes of one pixel become grey; a picture of samples would show bands."""
    width, height = size
    stripes = np.zeros((height, width), np.uint8)
    stripes[::2] = 200
    half = ((height + 1) // 2, (width + 1) // 2)
    chroma = np.full(half, 128, np.uint8)
    frame = Frame(camera_id="yard", number=1, at_us=0, y=stripes, u=chroma, v=chroma)

    shown = picture(frame, 416, 234).astype(int)

    assert np.abs(shown[8:-8] - shown[8:-8].mean()).max() <= 60


def test_odd_sizes_of_input_are_as_good_as_even_ones() -> None:
    assert picture(odd_frame(321, 241), 299, 299).shape == (299, 299, 3)
