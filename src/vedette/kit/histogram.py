"""How long something takes, counted by length: cheap to add to, and histograms add up."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any, Self

BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the buckets, in seconds; what is longer goes into one more."""


class Histogram:
    """One thread adds; whoever reads meanwhile may miss the latest."""

    __slots__ = ("counts", "total_s")

    def __init__(self, counts: Sequence[int] = (), total_s: float = 0.0) -> None:
        """Begin with these `len(BOUNDS_S) + 1` counts; with nothing where they are left out."""
        self.counts = list(counts) or [0] * (len(BOUNDS_S) + 1)
        self.total_s = total_s

    @property
    def count(self) -> int:
        return sum(self.counts)

    def add(self, seconds: float) -> None:
        """One more that took so long; what took less than nothing (a clock) took nothing."""
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.total_s += max(0.0, seconds)

    @classmethod
    def sum(cls, several: Iterable["Histogram"]) -> Self:
        """All of them as one."""
        whole = cls()
        for each in several:
            whole.counts = [a + b for a, b in zip(whole.counts, each.counts, strict=True)]
            whole.total_s += each.total_s
        return whole

    def plain(self) -> dict[str, Any]:
        """As JSON has it; see `read`."""
        return {"counts": self.counts, "total_s": self.total_s}

    @classmethod
    def read(cls, plain: object) -> Self:
        """The other way round.

        Raises:
            ValueError: it is none.
        """
        match plain:
            case {"counts": [*counts], "total_s": int() | float() as total_s} if len(counts) == len(
                BOUNDS_S
            ) + 1 and all(type(each) is int and each >= 0 for each in counts):
                return cls(counts, float(total_s))
        raise ValueError(f"a histogram has {len(BOUNDS_S) + 1} counts and a total")

    def cumulative(self) -> list[tuple[str, float]]:
        """Prometheus' buckets: how many took at most so long, up to `+Inf`."""
        so_far, buckets = 0, []
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), self.counts, strict=True):
            so_far += count
            buckets.append((bound, float(so_far)))
        return buckets
