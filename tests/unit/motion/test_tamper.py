"""Covered, defocused, turned away, on real people's footage; and what only looks like it."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest

from tests.unit.motion.scenes import frame_of
from vedette.motion.tamper import ACCEPT_S, TamperFinding, Tampering, TamperWatch

U8 = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.floating[Any]]
Change = Callable[[U8, float], Plane | U8]
"""Takes the picture and the seconds since the change."""

EXCERPT = Path(__file__).parents[3] / "examples" / "pedestrians.mp4"
WELL_S = 60
AFTER_S = 10.0


def excerpt() -> list[U8]:
    """The luma of the excerpt, a picture a second."""
    with av.open(str(EXCERPT)) as container:
        pictures = [p.to_ndarray(format="gray") for p in container.decode(video=0)]
    half = [cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for p in pictures]
    return [np.asarray(p, dtype=np.uint8) for p in half[::10]]


PICTURES = excerpt()
HEIGHT, WIDTH = PICTURES[0].shape
NOISE = np.random.default_rng(5).normal(0.0, 2.0, (7, HEIGHT, WIDTH))


def told(
    change: Change, seconds: int, *, step_s: int = 2, well_s: int = WELL_S
) -> list[TamperFinding]:
    """What is told of a camera to which this happens after it was well for a while."""
    watch = TamperWatch(after_s=AFTER_S)
    found = []
    for number, at_s in enumerate(range(0, well_s + seconds, step_s)):
        picture: Plane | U8 = PICTURES[number % len(PICTURES)]
        if at_s >= well_s:
            picture = change(PICTURES[number % len(PICTURES)], float(at_s - well_s))
        noisy = np.clip(picture + NOISE[number % 7], 16, 235).astype(np.uint8)
        if (finding := watch.look(frame_of(noisy, at_s * 1_000_000))) is not None:
            found.append(finding)
    return found


def kinds(findings: list[TamperFinding]) -> list[str]:
    return [finding.kind.value for finding in findings]


def grey(level: float) -> Change:
    return lambda picture, _: np.full(picture.shape, level)


def hand(picture: U8, _: float) -> U8:
    return np.tile(np.linspace(20, 80, WIDTH), (HEIGHT, 1)).astype(np.uint8)


def defocused(sigma: float) -> Change:
    return lambda picture, _: np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.uint8)


def moved(x: float, y: float) -> Change:
    return lambda picture, _: np.roll(picture, (round(y * HEIGHT), round(x * WIDTH)), (0, 1))


def turned(picture: U8, _: float) -> U8:
    return np.asarray(cv2.flip(picture, -1))


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (grey(16), "covered"),
        (grey(120), "covered"),
        (grey(230), "covered"),
        (hand, "covered"),
        (defocused(4), "defocused"),
        (defocused(8), "defocused"),
        (moved(0.05, 0.0), "shifted"),
        (moved(-0.15, 0.1), "shifted"),
        (moved(0.0, 0.2), "shifted"),
    ],
    ids=["black", "tape", "spray", "hand", "blurred", "very-blurred", "knocked", "aside", "down"],
)
def test_what_is_done_to_a_camera_is_told_once_after_a_while(change: Change, kind: str) -> None:
    [finding] = told(change, 30)

    assert finding.kind == kind
    assert WELL_S <= finding.since_us / 1e6 <= WELL_S + 2


def test_who_covers_it_in_the_night_is_noticed_once_the_night_is_known() -> None:
    night: Change = lambda picture, at_s: picture * 0.25 + 16 if at_s < 1500 else picture * 0  # noqa: E731

    assert kinds(told(night, 1540)) == ["covered"]


def test_it_is_told_only_after_it_lasted() -> None:
    assert told(grey(16), 9) == []
    assert kinds(told(grey(16), 16)) == ["covered"]


def test_another_view_is_told_later_because_lorries_stop_in_front() -> None:
    assert told(turned, 50) == []
    assert kinds(told(turned, 75)) == ["shifted"]


def test_the_shift_is_measured() -> None:
    [finding] = told(moved(0.1, -0.1), 20)

    assert finding.numbers["dx"] == pytest.approx(0.1, abs=0.01)
    assert finding.numbers["dy"] == pytest.approx(-0.1, abs=0.01)


def test_when_it_is_over_that_is_told_too() -> None:
    findings = told(lambda picture, at_s: grey(120)(picture, 0) if at_s < 30 else picture, 60)

    assert kinds(findings) == ["covered", ""]


def test_one_kind_after_the_other_is_told_as_two() -> None:
    findings = told(lambda picture, at_s: (grey(16) if at_s < 30 else defocused(6))(picture, 0), 60)

    assert kinds(findings) == ["covered", "defocused"]


def infrared(picture: U8, _: float) -> Plane:
    """Lit from the camera: other tones, a bright middle, dark corners, more noise."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    light = 1.2 - np.hypot((x - WIDTH / 2) / WIDTH, (y - HEIGHT / 2) / HEIGHT)
    noise = np.random.default_rng(int(picture[0, 0])).normal(0, 4, picture.shape)
    lit: Plane = 255 * (picture / 255) ** 0.7 * light * 0.7 + noise
    return lit


