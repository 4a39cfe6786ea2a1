"""Where the detector looks closer, what it makes of what it sees there, and what that may cost."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.pipeline.rig import START, tracks
from vedette.contracts.payload import FractionBox
from vedette.contracts.sight import NO_BOXES, Bools, Detections, Motion
from vedette.detect.crop import crop
from vedette.pipeline.regions import MOST, Plan, Regions
from vedette.pipeline.together import merged
from vedette.testing.scripted import drawn

FAR, NEAR = (0.30, 0.30, 0.32, 0.36), (0.60, 0.40, 0.72, 0.90)
FRAME = drawn(START, size=(1280, 720))
NONE: Bools = np.zeros(0, dtype=np.bool_)


def moving(*boxes: FractionBox) -> Motion:
    array = np.array(boxes, dtype=np.float32).reshape(-1, 4)
    return Motion(fraction=0.01, boxes=array, active=True, code="motion")


def plan(regions: Regions, motion: Motion, *, whole: bool = False, at_s: float = 0.0) -> Plan:
    frame = replace(FRAME, at_us=START + round(at_s * 1e6))
    return regions.plan(frame, motion, None, NONE, whole=whole)


def found(
    *boxes: FractionBox, scores: Sequence[float] = (), kinds: Sequence[int] = ()
) -> Detections:
    n = len(boxes)
    return Detections(
        boxes=np.array(boxes, dtype=np.float32).reshape(n, 4),
        scores=np.array(scores or [0.8] * n, dtype=np.float32),
        classes=np.array(kinds or [0] * n, dtype=np.int16),
        labels=("person", "car"),
    )


@pytest.mark.parametrize(
    ("boxes", "whole", "windows"),
    [
        ((FAR,), False, 1),
        ((FAR, (0.33, 0.35, 0.35, 0.40)), False, 1),
        ((FAR, (0.90, 0.80, 0.92, 0.86)), False, 2),
        ((FAR, NEAR), True, 1),
        ((NEAR,), True, 0),
        ((), True, 0),
    ],
    ids=["one far", "two together", "two apart", "one far, one near", "one near", "nothing"],
)
def test_windows_go_to_what_is_small_and_the_whole_frame_to_what_is_not(
    boxes: tuple[FractionBox, ...], whole: bool, windows: int
) -> None:
    got = plan(Regions(), moving(*boxes))

    assert (got.whole, len(got.windows)) == (whole, windows)
    for left, top, right, bottom in got.windows.tolist():
        assert right - left == pytest.approx(0.5), "640 of 1280 pixels"
        assert 0.0 <= left < right <= 1.0
        assert 0.0 <= top < bottom <= 1.0
    if windows and not whole:
        areas = got.areas
        assert areas is not None
        assert all(
            ((areas[:, :2] <= box[:2]) & (areas[:, 2:] >= box[2:])).all(axis=1).any()
            for box in boxes
        ), "what moves is looked at with room around it"


@pytest.mark.parametrize(("width", "part"), [(640, 0.5), (1280, 0.5), (1920, 1 / 3), (3840, 0.25)])
def test_a_window_has_about_as_many_pixels_as_a_detector_takes(width: int, part: float) -> None:
    frame = drawn(START, size=(width, width // 2))
    (window,) = Regions().plan(frame, moving(FAR), None, NONE, whole=False).windows
    assert window[2] - window[0] == pytest.approx(part)


def test_closer_looks_cost_no_more_than_looks_do() -> None:
    """Five far apart that all want a window: one more look a look, on average, in turns."""
    corners = [(0.05, 0.05), (0.9, 0.05), (0.05, 0.85), (0.9, 0.85), (0.48, 0.45)]
    boxes = [(x, y, x + 0.02, y + 0.06) for x, y in corners]
    regions, cost, turns = Regions(), 0, set()
    for tick in range(60):
        got = plan(regions, moving(*boxes), whole=True, at_s=tick / 5)
        assert len(got.windows) <= MOST
        cost += len(got.windows)
        turns |= {tuple(window) for window in got.windows.round(2).tolist()}
    assert 55 <= cost <= 64
    assert len(turns) == 5, "each has its turn"


def test_a_place_where_nothing_is_ever_found_is_left_alone_for_longer_and_longer() -> None:
    """A flag in the wind; after somebody was found there, it counts again."""
    regions, looks = Regions(), []
    for tick in range(300):
        at_us = START + tick * 200_000
        got = plan(regions, moving(FAR), whole=True, at_s=tick / 5)
        regions.learn(moving(FAR), found(), got.windows, at_us)
        looks += [tick] * len(got.windows)
    assert len(looks) < 10
    pauses = np.diff(looks)
    assert (np.diff(pauses) >= 0).all()
    assert pauses[-1] >= 5 * 8


def test_motion_of_a_followed_object_is_that_object() -> None:
    """The legs of somebody near move: that is nothing small."""
    legs = (0.62, 0.80, 0.66, 0.88)
    seen = tracks(START, 1, box=NEAR)
    got = Regions().plan(FRAME, moving(legs), seen, np.array([False]), whole=False)
    assert (got.whole, len(got.windows)) == (True, 0)


def test_what_stands_still_far_away_needs_no_window() -> None:
    seen = tracks(START, 1, box=FAR)
    for still, windows in ((True, 0), (False, 1)):
        got = Regions().plan(FRAME, moving(), seen, np.array([still]), whole=False)
        assert len(got.windows) == windows


def test_it_can_be_switched_off() -> None:
    got = plan(Regions(enabled=False), moving(FAR))
    assert (got.whole, got.windows.tolist(), got.areas) == (True, NO_BOXES.tolist(), None)


WINDOW = (0.25, 0.25, 0.75, 0.75)


def test_boxes_of_a_window_come_back_to_where_they_are_in_the_frame() -> None:
    part = crop(FRAME, np.array(WINDOW, dtype=np.float32))
    got, cut = merged(None, [(part, found((0.2, 0.4, 0.4, 0.8)))])
    np.testing.assert_allclose(got.boxes, [(0.35, 0.45, 0.45, 0.65)], atol=1e-6)
    assert not cut


@pytest.mark.parametrize(
    ("window", "box", "stays"),
    [
        (WINDOW, (0.0, 0.4, 0.2, 0.8), False),
        (WINDOW, (0.4, 0.7, 0.5, 1.0), False),
        ((0.0, 0.25, 0.5, 0.75), (0.0, 0.4, 0.2, 0.8), True),
        ((0.5, 0.5, 1.0, 1.0), (0.8, 0.7, 1.0, 1.0), True),
    ],
    ids=["left edge", "lower edge", "the frame's left edge", "the frame's corner"],
)
def test_what_a_window_cuts_is_left_out_and_told(
    window: FractionBox, box: FractionBox, stays: bool
) -> None:
    part = crop(FRAME, np.array(window, dtype=np.float32))
    got, cut = merged(None, [(part, found(box))])
    assert (len(got) == 1, cut) == (stays, not stays)


@pytest.mark.parametrize(
    ("closer", "score", "kind", "left"),
    [
        ((0.20, 0.40, 0.40, 0.80), 0.9, 0, [0.9]),
        ((0.20, 0.40, 0.40, 0.80), 0.5, 0, [0.5]),
        ((0.22, 0.42, 0.38, 0.60), 0.5, 0, [0.7]),
        ((0.20, 0.40, 0.40, 0.80), 0.9, 1, [0.9, 0.7]),
        ((0.45, 0.40, 0.65, 0.80), 0.9, 0, [0.9, 0.7]),
    ],
    ids=["surer", "less sure, but closer", "a part of it", "another class", "beside it"],
)
def test_one_object_seen_twice_is_one(
    closer: FractionBox, score: float, kind: int, left: list[float]
) -> None:
    whole = found((0.35, 0.45, 0.45, 0.65), scores=[0.7])
    part = crop(FRAME, np.array(WINDOW, dtype=np.float32))
    got, _ = merged(whole, [(part, found(closer, scores=[score], kinds=[kind]))])
    assert got.scores.tolist() == pytest.approx(left)


def test_two_people_seen_closer_replace_the_one_box_around_both() -> None:
    whole = found((0.35, 0.45, 0.47, 0.65), scores=[0.9])
    part = crop(FRAME, np.array(WINDOW, dtype=np.float32))
    two = found((0.20, 0.40, 0.32, 0.80), (0.32, 0.40, 0.44, 0.80), scores=[0.7, 0.6])
    got, _ = merged(whole, [(part, two)])
    assert got.scores.tolist() == pytest.approx([0.7, 0.6])


def test_two_people_of_one_look_are_two_however_close() -> None:
    """The detector has told them apart itself; another look does not merge them."""
    whole = found((0.35, 0.45, 0.45, 0.65), (0.37, 0.45, 0.47, 0.65), scores=[0.8, 0.7])
    part = crop(FRAME, np.array(WINDOW, dtype=np.float32))
    got, _ = merged(whole, [(part, found())])
    assert len(got) == 2


def test_joints_come_back_too() -> None:
    part = crop(FRAME, np.array(WINDOW, dtype=np.float32))
    joints = np.full((1, 17, 3), 0.5, dtype=np.float32)
    seen = replace(found((0.2, 0.4, 0.4, 0.8)), keypoints=joints)
    got, _ = merged(None, [(part, seen)])
    assert got.keypoints is not None
    np.testing.assert_allclose(got.keypoints[0, 0], (0.5, 0.5, 0.5), atol=1e-6)
    whole = replace(found(NEAR), keypoints=joints * 0.5)
    both, _ = merged(whole, [(part, seen)])
    assert both.keypoints is not None
    assert both.keypoints.shape == (2, 17, 3)
