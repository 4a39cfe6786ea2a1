"""What rules see: confirmed tracks at one moment, quantised, with zones and line crossings.

Quantised to 16 bits before zones, so that a stored sample gives the same verdict as the live
one did (replay and backtest are exact).
"""

from dataclasses import dataclass

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

    def __len__(self) -> int:
        return len(self.ids)
