"""The best picture: sharp, large, whole, sure; replaced only by a clearly better one."""

import cv2
import numpy as np
import pytest

from vedette.contracts.frame import U8, Frame
from vedette.media.best import BETTER, BestPicture, picture_worth, sharpness

BOX = (0.3, 0.3, 0.5, 0.7)
CHANCE = np.random.default_rng(3)
TEXTURE = cv2.GaussianBlur(CHANCE.integers(0, 255, (240, 320)).astype(np.uint8), (3, 3), 0.8)


def a_frame(*, blur: float = 0.0, number: int = 1) -> Frame:
    y = TEXTURE if not blur else cv2.GaussianBlur(TEXTURE, (0, 0), blur)
    grey: U8 = np.full((120, 160), 128, dtype=np.uint8)
    return Frame(
        camera_id="yard", number=number, at_us=number, y=np.asarray(y, np.uint8), u=grey, v=grey
    )


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ((a_frame(), BOX, 0.9), (a_frame(), BOX, 0.6)),
        ((a_frame(), BOX, 0.9), (a_frame(blur=4.0), BOX, 0.9)),
        ((a_frame(), BOX, 0.9), (a_frame(), (0.3, 0.3, 0.34, 0.4), 0.9)),
        ((a_frame(), BOX, 0.9), (a_frame(), (0.0, 0.3, 0.2, 0.7), 0.9)),
        ((a_frame(), BOX, 0.9), (a_frame(), (0.3, 0.6, 0.5, 1.0), 0.9)),
    ],
    ids=["score", "sharpness", "size", "cut at the left", "cut below"],
)
def test_what_makes_a_picture_better(
    better: tuple[Frame, tuple[float, float, float, float], float],
    worse: tuple[Frame, tuple[float, float, float, float], float],
) -> None:
    assert picture_worth(*better) > BETTER * picture_worth(*worse)


def test_sharpness_is_that_of_the_object_alone() -> None:
    half = TEXTURE.copy()
    half[:, 160:] = 128
    grey: U8 = np.full((120, 160), 128, dtype=np.uint8)
    frame = Frame(camera_id="yard", number=1, at_us=1, y=np.asarray(half, np.uint8), u=grey, v=grey)

    assert sharpness(frame, (0.6, 0.1, 0.9, 0.9)) == 0.0
    assert sharpness(frame, (0.1, 0.1, 0.4, 0.9)) > 100
    assert sharpness(frame, (0.5, 0.5, 0.5, 0.5)) == 0.0
    assert sharpness(frame, (-0.5, -0.5, 1.5, 1.5)) > 50


def test_only_a_clearly_better_picture_replaces_the_kept_one() -> None:
    keeper = BestPicture()

    assert keeper.offer(a_frame(number=1), BOX, 0.60)
    assert not keeper.offer(a_frame(number=2), BOX, 0.62)
    assert not keeper.offer(a_frame(number=3, blur=5.0), BOX, 0.95)
    assert keeper.offer(a_frame(number=4), BOX, 0.80)
    assert keeper.best is not None
    assert (keeper.best.frame.number, keeper.best.score, keeper.revision) == (4, 0.80, 2)


def test_any_picture_is_better_than_none() -> None:
    keeper = BestPicture()

    assert keeper.offer(a_frame(), (0.0, 0.0, 0.0, 0.0), 0.0)
    assert keeper.best is not None


def person(height: int, *, smear: int = 0) -> Frame:
    """An object of that height in the middle of the picture, smeared by so many pixels."""
    grain = np.random.default_rng(7).integers(110, 146, (64, 26)).astype(np.uint8)
    crop = cv2.resize(grain, (round(height * 0.4), height), interpolation=cv2.INTER_CUBIC)
    if smear:
        crop = cv2.blur(crop, (smear, 1))
    y = np.full((400, 400), 128, dtype=np.uint8)
    y[200 - height // 2 : 200 - height // 2 + crop.shape[0], 100 : 100 + crop.shape[1]] = crop
    chroma: U8 = np.full((200, 200), 128, dtype=np.uint8)
    return Frame(camera_id="yard", number=1, at_us=1, y=y, u=chroma, v=chroma)


def box_of(height: int) -> tuple[float, float, float, float]:
    top = (200 - height // 2) / 400
    return (0.25, top, 0.25 + round(height * 0.4) / 400, top + height / 400)


def test_near_and_far_compare() -> None:
    """Raw, the far one would be many times as sharp: its edges are closer together."""
    near, far = (sharpness(person(height), box_of(height)) for height in (256, 96))

    assert 0.4 < far / near < 1.6


def test_what_moved_while_it_was_taken_is_not_sharp() -> None:
    still, smeared = (sharpness(person(160, smear=by), box_of(160)) for by in (0, 12))

    assert smeared < 0.4 * still
    smear = picture_worth(person(160, smear=12), box_of(160), 0.8)
    assert picture_worth(person(160), box_of(160), 0.7) > BETTER * smear
