"""Which one change of settings spares people the false events, and costs the fewest others.

What could be changed follows from figures of the objects; what a change would do is for others to
find out (a backtest); which of them is proposed is decided here. Pure: data in, decision out.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""(n, 2) x y, fractions of the picture."""

MARGIN = 0.02
"""Around where feet stood, a fraction of the picture."""
NEIGHBOURS = 0.15
"""Objects whose feet are as near as this stood at the same place."""
LARGEST = 0.25
"""Of the picture: who would ignore more than that is blind."""
MOST_CUTS = 8
"""Values of one setting that are tried."""


class Kind(StrEnum):
    """What is changed; in the order in which one is preferred among equals."""

    SCORE = "score"
    SIZE = "size"
    SHAPE = "shape"
    PLACE = "place"
    WAIT = "wait"
    LABEL = "label"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The smallest and the largest value of a figure while an object was in view."""

    least: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A setting of a rule that lets pass what is above it, or below it."""

    kind: Kind
    figure: str
    """`score`, `height`, `area`, `shape`."""
    path: tuple[str, ...]
    """Keys below the rule: `min_score`, or `when`, `height`, `below`."""
    upper: bool
    """It lets pass what is below it."""
    now: float | None
    """The value in force; None where there is none."""
    digits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One change of one setting of a camera."""

    kind: Kind
    path: tuple[str, ...]
    """Keys below the camera: `rules`, `visitor`, `min_score`."""
    old: Any
    new: Any
    step: float = 0.0
    """How far it goes: among equals the smallest is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a change does, judged anew."""

    removed: int = 0
    """Events marked false that would not open."""
    lost: int = 0
    """Other events that would not open."""
    found: int = 0
    """Missed moments at which an event would open."""
    more: int = 0
    """Events that would open besides."""


Tried = tuple[Proposal, Outcome]


def cuts(
    bound: Bound, false: Sequence[Mapping[str, Span]], others: Sequence[Mapping[str, Span]]
) -> tuple[float, ...]:
    """Values of a bound that keep false objects out, each with room to the next object that is not.

    Args:
        false, others: spans of the objects' figures, by name.
    Returns:
        Ascending steps away from the value in force, at most `MOST_CUTS`.
    """
    sign = -1.0 if bound.upper else 1.0
    scale = 10**bound.digits

    def reach(spans: Sequence[Mapping[str, Span]]) -> list[float]:
        there = (spans_of[bound.figure] for spans_of in spans if bound.figure in spans_of)
        return sorted(sign * (one.least if bound.upper else one.most) for one in there)

    kept = reach(others)
    found: list[float] = []
    for peak in reach(false):
        beyond = math.floor(peak * scale + 1e-9) + 1  # the first value that keeps it out
        higher = next((value for value in kept if value * scale >= beyond), None)
        room = beyond if higher is None else math.floor((peak + higher) / 2 * scale)
        value = sign * max(beyond, room) / scale
        weaker = bound.now is not None and sign * value <= sign * bound.now
        if not weaker and value >= 0 and (value < 1 or bound.figure == "shape"):
            found.append(round(value, bound.digits))
    steps = list(dict.fromkeys(found))
    if len(steps) <= MOST_CUTS:
        return tuple(steps)
    chosen = np.linspace(0, len(steps) - 1, MOST_CUTS).round().astype(int)
    return tuple(steps[index] for index in chosen)


def places(feet: Sequence[Points]) -> Iterator[tuple[tuple[float, float], ...]]:
    """Outlines around where false objects stood, the place with the most of them first.

    Args:
        feet: of each object, (n, 2) fractions of the picture.
    Returns:
        Corners in order, at most eight, within 0..1; none for what is larger than `LARGEST`.
    """
    groups = sorted(_together(feet), key=lambda group: (-len(group), group))
    for group in groups:
        corners = outline(np.concatenate([feet[index] for index in group]))
        if len(corners) >= 3 and area(corners) <= LARGEST:
            yield corners


def _together(feet: Sequence[Points]) -> list[list[int]]:
    """Objects in groups: who stood near one of a group belongs to it."""
    centres = [np.median(one, axis=0) for one in feet]
    groups: list[list[int]] = []
    for index, centre in enumerate(centres):
        near = [
            group
            for group in groups
            if any(float(np.hypot(*(centres[other] - centre))) <= NEIGHBOURS for other in group)
        ]
        joined = sorted([index, *(other for group in near for other in group)])
        groups = [group for group in groups if group not in near] + [joined]
    return groups


def outline(points: Points) -> tuple[tuple[float, float], ...]:
    """The smallest octagon with upright sides around points and a margin, within the picture.

    Each side touches the points (their supporting line), so neighbours meet in order.
    """
    angles = np.arange(8) * (math.pi / 4)
    normals = np.stack((np.cos(angles), np.sin(angles)), axis=1)
    wide = (points[:, None, :] + MARGIN * normals[None]).reshape(-1, 2).clip(0.0, 1.0)
    reach = (wide @ normals.T).max(axis=0)
    corners: list[tuple[float, float]] = []
    for one in range(8):
        two = (one + 1) % 8
        x, y = np.linalg.solve(normals[[one, two]], reach[[one, two]])
        corner = (
            round(float(min(max(x, 0.0), 1.0)), 3),
            round(float(min(max(y, 0.0), 1.0)), 3),
        )
        if corner not in corners:
            corners.append(corner)
    return tuple(corners)


def area(corners: Sequence[tuple[float, float]]) -> float:
    """Of a polygon, a fraction of the picture (the shoelace formula)."""
    x, y = np.asarray(corners, dtype=np.float64).T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def against_false(tried: Sequence[Tried], false: int) -> Tried | None:
    """The change that spares people false events.

    One that costs no other event is always taken before one that costs some; then it is the one
    that removes most, then the smallest. It removes at least half of the false ones, unless what
    costs nothing removes fewer; and it never costs as many others as it removes.

    Args:
        false: how many false events there are.
    Returns:
        None where no change is worth it.
    """
    useful = [one for one in tried if one[1].removed > one[1].lost]
    free = [one for one in useful if not one[1].lost]
    enough = [one for one in useful if 2 * one[1].removed >= false]
    return min(
        free or enough,
        key=lambda one: (one[1].lost, -one[1].removed, one[1].more, *_small(one[0]), -one[1].found),
        default=None,
    )


def for_missed(tried: Sequence[Tried]) -> Tried | None:
    """The change that would have seen most of what was missed; of these the one that opens the
    fewest others, then the smallest. None where none would have seen any."""
    useful = [one for one in tried if one[1].found and not one[1].lost]
    return min(
        useful,
        key=lambda one: (-one[1].found, one[1].more, *_small(one[0]), -one[1].removed),
        default=None,
    )


def _small(proposal: Proposal) -> tuple[int, float, str]:
    return list(Kind).index(proposal.kind), proposal.step, repr((proposal.path, proposal.new))
