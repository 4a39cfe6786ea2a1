"""Who else is there: near an object, on it, around it; and how many there are at all."""

from collections.abc import Sequence

import numpy as np

from vedette.contracts.sight import Bools
from vedette.rules.language.tree import (
    F64,
    Memory,
    Node,
    Slots,
    Truth,
    View,
    Why,
    length,
    truth_of_scene,
)
from vedette.rules.language.words import Companion, Distance, Tally

PARTS = {"whole": (0.0, 1.0), "head": (0.0, 0.3), "body": (0.15, 0.65), "feet": (0.8, 1.0)}
"""From where to where in the height of a box."""
ROOM = 0.15
"""A companion may reach beyond the box by so much of its size: a helmet does."""


def distances(view: View, distance: Distance) -> F64:
    """(n, n) from the foot of each to that of each other one, in what `distance` counts in: metres,
    or heights of the first one's box."""
    place = view.ground if distance.metres else view.foot
    apart = length(place[:, None] - place[None, :])
    if distance.metres:
        return apart
    in_heights: F64 = apart / np.maximum(view.heights, 1e-6)[:, None]
    return in_heights


def _others(view: View, labels: Sequence[str]) -> Bools:
    """(n, n) who counts for whom: not oneself, and not who is gone."""
    counts: Bools = (view.labelled(labels) & ~view.gone)[None, :] & ~np.eye(
        len(view), dtype=np.bool_
    )
    return counts


class Near(Node):
    """`near`: one of these classes is close by."""

    def __init__(self, labels: Sequence[str], distance: Distance) -> None:
        self._labels = tuple(labels)
        self._distance = distance

    def look(self, view: View) -> Truth:
        return Truth(holds=view.once(self, self._nearest) <= self._distance.value, since=view.now())

    def why(self, view: View, row: int) -> Why:
        nearest = float(view.once(self, self._nearest)[row])
        wanted = ", ".join(self._labels)
        if not np.isfinite(nearest):
            return Why(code="nobody_near", numbers={"wanted": wanted})
        return Why(
            code="nobody_near",
            numbers={
                "wanted": wanted,
                "distance": round(nearest, 2),
                "needed": self._distance.value,
            },
            closeness=-round(nearest, 1),
        )

    def _nearest(self, view: View) -> F64:
        if not len(view):
            return np.zeros(0)
        apart = np.where(_others(view, self._labels), distances(view, self._distance), np.inf)
        nearest: F64 = np.where(np.isnan(apart), np.inf, apart).min(axis=1)
        return nearest


class Accompanied(Node):
    """`with`: another box of these classes lies on this one, or on a part of it."""

    def __init__(self, companion: Companion) -> None:
        self._companion = companion
        self._part = PARTS[companion.part]

    def look(self, view: View) -> Truth:
        return Truth(holds=view.once(self, self._best) >= self._companion.overlap, since=view.now())

    def why(self, view: View, row: int) -> Why:
        best = round(float(view.once(self, self._best)[row]), 2)
        wanted = ", ".join(self._companion.labels)
        return Why(code="without", numbers={"wanted": wanted, "overlap": best}, closeness=best)

    def _best(self, view: View) -> F64:
        """(n,) the largest part of a companion's box that lies where it should."""
        if not len(view):
            return np.zeros(0)
        boxes = view.boxes
        wide, tall = boxes[:, 2] - boxes[:, 0], view.heights
        x1, x2 = boxes[:, 0] - ROOM * wide, boxes[:, 2] + ROOM * wide
        y1 = boxes[:, 1] + self._part[0] * tall - ROOM * tall
        y2 = boxes[:, 1] + self._part[1] * tall + ROOM * tall * (self._part[1] == 1.0)
        across = np.minimum(x2[:, None], boxes[:, 2]) - np.maximum(x1[:, None], boxes[:, 0])
        down = np.minimum(y2[:, None], boxes[:, 3]) - np.maximum(y1[:, None], boxes[:, 1])
        area = np.maximum(wide * tall, 1e-9)
        shared = np.clip(across, 0, None) * np.clip(down, 0, None) / area[None, :]
        best: F64 = np.where(_others(view, self._companion.labels), shared, 0.0).max(axis=1)
        return best


class Crowded(Node):
    """`crowd`: it stands among so many, itself included, within a distance."""

    def __init__(self, labels: Sequence[str], at_least: int, distance: Distance) -> None:
        self._labels = tuple(labels)
        self._needed = at_least
        self._distance = distance

    def look(self, view: View) -> Truth:
        return Truth(holds=view.once(self, self._around) >= self._needed, since=view.now())

    def why(self, view: View, row: int) -> Why:
        around = int(view.once(self, self._around)[row])
        numbers = {"count": around, "needed": self._needed}
        return Why(code="too_few", numbers=numbers, closeness=around)

    def _around(self, view: View) -> F64:
        if not len(view):
            return np.zeros(0)
        with np.errstate(invalid="ignore"):
            close = distances(view, self._distance) <= self._distance.value
        around = (close & _others(view, self._labels)).sum(axis=1)
        mine: F64 = around + (view.labelled(self._labels) & ~view.gone)
        return mine


class Count(Node):
    """`count`, `someone`, `nobody`: how many objects there are that a condition holds for."""

    about_scene = True

    def __init__(self, of: Node, at_least: int | None, at_most: int | None) -> None:
        self._of = of
        self._at_least = at_least
        self._at_most = at_most
        self.moment = of.moment

    def look(self, view: View) -> Truth:
        count = int((self._of.look(view).holds & (~view.gone | self._of.moment)).sum())
        view.shared[self] = count
        enough = self._at_least is None or count >= self._at_least
        return truth_of_scene(enough and (self._at_most is None or count <= self._at_most), view.at)

    def why(self, view: View, row: int) -> Why:
        del row
        count = int(view.shared[self])
        if self._at_least is not None and count < self._at_least:
            numbers = {"count": count, "needed": self._at_least}
            return Why(code="too_few", numbers=numbers, closeness=count)
        numbers = {"count": count, "needed": self._at_most or 0}
        return Why(code="too_many", numbers=numbers, closeness=-count)


class Tallied(Node):
    """`tally`: something happened so many times, to whomever, within a time.

    Remembers the latest times, as many as are needed.
    """

    about_scene = True

    def __init__(self, of: Node, tally: Tally, slots: Slots) -> None:
        self._of = of
        self._within_us = tally.within * 1e6
        self._times = Memory(slots, tally.at_least, about_scene=True)
        self._running = Memory(slots, 1, about_scene=False)

    def look(self, view: View) -> Truth:
        held = np.broadcast_to(self._of.look(view).holds, (len(view),))
        running = self._running.of(view)
        began = int((held & ~(running[0] == 1.0)).sum())
        running[0] = 0.0 if self._of.moment else held
        times = self._times.of(view)
        if began:
            late = np.full(min(began, len(times)), view.at)
            times[:] = np.concatenate((times, late))[-len(times) :]
        recent = times[np.isfinite(times) & (view.at - times <= self._within_us)]
        view.shared[self] = len(recent)
        holds = len(recent) == len(times)
        return truth_of_scene(holds, float(times[0]) if holds else view.at)

    def why(self, view: View, row: int) -> Why:
        del row
        count = int(view.shared[self])
        numbers = {"count": count, "needed": len(self._times.of(view))}
        return Why(code="too_few", numbers=numbers, closeness=count)
