"""Interceptors: latency, loss, repetition and disorder on the bus, switched at run time.

For chaos drills and tests. Neither who publishes nor who listens is changed for them.
"""

import random
from collections.abc import Sequence
from typing import Protocol

from vedette.contracts.payload import Payload


class Interceptor(Protocol):
    """Decides what becomes of one fact."""

    def __call__(self, topic: str, payload: Payload) -> Sequence[float]:
        """Seconds after which each copy goes on: `(0.0,)` changes nothing, `()` loses the fact."""
        ...


class Latency:
    """Everything comes later, by between `least_s` and `most_s` seconds, and so out of order where
    these differ."""

    def __init__(self, rng: random.Random, least_s: float, most_s: float | None = None) -> None:
        self._bounds = least_s, least_s if most_s is None else most_s
        self._rng = rng

    def __call__(self, topic: str, payload: Payload) -> Sequence[float]:
        return (self._rng.uniform(*self._bounds),)


class Drop:
    """A part of all facts is lost: 0.0 to 1.0."""

    def __init__(self, rng: random.Random, part: float = 1.0) -> None:
        self._part = part
        self._rng = rng

    def __call__(self, topic: str, payload: Payload) -> Sequence[float]:
        return () if self._rng.random() < self._part else (0.0,)


class Duplicate:
    """Everything comes several times."""

    def __init__(self, copies: int = 2) -> None:
        self._copies = copies

    def __call__(self, topic: str, payload: Payload) -> Sequence[float]:
        return (0.0,) * self._copies


class Reorder:
    """One of two facts waits, so that later ones overtake it."""

    def __init__(self, by_s: float = 0.05) -> None:
        self._by_s = by_s
        self._waits = False

    def __call__(self, topic: str, payload: Payload) -> Sequence[float]:
        self._waits = not self._waits
        return (self._by_s if self._waits else 0.0,)