def fog(picture: U8, at_s: float) -> Plane:
    """Comes within ten minutes, and leaves a twentieth of the contrast."""
    density = min(0.95, at_s / 600)
    return picture * (1 - density) + 180 * density


def lorry(picture: U8, at_s: float) -> U8:
    """Stops before the camera for 40 s, and fills 95 % of the picture: panels, wheels, writing."""
    if not 5 <= at_s < 45:
        return picture
    full = picture.copy()
    side = full[:, : round(0.95 * WIDTH)]
    side[:] = 190
    side[round(0.75 * HEIGHT) :] = 40
    side[:, ::45] = 120
    cv2.putText(side, "FREIGHT LINES", (20, HEIGHT // 2), 0, 1.3, 60, 7)
    return full


@pytest.mark.parametrize(
    ("change", "seconds"),
    [
        (lambda picture, _: picture, 120),
        (lambda picture, _: picture * 0.05 + 16, 60),
        (lambda picture, _: picture * 0.3 + 10, 60),
        (lambda picture, at_s: picture * max(0.05, 1 - at_s / 900) + 16, 1000),
        (lambda picture, at_s: picture * max(0.0, 1 - at_s / 900), 1500),
        (infrared, 60),
        (fog, 700),
        (lambda picture, at_s: picture * (1.3 if int(at_s) % 20 < 10 else 0.7), 120),
        (lorry, 90),
        (lambda picture, _: np.roll(picture, 2, 1), 60),
    ],
    ids=[
        "nothing",
        "light-off",
        "night",
        "dusk",
        "black-night",
        "infrared",
        "fog",
        "lamps",
        "lorry",
        "wind",
    ],
)
def test_what_only_looks_like_it_is_not_told(change: Change, seconds: int) -> None:
    assert told(change, seconds) == []


def test_a_room_in_which_there_is_nothing_to_see_is_never_judged() -> None:
    watch = TamperWatch(after_s=AFTER_S)
    rng = np.random.default_rng(1)
    wall = [np.clip(rng.normal(level, 2, (360, 640)), 0, 255) for level in (90, 30)]
    for at_s in range(200):
        frame = frame_of(wall[at_s // 100].astype(np.uint8), at_s * 1_000_000)
        assert watch.look(frame) is None


def test_what_stays_for_an_hour_is_how_things_are() -> None:
    findings = told(moved(0.2, 0.0), round(ACCEPT_S) + 60, step_s=10, well_s=200)

    assert kinds(findings) == ["shifted", ""]
    assert findings[1].numbers == {"accepted_s": ACCEPT_S}


def test_another_size_of_picture_is_learnt_anew() -> None:
    watch = TamperWatch(after_s=AFTER_S)
    for at_s in range(120):
        picture = PICTURES[at_s % len(PICTURES)]
        if at_s >= 60:
            picture = np.asarray(cv2.resize(turned(picture, 0), (640, 480)))
        assert watch.look(frame_of(picture, at_s * 1_000_000)) is None


def test_a_keyframe_every_few_seconds_is_enough() -> None:
    watch = TamperWatch(after_s=AFTER_S)
    found = [
        finding.kind
        for at_s in range(0, 400, 5)
        if (
            finding := watch.look(
                frame_of(
                    PICTURES[at_s % len(PICTURES)] if at_s < 300 else PICTURES[0] * 0 + 50,
                    at_s * 1_000_000,
                )
            )
        )
        is not None
    ]

    assert found == [Tampering.COVERED]


def test_the_picture_is_left_as_it_was_and_the_same_pictures_give_the_same() -> None:
    one, two = (told(moved(0.1, 0.0), 30) for _ in range(2))
    assert one == two
    for picture, _ in pairwise(PICTURES[:3]):
        before = picture.copy()
        TamperWatch(after_s=1.0).look(frame_of(picture, 0))
        assert np.array_equal(picture, before)


def test_forgetting_begins_from_nothing() -> None:
    watch = TamperWatch(after_s=AFTER_S)
    for at_s in range(60):
        watch.look(frame_of(PICTURES[at_s % len(PICTURES)], at_s * 1_000_000))
    watch.forget()
    for at_s in range(60, 90):
        assert watch.look(frame_of(PICTURES[0] * 0 + 50, at_s * 1_000_000)) is None
