"""`type: when`: who else is there, how people stand, and how the camera is."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.unit.rules.walks import Bodies, Body, around, line, reasons, stands, walk
from vedette.contracts.errors import InvalidConfig
from vedette.contracts.sight import KEYPOINTS
from vedette.rules.build import build_rule


def opened(said: list[str]) -> list[str]:
    return [each for each in said if " open " in each]


def hat(x: float, foot_y: float, size: float = 0.02) -> Body:
    """On the head of somebody `around(x, foot_y)`."""
    top = foot_y - 0.1
    return Body(path=lambda at_s: (x - size, top - size / 2, x + size, top + size), label="car")


def test_somebody_without_what_should_be_on_the_head() -> None:
    when = {"labels": "person", "without": {"labels": "car", "part": "head"}, "for": "1s"}
    bodies: Bodies = {1: stands(0.3, 0.5), 2: stands(0.7, 0.5), 3: hat(0.3, 0.5)}

    assert opened(walk(when, bodies, 3.0)) == ["1 open track-2 held"]
    assert ("unless", {"what": "with car"}) in reasons(when, bodies, 3.0)


def test_a_hat_in_the_hand_is_not_on_the_head() -> None:
    when = {"labels": "person", "with": {"labels": "car", "part": "head"}}
    in_hand = Body(path=lambda at_s: (0.31, 0.45, 0.33, 0.47), label="car")

    assert not opened(walk(when, {1: stands(0.3, 0.5), 2: in_hand}, 1.0))
    assert opened(walk(when, {1: stands(0.3, 0.5), 2: hat(0.3, 0.5)}, 1.0))
    assert opened(
        walk({"labels": "person", "with": ["car"]}, {1: stands(0.3, 0.5), 2: in_hand}, 1.0)
    )


def test_near_is_in_heights_of_oneself() -> None:
    when = {"labels": "person", "near": {"labels": "car", "distance": 1.5}}
    car = Body(path=stands(0.6, 0.5), label="car")

    said = walk(when, {1: line((0.1, 0.5), (0.6, 0.5), 5.0), 2: car}, 5.0)
    why = reasons(when, {1: stands(0.3, 0.5), 2: car}, 1.0)

    assert opened(said) == ["3.6 open track-1 held"]  # 0.1 high: 0.15 away at 3.5 s
    assert why[0] == ("nobody_near", {"wanted": "car", "distance": 3.0, "needed": 1.5})


def test_a_crowd_is_people_close_together() -> None:
    when = {"crowd": {"at_least": 3, "distance": 1}, "labels": "person"}
    close = {n: stands(0.3 + n * 0.04, 0.5) for n in range(3)}
    apart = {n: stands(0.1 + n * 0.3, 0.5) for n in range(3)}

    assert len(opened(walk(when, close, 1.0))) == 3
    assert opened(walk(when, apart, 1.0)) == []
    assert opened(walk({"someone": when}, close, 1.0)) == ["0 open scene held"]
    assert ("too_few", {"count": 1, "needed": 3}) in reasons(when, apart, 1.0)


def test_only_objects_can_be_counted() -> None:
    when = {"count": {"of": {"camera": "covered"}, "at_least": 1}}

    with pytest.raises(InvalidConfig, match="what is counted must be about objects"):
        build_rule({"type": "when", "id": "r", "when": when}, (), ())


def joints(**at: tuple[float, float]) -> npt.NDArray[np.float64]:
    """(17, 3), seen where they are given: `left_wrist=(x, y)`."""
    found = np.zeros((17, 3))
    for name, (x, y) in at.items():
        found[KEYPOINTS.index(name.replace("_", " "))] = (x, y, 0.9)
    return found


def body(shoulders: tuple[float, float], hips: tuple[float, float], **more: Any) -> Any:
    """Two shoulders and two hips around these points."""
    sides = {"left": 0.02, "right": -0.02}
    points = {f"{side}_shoulder": (shoulders[0] + d, shoulders[1]) for side, d in sides.items()}
    points |= {f"{side}_hip": (hips[0] + d, hips[1]) for side, d in sides.items()}
    return joints(**points, **more)


STANDING = body((0.5, 0.3), (0.5, 0.45), left_ankle=(0.5, 0.7), nose=(0.5, 0.25))
LYING = body((0.4, 0.6), (0.55, 0.62), left_ankle=(0.8, 0.63), nose=(0.35, 0.6))
BENT = body((0.62, 0.4), (0.5, 0.45), left_ankle=(0.5, 0.7), nose=(0.68, 0.4))
SURRENDER = body((0.5, 0.3), (0.5, 0.45), left_wrist=(0.42, 0.2), right_wrist=(0.58, 0.2))
WAVING = body((0.5, 0.3), (0.5, 0.45), left_wrist=(0.42, 0.2), right_wrist=(0.58, 0.45))


@pytest.mark.parametrize(
    ("posture", "fallen", "hands_up"),
    [
        (STANDING, False, False),
        (LYING, True, False),
        (BENT, False, False),
        (SURRENDER, False, True),
        (WAVING, False, False),
        (joints(nose=(0.5, 0.3)), False, False),
    ],
    ids=["standing", "lying", "bent", "surrender", "waving", "a nose"],
)
def test_how_somebody_stands(posture: Any, fallen: bool, hands_up: bool) -> None:
    bodies = {1: Body(path=stands(0.5, 0.7), joints=lambda at_s: posture)}

    assert bool(opened(walk({"pose": "fallen", "for": "1s"}, bodies, 2.0))) is fallen
    assert bool(opened(walk({"pose": "hands_up", "for": "1s"}, bodies, 2.0))) is hands_up


def test_a_pose_needs_a_model_for_poses() -> None:
    settings = {"type": "when", "id": "r", "when": {"pose": "fallen"}}

    with pytest.raises(
        InvalidConfig, match=r"none of the camera's `detect\.detectors` has a model"
    ):
        build_rule(settings, (), (), offers=frozenset({"ground"}))


def test_joints_that_nobody_looked_for_are_said_to_be_missing() -> None:
    assert reasons({"pose": "fallen"}, {1: stands(0.5, 0.5)}, 1.0) == [("no_pose", {"joints": 0})]


def test_the_camera_is_covered_for_a_time() -> None:
    when = {"camera": "tampered", "for": "2s"}

    said = walk(when, {}, 9.0, step_s=1.0, tampering=lambda at_s: "covered" if at_s >= 3 else "")

    assert said == ["5 open scene held"]
    assert not walk({"camera": "shifted"}, {}, 9.0, tampering=lambda at_s: "covered")


def test_somebody_at_a_place_while_no_guard_is_there() -> None:
    when = {"labels": "person", "nobody": {"labels": "car"}}
    guard = Body(path=stands(0.8, 0.8, until_s=3.0), label="car")

    assert opened(walk(when, {1: stands(0.3, 0.5), 2: guard}, 5.0, step_s=1.0)) == [
        "3 open track-1 held"
    ]


def test_an_empty_picture_is_no_trouble_for_any_word() -> None:
    words: list[dict[str, Any]] = [
        {"near": "car"},
        {"with": "car"},
        {"crowd": {"at_least": 2}},
        {"speed": {"above": "0.1 /s"}},
        {"still": 1},
        {"removed": 1},
        {"pose": "fallen"},
        {"left_behind": 1},
        {"shape": {"above": 1}},
        {"tally": {"of": {"inside": "porch"}, "at_least": 2, "within": 5}},
    ]

    assert [walk(when, {}, 2.0) for when in words] == [[]] * len(words)
    assert around(0.5, 0.5) == (0.475, 0.4, 0.525, 0.5)
