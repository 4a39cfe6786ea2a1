"""What an object is, how sure that is, how large it is, and whether it is gone."""

import math
from collections.abc import Sequence

import numpy as np

from vedette.contracts.sample import QUANTUM
from vedette.rules.base import Judge, Judged
from vedette.rules.language.tree import F64, Node, Truth, View, Why
from vedette.rules.language.words import Range

STEP = 1 / QUANTUM
"""What a figure may miss a bound by, as both are rounded."""


class Subject(Node):
    """What every rule asks first: labels, score, size (`rules/base.py`)."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def look(self, view: View) -> Truth:
        judged = self._judged(view)
        holds = np.array([not fault for fault in judged.faults], dtype=np.bool_)
        return Truth(holds=holds, since=view.samples.first_us.astype(np.float64))

    def why(self, view: View, row: int) -> Why:
        judged = self._judged(view)
        numbers, closeness = self._judge.measure(judged, row)
        return Why(code=judged.faults[row], numbers=numbers, closeness=closeness)

    def _judged(self, view: View) -> Judged:
        found = view.shared.get(self)
        if not isinstance(found, Judged):
            found = view.shared[self] = self._judge.look(view.samples)
        return found


class Labels(Node):
    """`labels`"""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = tuple(labels)

    def look(self, view: View) -> Truth:
        return Truth(
            holds=view.labelled(self._labels), since=view.samples.first_us.astype(np.float64)
        )

    def why(self, view: View, row: int) -> Why:
        label = view.samples.labels[int(view.samples.classes[row])]
        return Why(code="label", numbers={"label": label, "wanted": ", ".join(self._labels)})


class Measure(Node):
    """`score`, `height`, `area`, `shape`: a figure of each object within bounds."""

    def __init__(self, name: str, bounds: Range) -> None:
        self._name = name
        self._bounds = bounds

    def look(self, view: View) -> Truth:
        value = view.once(self, self._value)
        low, high = self._bounds.above, self._bounds.below
        holds = np.ones(len(view), dtype=np.bool_)
        if low is not None:
            holds &= value >= low - STEP
        if high is not None:
            holds &= value <= high + STEP
        return Truth(holds=holds, since=view.now())

    def why(self, view: View, row: int) -> Why:
        return out_of_bounds(self._name, float(view.once(self, self._value)[row]), self._bounds)

    def _value(self, view: View) -> F64:
        boxes = view.samples.boxes.astype(np.float64) / QUANTUM
        wide, tall = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
        value: F64
        match self._name:
            case "score":
                value = view.samples.scores.astype(np.float64) / QUANTUM
            case "height":
                value = tall
            case "area":
                value = wide * tall
            case _:
                value = wide * view.samples.aspect / np.maximum(tall, 1 / QUANTUM)
        return value


class Vanishes(Node):
    """`vanishes`: its track ended; nobody sees it any more."""

    moment = True

    def look(self, view: View) -> Truth:
        return Truth(holds=view.gone, since=view.now())

    def why(self, view: View, row: int) -> Why:
        del view, row
        return Why(code="still_there")


def out_of_bounds(name: str, value: float, bounds: Range) -> Why:
    """`speed_low`, `height_high` ... with the figure and the bound that it missed."""
    low, high = bounds.above, bounds.below
    if low is not None and not value >= low:
        numbers = {name: round(value, 4), "needed": low}
        return Why(
            code=f"{name}_low", numbers=numbers, closeness=value if math.isfinite(value) else 0.0
        )
    needed = high if high is not None else 0.0
    return Why(
        code=f"{name}_high", numbers={name: round(value, 4), "needed": needed}, closeness=-value
    )
