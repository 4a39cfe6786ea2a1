"""How an object moves: how fast, which way, or not at all.

Velocities are smoothed (time constant `TAU_S`) differences of where an object stands, in heights
of the picture a second, or in metres a second where the camera's ground is known. A track is
followed for `SETTLED_S` before its velocity is believed.
"""

import math

import numpy as np

from vedette.contracts.sight import Bools
from vedette.rules.language.appearance import out_of_bounds
from vedette.rules.language.tree import F64, Memory, Node, Slots, Truth, View, Why, length
from vedette.rules.language.words import Direction, Range, Still

TAU_S = 0.8
SETTLED_S = 0.6
MOVES = 0.03
"""Heights of the picture a second: what is slower has no direction."""


class Velocity:
    """Of every track; worked out once a moment, whoever asks."""

    def __init__(self, slots: Slots, *, metric: bool) -> None:
        self._metric = metric
        self._memory = Memory(slots, 6, about_scene=False)

    def of(self, view: View) -> F64:
        """(n, 2); unknown where a track is too new, or stands beyond the horizon."""
        return view.once(self, self._step)

    def _step(self, view: View) -> F64:
        place = view.ground if self._metric else view.foot
        since, last, x, y, vx, vy = self._memory.of(view)
        passed_s = (view.at - last) / 1e6
        goes_on = (passed_s > 0) & np.isfinite(x) & np.isfinite(place).all(axis=1) & ~view.gone
        with np.errstate(invalid="ignore", divide="ignore"):
            now_x, now_y = (place[:, 0] - x) / passed_s, (place[:, 1] - y) / passed_s
            share = 1 - np.exp(-passed_s / TAU_S)
            first = np.isnan(vx)
            vx[:] = _blend(goes_on, first, vx, now_x, share)
            vy[:] = _blend(goes_on, first, vy, now_y, share)
        anew = ~goes_on & ~view.gone
        since[:] = np.where(np.isnan(since) | anew & ~np.isfinite(x), view.at, since)
        x[:] = np.where(view.gone, x, place[:, 0])
        y[:] = np.where(view.gone, y, place[:, 1])
        last[:] = np.where(view.gone, last, view.at)
        settled = view.at - since >= SETTLED_S * 1e6
        return np.where(settled[:, None], np.stack((vx, vy), axis=1), np.nan)


def _blend(goes_on: Bools, first: Bools, old: F64, new: F64, share: F64) -> F64:
    smoothed = np.where(first, new, old + share * (new - old))
    return np.where(goes_on, smoothed, old)


class Speed(Node):
    """`speed`"""

    def __init__(self, velocity: Velocity, bounds: Range, unit: str, worth: float) -> None:
        """
        Args:
            bounds: in `unit`.
            worth: of one `unit`, in what `velocity` is in.
        """
        self._velocity = velocity
        self._bounds = bounds
        self._unit = unit
        self._worth = worth

    def look(self, view: View) -> Truth:
        speed = view.once(self, self._speeds)
        low, high = self._bounds.above, self._bounds.below
        holds = np.isfinite(speed)
        if low is not None:
            holds &= speed >= low
        if high is not None:
            holds &= speed <= high
        return Truth(holds=holds, since=view.now())

    def why(self, view: View, row: int) -> Why:
        speed = float(view.once(self, self._speeds)[row])
        if not math.isfinite(speed):
            return Why(code="speed_unknown")
        why = out_of_bounds("speed", round(speed, 2), self._bounds)
        return Why(
            code=why.code, numbers={**why.numbers, "unit": self._unit}, closeness=why.closeness
        )

    def _speeds(self, view: View) -> F64:
        speed: F64 = length(self._velocity.of(view)) / self._worth
        return speed


