"""All, any, not; for so long, within so long, one after the other; and the state of the camera."""

import math
from collections.abc import Sequence

import numpy as np

from vedette.rules.language.tree import F64, Memory, Node, Slots, Truth, View, Why, truth_of_scene


class All(Node):
    """Every one holds; since the last of them began to."""

    def __init__(self, parts: Sequence[Node]) -> None:
        self._parts = tuple(parts)
        self.about_scene = all(part.about_scene for part in parts)
        self.moment = any(part.moment for part in parts)

    def look(self, view: View) -> Truth:
        first, *others = truths = [part.look(view) for part in self._parts]
        holds, since = first.holds, first.since
        for truth in others:
            holds = holds & truth.holds
            since = np.maximum(since, truth.since)
        view.shared[self] = truths
        return Truth(holds=holds, since=since)

    def why(self, view: View, row: int) -> Why:
        truths: list[Truth] = view.shared[self]
        for part, truth in zip(self._parts, truths, strict=True):
            if not _holds(truth, row):
                return part.why(view, row)
        raise AssertionError("asked why of what holds")


class Some(Node):
    """`any`: one of them holds; since the first of those began to."""

    def __init__(self, parts: Sequence[Node]) -> None:
        self._parts = tuple(parts)
        self.about_scene = all(part.about_scene for part in parts)
        self.moment = all(part.moment for part in parts)

    def look(self, view: View) -> Truth:
        truths = [part.look(view) for part in self._parts]
        holds = truths[0].holds
        since = np.where(truths[0].holds, truths[0].since, np.inf)
        for truth in truths[1:]:
            holds = holds | truth.holds
            since = np.minimum(since, np.where(truth.holds, truth.since, np.inf))
        return Truth(holds=holds, since=since)

    def why(self, view: View, row: int) -> Why:
        reasons = [part.why(view, row) for part in self._parts]
        first = reasons[0]
        others = ", ".join(reason.code for reason in reasons[1:])
        numbers = {**first.numbers, "or": others} if others else first.numbers
        return Why(code=first.code, numbers=numbers, closeness=first.closeness)


class Not(Node):
    """`not`, `unless`, `without`"""

    def __init__(self, part: Node, name: str) -> None:
        self._part = part
        self._name = name
        self.about_scene = part.about_scene

    def look(self, view: View) -> Truth:
        truth = self._part.look(view)
        if self.about_scene:
            return truth_of_scene(not truth.holds, view.at)
        return Truth(holds=~truth.holds, since=view.now())

    def why(self, view: View, row: int) -> Why:
        del view, row
        return Why(code="unless", numbers={"what": self._name})


class For(Node):
    """`for`: it holds without a break; breaks up to `forgive` are none."""

    def __init__(self, part: Node, for_s: float, forgive_s: float, slots: Slots) -> None:
        self._part = part
        self._needed_us = for_s * 1e6
        self._forgiven_us = forgive_s * 1e6
        self.about_scene = part.about_scene
        self._memory = Memory(slots, 2, about_scene=part.about_scene)

    def look(self, view: View) -> Truth:
        truth = self._part.look(view)
        mine = self._memory.of(view)
        since, last = mine
        broken = ~truth.holds & ~(view.at - last <= self._forgiven_us)
        begins = truth.holds & np.isnan(since)
        began: F64 = np.where(begins, truth.since, np.where(broken, np.nan, since))
        mine[0], mine[1] = began, np.where(truth.holds, view.at, last)
        view.shared[self] = truth
        holds = truth.holds & (view.at - began >= self._needed_us)
        if self.about_scene:
            return truth_of_scene(bool(holds), float(began))
        return Truth(holds=holds, since=began)

    def why(self, view: View, row: int) -> Why:
        if not _holds(view.shared[self], row):
            return self._part.why(view, row)
        began = self._memory.at(view, 0, row)
        dwell_s = round((view.at - began) / 1e6, 3)
        numbers = {"dwell_s": dwell_s, "needed_s": self._needed_us / 1e6}
        return Why(code="dwell_short", numbers=numbers, closeness=dwell_s)


