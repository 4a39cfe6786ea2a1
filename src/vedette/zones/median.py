"""Running median of each track's scores, in bounded memory, the same on every replay."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from vedette.contracts.sample import U16

KEPT = 64
"""Values per track; more are thinned."""
UNUSED = 0xFFFF
"""Sorts to the end."""

Bools = npt.NDArray[np.bool_]
I32 = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Medians:
    """n rows of at most 64 sorted values.

    Exact for the first 64 scores of a track. Then every second one of the sorted values is
    dropped, and from there on only every second (fourth, eighth ...) score is taken: the ranks
    stay as they are, so the median stays within the noise of 32 samples.
    """

    values: U16 = field(default_factory=lambda: np.zeros((0, KEPT), dtype=np.uint16))
    """(n, 64) ascending in the first `count` columns, `UNUSED` in the others."""
    count: I32 = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    seen: I32 = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    stride: I32 = field(default_factory=lambda: np.zeros(0, dtype=np.int32))

    def rows(self, index: npt.NDArray[np.intp], fresh: Bools) -> "Medians":
        """The rows of `index`, those that are `fresh` empty."""
        if not len(self.count):
            index = np.zeros_like(index)
            blank = np.zeros(1, dtype=np.int32)
            values = np.full((len(index), KEPT), UNUSED, dtype=np.uint16)
            return Medians(
                values=values, count=blank[index], seen=blank[index], stride=blank[index] + 1
            )
        values = self.values[index]
        values[fresh] = UNUSED
        return Medians(
            values=values,
            count=np.where(fresh, 0, self.count[index]).astype(np.int32),
            seen=np.where(fresh, 0, self.seen[index]).astype(np.int32),
            stride=np.where(fresh, 1, self.stride[index]).astype(np.int32),
        )

    def take(self, scores: U16, observed: Bools) -> "Medians":
        """Add one score to each observed row."""
        due = observed & (self.seen % self.stride == 0)
        values, count, stride = self.values.copy(), self.count, self.stride
        if (full := due & (count == KEPT)).any():
            values[full, : KEPT // 2] = values[full, ::2]
            values[full, KEPT // 2 :] = UNUSED
            count = np.where(full, KEPT // 2, count).astype(np.int32)
            stride = np.where(full, stride * 2, stride).astype(np.int32)
        rows = due.nonzero()[0]
        values[rows, count[rows]] = scores[rows]
        values.sort(axis=1)
        return Medians(values=values, count=count + due, seen=self.seen + observed, stride=stride)

    def medians(self) -> U16:
        """(n,) the middle value, the mean of the middle two (rounded down) for even counts."""
        row = np.arange(len(self.count))
        top = np.maximum(self.count - 1, 0)
        low = self.values[row, top // 2].astype(np.int32)
        high = self.values[row, (top + 1) // 2].astype(np.int32)
        middle = np.where(self.count > 0, (low + high) >> 1, 0)
        return middle.astype(np.uint16)
