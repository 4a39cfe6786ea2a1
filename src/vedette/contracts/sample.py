"""What rules see: confirmed tracks at one moment, quantised, with zones and line crossings.

Quantised to 16 bits before zones, so that a stored sample gives the same verdict as the live
one did (replay and backtest are exact).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vedette.contracts.sight import F32, I16, I32, I64

U16 = npt.NDArray[np.uint16]
U64 = npt.NDArray[np.uint64]
I8 = npt.NDArray[np.int8]

QUANTUM = 65535
"""A coordinate or score of 1.0."""


def quantise(values: npt.NDArray[np.floating]) -> U16:
    """Fractions 0..1 (clipped) to 16 bits, rounding half to even."""
    scaled: npt.NDArray[np.float64] = np.rint(np.clip(values, 0.0, 1.0) * QUANTUM)
    return scaled.astype(np.uint16)


def dequantise(values: U16) -> F32:
    """16 bits to fractions 0..1."""
    return (values.astype(np.float64) / QUANTUM).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """One camera at one moment: n confirmed tracks, z zones, l lines."""

    camera_id: str
    at_us: int
    ids: I32
    """(n,) track numbers."""
    classes: I16
    """(n,) index into `labels`."""
    labels: tuple[str, ...]
    boxes: U16
    """(n, 4) x1 y1 x2 y2 in 1/65535 of the frame."""
    scores: U16
    """(n,) median score of the track so far, in 1/65535."""
    first_us: I64
    """(n,) when the track was first seen."""
    zones: U64
    """(n,) one bit per zone of the camera, in the order of its settings, after inertia."""
    entered_us: I64
    """(n, z) when the track entered each zone; -1 where it is outside."""
    crossings: I8
    """(n, l) +1 crossed the line in its direction (left to right of a -> b), -1 against, 0 not."""
    ended: tuple[int, ...] = ()
    """Numbers of tracks that were given up at this moment."""
    aspect: float = 16 / 9
    """Width of the picture over its height."""
    ground: F32 | None = None
    """(n, 2) where the foot of each stands, in metres; unknown (NaN) beyond the horizon. None where
    the camera has no `ground`."""
    keypoints: U16 | None = None
    """(n, 17, 3) joints of people as in `Tracks`, in 1/65535. None where no pose was looked for."""
    tampering: str = ""
    """How the camera is: `covered`, `defocused`, `shifted`; empty where it is fine."""
    away: str = ""
    """Why the camera gives no pictures; empty while it does. Nothing else is known then."""

    @classmethod
    def nothing(cls, camera_id: str, at_us: int, away: str) -> "Samples":
        """A moment without a picture."""
        none = np.zeros(0, dtype=np.int64)
        return cls(
            camera_id=camera_id,
            at_us=at_us,
            ids=none.astype(np.int32),
            classes=none.astype(np.int16),
            labels=(),
            boxes=np.zeros((0, 4), dtype=np.uint16),
            scores=none.astype(np.uint16),
            first_us=none,
            zones=none.astype(np.uint64),
            entered_us=np.zeros((0, 0), dtype=np.int64),
            crossings=np.zeros((0, 0), dtype=np.int8),
            away=away,
        )

    def __len__(self) -> int:
        return len(self.ids)

    def followed_by(self, other: "Samples", rows: Sequence[int]) -> "Samples":
        """The same with some rows of another moment behind; their crossings are over."""
        more = np.asarray(rows, dtype=np.intp)
        return replace(
            self,
            ids=np.concatenate((self.ids, other.ids[more])),
            classes=np.concatenate((self.classes, other.classes[more])),
            boxes=np.concatenate((self.boxes, other.boxes[more])),
            scores=np.concatenate((self.scores, other.scores[more])),
            first_us=np.concatenate((self.first_us, other.first_us[more])),
            zones=np.concatenate((self.zones, other.zones[more])),
            entered_us=np.concatenate((self.entered_us, other.entered_us[more])),
            crossings=np.concatenate((self.crossings, np.zeros_like(other.crossings[more]))),
            ground=_joined(self.ground, other.ground, len(self), more),
            keypoints=_joined(self.keypoints, other.keypoints, len(self), more),
        )


def _joined(
    mine: npt.NDArray[Any] | None,
    others: npt.NDArray[Any] | None,
    count: int,
    rows: npt.NDArray[np.intp],
) -> npt.NDArray[Any] | None:
    """One under the other; where one of them is not known, its rows are zeros."""
    if mine is None:
        if others is None:
            return None
        mine = np.zeros((count, *others.shape[1:]), dtype=others.dtype)
    elif others is None:
        others = np.zeros((int(rows.max()) + 1, *mine.shape[1:]), dtype=mine.dtype)
    return np.concatenate((mine, others[rows]))