class Lately(Node):
    """`within`: it held at some time since so long ago."""

    def __init__(self, part: Node, within_s: float, slots: Slots) -> None:
        self._part = part
        self._within_us = within_s * 1e6
        self.about_scene = part.about_scene
        self._memory = Memory(slots, 1, about_scene=part.about_scene)

    def look(self, view: View) -> Truth:
        truth = self._part.look(view)
        mine = self._memory.of(view)
        mine[0] = np.where(truth.holds, view.at, mine[0])
        holds = view.at - mine[0] <= self._within_us
        if self.about_scene:
            return truth_of_scene(bool(holds), float(mine[0]))
        return Truth(holds=holds, since=mine[0].copy())

    def why(self, view: View, row: int) -> Why:
        last = self._memory.at(view, 0, row)
        if math.isnan(last):  # it never held
            return self._part.why(view, row)
        ago_s = round((view.at - last) / 1e6, 3)
        numbers = {"ago_s": ago_s, "needed_s": self._within_us / 1e6}
        return Why(code="too_long_ago", numbers=numbers, closeness=-ago_s)


class InTurn(Node):
    """`sequence`: one step after the other, each later than the one before, all `within` a time.

    Of every step the latest beginning of a story that got so far is remembered. Once the last step
    is reached the story is told, and another one has to begin from the first.
    """

    moment = True

    def __init__(
        self, steps: Sequence[Node], within_s: float | None, slots: Slots, *, about_scene: bool
    ) -> None:
        self._steps = tuple(steps)
        self._within_us = float("inf") if within_s is None else within_s * 1e6
        self.about_scene = about_scene
        self._memory = Memory(slots, len(steps), about_scene=about_scene)

    def look(self, view: View) -> Truth:
        truths = [step.look(view) for step in self._steps]
        mine = self._memory.of(view)
        held = [self._answer(truth) for truth in truths]
        for index in range(len(truths) - 1, 0, -1):
            goes_on = held[index] & (view.at - mine[index - 1] <= self._within_us)
            mine[index] = np.where(goes_on, np.fmax(mine[index], mine[index - 1]), mine[index])
        mine[0] = np.where(held[0], view.at, mine[0])
        told = np.isfinite(mine[-1])
        since = np.where(told, mine[-1], view.at)
        for index in range(len(truths)):
            mine[index] = np.where(told, np.nan, mine[index])
        if self.about_scene:
            return truth_of_scene(bool(told), float(since))
        return Truth(holds=told, since=since)

    def why(self, view: View, row: int) -> Why:
        mine = self._memory.of(view)
        begun = mine if self.about_scene else mine[:, row]
        recent = view.at - begun <= self._within_us
        done = int(np.flatnonzero(recent)[-1]) + 1 if recent.any() else 0
        numbers = {"done": done, "steps": len(self._steps)}
        return Why(code="sequence_short", numbers=numbers, closeness=done)

    def _answer(self, truth: Truth) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        return np.any(truth.holds) if self.about_scene else truth.holds  # type: ignore[return-value]


class CameraIs(Node):
    """`camera`: it is covered, out of focus, turned away."""

    about_scene = True

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted

    def look(self, view: View) -> Truth:
        now = view.samples.tampering
        holds = bool(now) if self._wanted == "tampered" else now == self._wanted
        return truth_of_scene(holds, view.at)

    def why(self, view: View, row: int) -> Why:
        del row
        is_ = view.samples.tampering or "fine"
        return Why(code="camera_is", numbers={"is": is_, "needed": self._wanted})


class CameraAway(Node):
    """`camera: offline`: it gives no pictures."""

    about_scene = True

    def look(self, view: View) -> Truth:
        return truth_of_scene(bool(view.samples.away), view.at)

    def why(self, view: View, row: int) -> Why:
        del row
        is_ = "offline" if view.samples.away else "online"
        return Why(code="camera_is", numbers={"is": is_, "needed": "offline"})


def _holds(truth: Truth, row: int) -> bool:
    return bool(truth.holds if truth.holds.ndim == 0 else truth.holds[row])
