"""How a person stands, by the joints that a pose detector sees."""

import numpy as np

from vedette.contracts.sample import QUANTUM
from vedette.contracts.sight import KEYPOINTS, Bools
from vedette.rules.language.tree import F64, Node, Truth, View, Why, length

SURE = 0.3
"""Lowest score of a joint that is believed."""
LYING = 0.9
"""A body lies when it is wider than high by this, joints of one person compared."""
RAISED = 0.15
"""Wrists are this far above the shoulders, in lengths of the trunk."""

_WRISTS = [KEYPOINTS.index(f"{side} wrist") for side in ("left", "right")]
_SHOULDERS = [KEYPOINTS.index(f"{side} shoulder") for side in ("left", "right")]
_HIPS = [KEYPOINTS.index(f"{side} hip") for side in ("left", "right")]


class Posture(Node):
    """`pose`"""

    def __init__(self, pose: str) -> None:
        self._pose = pose

    def look(self, view: View) -> Truth:
        points, sure = _joints(view)
        view.shared[self] = sure.sum(axis=1)
        holds = _fallen(points, sure) if self._pose == "fallen" else _hands_up(points, sure)
        return Truth(holds=holds & ~view.gone, since=view.now())

    def why(self, view: View, row: int) -> Why:
        joints = int(view.shared[self][row])
        if view.samples.keypoints is None or joints < len(_SHOULDERS):
            return Why(code="no_pose", numbers={"joints": joints})
        return Why(code="other_pose", numbers={"needed": self._pose.replace("_", " ")})


def _joints(view: View) -> tuple[F64, Bools]:
    """(n, 17, 2) in heights of the picture; (n, 17) seen well enough."""
    held = view.samples.keypoints
    if held is None:
        return np.zeros((len(view), len(KEYPOINTS), 2)), np.zeros(
            (len(view), len(KEYPOINTS)), dtype=np.bool_
        )
    joints = held.astype(np.float64) / QUANTUM
    points = joints[:, :, :2].copy()
    points[:, :, 0] *= view.samples.aspect
    return points, joints[:, :, 2] >= SURE


def _middle(points: F64, sure: Bools, joints: list[int]) -> tuple[F64, Bools]:
    """(n, 2) the middle of those joints of a pair that are seen; (n,) one is, at least."""
    weight = sure[:, joints].astype(np.float64)
    count = weight.sum(axis=1)
    summed = (points[:, joints] * weight[:, :, None]).sum(axis=1)
    middle: F64 = summed / np.maximum(count, 1.0)[:, None]
    return middle, count > 0


def _fallen(points: F64, sure: Bools) -> Bools:
    """The trunk lies rather than stands, and so does the whole of what is seen of the body."""
    shoulders, seen = _middle(points, sure, _SHOULDERS)
    hips, seen_below = _middle(points, sure, _HIPS)
    trunk = np.abs(shoulders - hips)
    lies = trunk[:, 0] > trunk[:, 1]
    low, high = (
        np.where(sure[:, :, None], points, fill).astype(np.float64) for fill in (np.inf, -np.inf)
    )
    with np.errstate(invalid="ignore"):
        spread = high.max(axis=1) - low.min(axis=1)
    flat = spread[:, 0] > LYING * spread[:, 1]
    fallen: Bools = seen & seen_below & lies & flat
    return fallen


def _hands_up(points: F64, sure: Bools) -> Bools:
    """Both wrists are well above the shoulders."""
    shoulders, seen = _middle(points, sure, _SHOULDERS)
    hips, seen_below = _middle(points, sure, _HIPS)
    across = length(points[:, _SHOULDERS[0]] - points[:, _SHOULDERS[1]])
    trunk = np.where(seen_below, length(shoulders - hips), across)
    wrists = points[:, _WRISTS, 1].max(axis=1)
    high = wrists < shoulders[:, 1] - RAISED * trunk
    raised: Bools = seen & sure[:, _WRISTS].all(axis=1) & high
    return raised
