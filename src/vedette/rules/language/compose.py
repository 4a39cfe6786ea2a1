"""Builds the tree of nodes that a condition means."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from vedette.contracts.errors import InvalidConfig
from vedette.rules.base import Judge, RuleConfig, index_of
from vedette.rules.language.appearance import Labels, Measure, Subject, Vanishes
from vedette.rules.language.company import Accompanied, Count, Crowded, Near, Tallied
from vedette.rules.language.logic import All, CameraAway, CameraIs, For, InTurn, Lately, Not, Some
from vedette.rules.language.movement import Heading, Removed, Speed, Stands, Standstill, Velocity
from vedette.rules.language.places import Crosses, Enters, Inside, Leaves, Outside
from vedette.rules.language.posture import Posture
from vedette.rules.language.tree import Node, Slots
from vedette.rules.language.words import (
    OFFLINE,
    PICTURES,
    SPEEDS,
    Condition,
    Crowd,
    LeftBehind,
    Neighbour,
    Range,
    SpeedRange,
    Still,
)

MOST_NODES = 200
"""Of one rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A condition, ready to be asked."""

    root: Node
    slots: Slots
    """How much it remembers."""
    needs: frozenset[str]
    """What the camera has to know: `ground`, `pose`."""


def compose(
    condition: Condition, config: RuleConfig, zones: Sequence[str], lines: Sequence[str]
) -> Tree:
    """The tree of a rule.

    Args:
        zones, lines: ids of the camera's, in the order of `Samples`.
    Raises:
        InvalidConfig: it names a zone or line that the camera does not have, counts what cannot be
            counted, or is too long.
    """
    composer = _Composer(config, zones, lines)
    root = composer.node(condition)
    whole = composer.about_its_subject(root)
    return Tree(root=whole, slots=composer.slots, needs=frozenset(composer.needs))


@dataclass(slots=True)
class _Composer:
    config: RuleConfig
    zones: Sequence[str]
    lines: Sequence[str]
    slots: Slots = field(default_factory=Slots)
    needs: set[str] = field(default_factory=set)
    _nodes: int = 0
    _velocities: dict[bool, Velocity] = field(default_factory=dict)
    _standstills: dict[float, Standstill] = field(default_factory=dict)
    _subject: Subject | None = None

    def node(self, condition: Condition) -> Node:
        """What a condition means, with its own `for` or `within` around."""
        parts = list(self._parts(condition))
        self._nodes += len(parts)
        if self._nodes > MOST_NODES:
            raise InvalidConfig(
                f"rule {self.config.id!r}: more than {MOST_NODES} conditions; make several rules"
            )
        whole = parts[0] if len(parts) == 1 else All(parts)
        if condition.for_ is not None:
            return For(whole, condition.for_, condition.forgive, self.slots)
        if condition.within is not None:
            return Lately(whole, condition.within, self.slots)
        return whole

    def about_its_subject(self, root: Node) -> Node:
        """Only for objects that the rule is about, where it is about objects."""
        return root if root.about_scene else All((self.subject, root))

    @property
    def subject(self) -> Subject:
        """The predicates of the rule itself."""
        if self._subject is None:
            self._subject = Subject(Judge(self.config, None, self.zones))
        return self._subject

    def _parts(self, said: Condition) -> Iterator[Node]:
        for name, build in _BUILDERS.items():
            if (value := getattr(said, name)) is not None:
                yield build(self, value)

    def _zone(self, kind: type[Inside] | type[Outside], zone: str) -> Node:
        return kind(zone, index_of("zone", zone, self.zones, self.config.id))

    def _passage(self, kind: type[Enters] | type[Leaves], zone: str) -> Node:
        return kind(zone, index_of("zone", zone, self.zones, self.config.id), self.slots)

    def _line(self, said: Any) -> Node:
        column = index_of("line", said.line, self.lines, self.config.id)
        return Crosses(said.line, column, said.direction)

    def _measured(self, *, metres: bool) -> None:
        if metres:
            self.needs.add("ground")

    def _near(self, said: Neighbour) -> Node:
        self._measured(metres=said.distance.metres)
        return Near(said.labels, said.distance)

    def _crowd(self, said: Crowd) -> Node:
        self._measured(metres=said.distance.metres)
        return Crowded(said.labels, said.at_least, said.distance)

    def _posture(self, pose: str) -> Node:
        self.needs.add("pose")
        return Posture(pose)

    def _velocity(self, *, metric: bool) -> Velocity:
        if metric not in self._velocities:
            self._velocities[metric] = Velocity(self.slots, metric=metric)
        return self._velocities[metric]

    def _standstill(self, within: float) -> Standstill:
        if within not in self._standstills:
            self._standstills[within] = Standstill(self.slots, within)
        return self._standstills[within]

    def _speed(self, said: SpeedRange) -> Node:
        bounds, unit = said.bounds()
        self._measured(metres=unit != PICTURES)
        velocity = self._velocity(metric=unit != PICTURES)
        return Speed(velocity, bounds, unit, SPEEDS.get(unit, 1.0))

    def _left_behind(self, said: LeftBehind) -> Node:
        self._measured(metres=said.distance.metres)
        alone = Not(Near(said.by, said.distance), f"near {', '.join(said.by)}")
        still = Still(for_=said.for_)
        stands = Stands(self._standstill(still.within), still)
        return All((stands, For(alone, said.for_, 0.0, self.slots)))

    def _of(self, condition: Condition | None) -> Node:
        """Whom a count is about: the rule's own objects, unless it says which."""
        if condition is None:
            return self.subject
        node = self.node(condition)
        if node.about_scene:
            raise InvalidConfig(
                f"rule {self.config.id!r}: what is counted must be about objects, for example "
                "`{inside: ZONE}`; this is about the scene as a whole"
            )
        return node if condition.labels else All((self.subject, node))

    def _count(self, of: Condition | None, at_least: int | None, at_most: int | None) -> Node:
        return Count(self._of(of), at_least, at_most)

    def _sequence(self, said: Any) -> Node:
        steps = [self.node(step) for step in said.steps]
        scene = said.by == "anyone" or all(step.about_scene for step in steps)
        if said.by == "anyone":
            steps = [self.about_its_subject(step) for step in steps]
        return InTurn(steps, said.within, self.slots, about_scene=scene)