class Heading(Node):
    """`along`, `against`: it moves as an arrow in the picture shows, or the other way."""

    def __init__(self, velocity: Velocity, way: Direction, *, against: bool) -> None:
        self._velocity = velocity
        self._way = way
        self._sign = -1.0 if against else 1.0

    def look(self, view: View) -> Truth:
        turned = view.once(self, self._turned)
        return Truth(
            holds=np.isfinite(turned) & (turned <= self._way.degrees),
            since=view.now(),
        )

    def why(self, view: View, row: int) -> Why:
        turned = float(view.once(self, self._turned)[row])
        if not math.isfinite(turned):
            return Why(code="no_direction")
        numbers = {"degrees": round(turned), "needed": self._way.degrees}
        return Why(code="other_way", numbers=numbers, closeness=-round(turned / 10))

    def _turned(self, view: View) -> F64:
        """(n,) degrees between the arrow and the way that a track goes."""
        velocity = self._velocity.of(view)
        (x1, y1), (x2, y2) = self._way.arrow
        arrow = np.array([(x2 - x1) * view.samples.aspect, y2 - y1]) * self._sign
        speed = length(velocity)
        with np.errstate(invalid="ignore", divide="ignore"):
            cosine = velocity @ arrow / (speed * np.hypot(*arrow))
            degrees: F64 = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
        return np.where(speed >= MOVES, degrees, np.nan)


class Standstill:
    """Since when each object has not moved by more than a part of its own size."""

    def __init__(self, slots: Slots, within: float) -> None:
        self._within = within
        self._memory = Memory(slots, 5, about_scene=False)

    def of(self, view: View) -> tuple[F64, F64, Bools]:
        """(n,) since when it stands; (n,) since when it stood, before it moved just now (unknown
        where it did not); (n,) it was seen to move at some time."""
        found = view.shared.get(self)
        if not isinstance(found, tuple):
            found = view.shared[self] = self._step(view)
        return found

    def _step(self, view: View) -> tuple[F64, F64, Bools]:
        boxes = view.boxes
        centre_x, centre_y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
        size = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
        x, y, since, moved, _ = self._memory.of(view)
        new = np.isnan(x)
        with np.errstate(invalid="ignore"):
            went = ~new & (np.hypot(centre_x - x, centre_y - y) > self._within * size)
        before = np.where(went, since, np.nan)
        again = new | went
        x[:], y[:] = np.where(again, centre_x, x), np.where(again, centre_y, y)
        since[:] = np.where(again, view.at, since)
        moved[:] = np.where(went, 1.0, moved)
        return since.copy(), before, moved == 1.0


class Stands(Node):
    """`still`: it has not moved for so long."""

    def __init__(self, standstill: Standstill, still: Still) -> None:
        self._standstill = standstill
        self._needed_us = still.for_ * 1e6
        self._after_moving = still.after_moving

    def look(self, view: View) -> Truth:
        since, _, moved = self._standstill.of(view)
        holds = (view.at - since >= self._needed_us) & ~view.gone
        return Truth(holds=holds & moved if self._after_moving else holds, since=since)

    def why(self, view: View, row: int) -> Why:
        since, _, moved = self._standstill.of(view)
        if self._after_moving and not moved[row]:
            return Why(code="never_moved")
        stood_s = round((view.at - float(since[row])) / 1e6, 3)
        numbers = {"stood_s": stood_s, "needed_s": self._needed_us / 1e6}
        return Why(code="stood_short", numbers=numbers, closeness=stood_s)


class Removed(Node):
    """`removed`: it stood for so long, and now it is moved, or gone."""

    moment = True

    def __init__(self, standstill: Standstill, stood_s: float) -> None:
        self._standstill = standstill
        self._needed_us = stood_s * 1e6

    def look(self, view: View) -> Truth:
        since, before, _ = self._standstill.of(view)
        began = np.where(view.gone, since, before)
        with np.errstate(invalid="ignore"):
            holds = view.at - began >= self._needed_us
        return Truth(holds=holds, since=view.now())

    def why(self, view: View, row: int) -> Why:
        since, before, _ = self._standstill.of(view)
        began = before[row] if np.isfinite(before[row]) else since[row]
        stood_s = round((view.at - float(began)) / 1e6, 3)
        if stood_s >= self._needed_us / 1e6:
            return Why(code="still_there")
        numbers = {"stood_s": stood_s, "needed_s": self._needed_us / 1e6}
        return Why(code="stood_short", numbers=numbers, closeness=stood_s)
