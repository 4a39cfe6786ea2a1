"""The blob detector finds what is drawn on a plain background, and nothing else."""

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError

from vedette.contracts.sight import Detections
from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.testing.detector_contract import frame_of, odd_frame

WIDTH, HEIGHT = 320, 200


def background(level: int = 110) -> npt.NDArray[np.uint8]:
    return np.full((HEIGHT, WIDTH, 3), level, np.uint8)


def look(picture: npt.NDArray[np.uint8], **settings: object) -> Detections:
    detector = BlobDetector(BlobConfig.model_validate(settings))
    return detector.detect([frame_of(picture)])[0]


@pytest.mark.parametrize("colour", [(250, 250, 250), (10, 10, 10), (200, 60, 60), (60, 60, 220)])
def test_bright_dark_and_coloured_things(colour: tuple[int, int, int]) -> None:
    picture = background()
    picture[40:120, 100:130] = colour

    found = look(picture)

    np.testing.assert_allclose(
        found.boxes, [[100 / WIDTH, 40 / HEIGHT, 130 / WIDTH, 120 / HEIGHT]], atol=2 / HEIGHT
    )
    assert found.scores[0] > 0.9
    assert [found.labels[index] for index in found.classes] == ["person"]


def test_a_colour_as_bright_as_the_background_is_seen() -> None:
    picture = background()
    picture[50:90, 50:80] = (20, 80, 197)  # luma about 110

    assert len(look(picture)) == 1


def test_tall_and_wide_things_get_their_labels() -> None:
    picture = background()
    picture[40:120, 20:50] = 250
    picture[100:140, 150:250] = 20

    found = look(picture, tall="adult", wide="lorry")

    assert {found.labels[index] for index in found.classes} == {"adult", "lorry"}
    assert found.labels[found.classes[int(np.argmax(found.boxes[:, 0]))]] == "lorry"


def test_one_label_for_all() -> None:
    picture = background()
    picture[100:140, 150:250] = 20

    found = look(picture, tall="thing", wide="thing")

    assert found.labels == ("thing",)
    assert found.classes.tolist() == [0]


@pytest.mark.parametrize("level", [0, 16, 110, 255])
def test_an_empty_scene_is_empty(level: int) -> None:
    assert len(look(background(level))) == 0


def test_noise_and_thin_rain_are_no_things() -> None:
    random = np.random.default_rng(0)
    picture = (background().astype(int) + random.integers(-12, 13, (HEIGHT, WIDTH, 1))).astype(
        np.uint8
    )
    for x in random.integers(0, WIDTH, 40):
        y = int(random.integers(0, HEIGHT - 12))
        picture[y : y + 12, x] = 220
    picture[60:140, 200:240] = 250

    found = look(picture)

    assert len(found) == 1
    np.testing.assert_allclose(found.boxes[0, 0] * WIDTH, 200, atol=3)


def test_small_specks_are_left_out() -> None:
    picture = background()
    picture[50:54, 50:54] = 250

    assert len(look(picture)) == 0
    assert len(look(picture, smallest=0.0001)) == 1


def test_low_contrast_is_left_out_unless_asked_for() -> None:
    picture = background()
    picture[50:90, 50:80] = 122

    assert len(look(picture)) == 0
    assert len(look(picture, contrast=6)) == 1


def test_odd_sizes() -> None:
    found = BlobDetector(BlobConfig()).detect([odd_frame(321, 241)])[0]

    np.testing.assert_allclose(found.boxes, [[0.0, 0.0, 107 / 321, 120 / 241]], atol=0.02)


def test_settings_are_strict() -> None:
    with pytest.raises(ValidationError):
        BlobConfig.model_validate({"contrats": 3})