def _measure(name: str) -> Callable[[_Composer, Range], Node]:
    return lambda composer, bounds: Measure(name, bounds)


_BUILDERS: dict[str, Callable[[_Composer, Any], Node]] = {
    "labels": lambda c, said: Labels(said),
    "score": _measure("score"),
    "height": _measure("height"),
    "area": _measure("area"),
    "shape": _measure("shape"),
    "inside": lambda c, said: c._zone(Inside, said),
    "outside": lambda c, said: c._zone(Outside, said),
    "enters": lambda c, said: c._passage(Enters, said),
    "leaves": lambda c, said: c._passage(Leaves, said),
    "crosses": lambda c, said: c._line(said),
    "speed": lambda c, said: c._speed(said),
    "along": lambda c, said: Heading(c._velocity(metric=False), said, against=False),
    "against": lambda c, said: Heading(c._velocity(metric=False), said, against=True),
    "still": lambda c, said: Stands(c._standstill(said.within), said),
    "removed": lambda c, said: Removed(c._standstill(said.within), said.stood),
    "left_behind": lambda c, said: c._left_behind(said),
    "vanishes": lambda c, said: Vanishes(),
    "near": lambda c, said: c._near(said),
    "with_": lambda c, said: Accompanied(said),
    "without": lambda c, said: Not(Accompanied(said), f"with {', '.join(said.labels)}"),
    "crowd": lambda c, said: c._crowd(said),
    "pose": lambda c, said: c._posture(said),
    "someone": lambda c, said: c._count(said, 1, None),
    "nobody": lambda c, said: c._count(said, None, 0),
    "count": lambda c, said: c._count(said.of, said.at_least, said.at_most),
    "tally": lambda c, said: Tallied(c._of(said.of), said, c.slots),
    "camera": lambda c, said: CameraAway() if said == OFFLINE else CameraIs(said),
    "all_": lambda c, said: All([c.node(each) for each in said]),
    "any_": lambda c, said: Some([c.node(each) for each in said]),
    "not_": lambda c, said: Not(c.node(said), _named(said)),
    "sequence": lambda c, said: c._sequence(said),
    "unless": lambda c, said: Not(c.node(said), _named(said)),
}
"""By the field of `Condition`, in the order in which they are asked (and a no is explained)."""


def _named(condition: Condition) -> str:
    """A condition in few words: its keys with plain values."""
    said = condition.model_dump(exclude_defaults=True, exclude_none=True, by_alias=True)
    words = [f"{key} {value}" if isinstance(value, str) else key for key, value in said.items()]
    return ", ".join(words)
