"""Where an object is: in a zone, coming into it, going out of it, crossing a line."""

from typing import Literal

import numpy as np

from vedette.contracts.sight import Bools
from vedette.rules.language.tree import F64, Memory, Node, Slots, Truth, View, Why

Way = Literal["any", "forward", "backward"]


class _Zone(Node):
    """Something about one zone."""

    def __init__(self, zone: str, bit: int) -> None:
        self._zone = zone
        self._bit = bit

    def _within(self, view: View) -> Bools:
        inside: Bools = (view.samples.zones >> np.uint64(self._bit) & np.uint64(1)).astype(np.bool_)
        return inside

    def _entered(self, view: View) -> F64:
        return view.samples.entered_us[:, self._bit].astype(np.float64)

    def _why(self, code: str) -> Why:
        return Why(code=code, numbers={"zone": self._zone})


class Inside(_Zone):
    """`inside`"""

    def look(self, view: View) -> Truth:
        return Truth(holds=self._within(view), since=self._entered(view))

    def why(self, view: View, row: int) -> Why:
        del view, row
        return self._why("outside")


class Outside(_Zone):
    """`outside`"""

    def look(self, view: View) -> Truth:
        return Truth(holds=~self._within(view), since=view.now())

    def why(self, view: View, row: int) -> Why:
        del view, row
        return self._why("inside")


class _Passage(_Zone):
    """Remembers whether a track was inside a moment ago."""

    moment = True

    def __init__(self, zone: str, bit: int, slots: Slots) -> None:
        super().__init__(zone, bit)
        self._memory = Memory(slots, 1, about_scene=False)

    def _step(self, view: View) -> tuple[Bools, Bools]:
        """(n,) inside now; (n,) inside before."""
        mine, now = self._memory.of(view), self._within(view)
        before: Bools = mine[0] == 1.0
        mine[0] = now
        return now, before


class Enters(_Passage):
    """`enters`: what was first seen inside was never seen to enter."""

    def look(self, view: View) -> Truth:
        now, before = self._step(view)
        came = view.samples.entered_us[:, self._bit] > view.samples.first_us
        return Truth(holds=now & ~before & came, since=self._entered(view))

    def why(self, view: View, row: int) -> Why:
        if self._within(view)[row]:
            return self._why("inside_already")
        return self._why("outside")


class Leaves(_Passage):
    """`leaves`: seen outside after inside; what vanishes inside has not left."""

    def look(self, view: View) -> Truth:
        now, before = self._step(view)
        return Truth(holds=before & ~now, since=view.now())

    def why(self, view: View, row: int) -> Why:
        return self._why("inside" if self._within(view)[row] else "outside_already")


class Crosses(Node):
    """`crosses`: a line, in one direction or in either."""

    moment = True

    def __init__(self, line: str, column: int, way: Way) -> None:
        self._line = line
        self._column = column
        self._way = way

    def look(self, view: View) -> Truth:
        passed = view.samples.crossings[:, self._column]
        holds = {"any": passed != 0, "forward": passed > 0, "backward": passed < 0}[self._way]
        return Truth(holds=holds & ~view.gone, since=view.now())

    def why(self, view: View, row: int) -> Why:
        if passed := int(view.samples.crossings[row, self._column]):
            went = "forward" if passed > 0 else "backward"
            return Why(code="direction", numbers={"direction": went, "needed": self._way})
        return Why(code="not_crossed", numbers={"line": self._line})
