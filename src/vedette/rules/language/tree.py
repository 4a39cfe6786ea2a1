"""What the nodes of a condition are: each says of a moment whether it holds, and since when.

A node is about tracks (one answer for each row) or about the scene (one answer). What it remembers
stands in columns of two tables that belong to the rule's state; it asks for them when it is built.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from vedette.contracts.sample import QUANTUM, Samples
from vedette.contracts.sight import Bools
from vedette.contracts.verdict import Numbers

F64 = npt.NDArray[np.float64]

UNKNOWN = float("nan")
"""In every column before anything was written into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Of one moment: (n,) of a node about tracks, () of one about the scene."""

    holds: Bools
    since: F64
    """When it began to hold, in microseconds; means nothing where it does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a node does not hold, in figures."""

    code: str
    numbers: Numbers = field(default_factory=dict)
    closeness: float = 0.0
    """More is closer."""


@dataclass(slots=True, kw_only=True)
class View:
    """A moment as nodes see it: n tracks, those that ended just now behind the others.

    Nodes write into `memory` and `scene`, which belong to this moment alone.
    """

    samples: Samples
    gone: Bools
    """(n,) the track ended at this moment; its row is the last one that there was of it."""
    memory: F64
    """(n, k) columns of tracks."""
    scene: F64
    """(s,) columns of the scene."""
    shared: dict[object, Any] = field(default_factory=dict)
    """What several nodes need, by who worked it out."""

    @property
    def at(self) -> float:
        """Microseconds; exact, as they are below 2**53."""
        return float(self.samples.at_us)

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def boxes(self) -> F64:
        """(n, 4) x1 y1 x2 y2 in heights of the picture, so that lengths compare in every way."""
        found: F64 | None = self.shared.get("boxes")
        if found is None:
            found = self.samples.boxes.astype(np.float64) / QUANTUM
            found[:, 0::2] *= self.samples.aspect
            self.shared["boxes"] = found
        return found

    @property
    def foot(self) -> F64:
        """(n, 2) middle of the lower edges, in heights of the picture."""
        boxes = self.boxes
        return np.stack(((boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]), axis=1)

    @property
    def heights(self) -> F64:
        """(n,) of the boxes, in heights of the picture."""
        boxes = self.boxes
        tall: F64 = boxes[:, 3] - boxes[:, 1]
        return tall

    @property
    def ground(self) -> F64:
        """(n, 2) where they stand, in metres.

        Raises:
            ValueError: the camera has no `ground`; rules that need one are refused without it.
        """
        if self.samples.ground is None:
            raise ValueError(f"camera {self.samples.camera_id!r} has no `ground`")
        return self.samples.ground.astype(np.float64)

    def once(self, node: object, work: Callable[["View"], F64]) -> F64:
        """Figures that a node works out once a moment: to decide by, and to explain with."""
        found: F64 | None = self.shared.get(node)
        if found is None:
            found = self.shared[node] = work(self)
        return found

    def now(self) -> F64:
        """(n,) this moment."""
        return np.full(len(self), self.at)

    def labelled(self, labels: Sequence[str]) -> Bools:
        """(n,) tracks of these classes; all of them where it is empty."""
        if not labels:
            return np.ones(len(self), dtype=np.bool_)
        known = np.array([label in labels for label in self.samples.labels], dtype=np.bool_)
        chosen: Bools = known[self.samples.classes]
        return chosen


def length(vectors: F64) -> F64:
    """(...) of (..., 2)."""
    found: F64 = np.hypot(vectors[..., 0], vectors[..., 1])
    return found


class Node(ABC):
    """A condition. Asked once at every moment, whatever the others say, so that it remembers."""

    about_scene: bool = False
    """One answer, whoever is there."""
    moment: bool = False
    """It holds for an instant only, like going through a door."""

    @abstractmethod
    def look(self, view: View) -> Truth:
        """Does it hold now?"""

    @abstractmethod
    def why(self, view: View, row: int) -> Why:
        """Why it does not hold for a track; asked after `look`, where it does not."""


class Slots:
    """Gives out the columns that nodes remember in."""

    def __init__(self) -> None:
        self.tracks = 0
        self.scene = 0

    def of_tracks(self, count: int) -> slice:
        """So many columns of `View.memory`."""
        self.tracks += count
        return slice(self.tracks - count, self.tracks)

    def of_scene(self, count: int) -> slice:
        """So many places of `View.scene`."""
        self.scene += count
        return slice(self.scene - count, self.scene)


class Memory:
    """A node's columns: of each track where it is about tracks, else of the scene."""

    def __init__(self, slots: Slots, count: int, *, about_scene: bool) -> None:
        self._about_scene = about_scene
        self._place = slots.of_scene(count) if about_scene else slots.of_tracks(count)

    def of(self, view: View) -> F64:
        """(count, n) or (count,); what is written into it is remembered."""
        if self._about_scene:
            return view.scene[self._place]
        return view.memory[:, self._place].T

    def at(self, view: View, column: int, row: int) -> float:
        """One value."""
        mine = self.of(view)
        return float(mine[column] if self._about_scene else mine[column, row])


def truth_of_scene(holds: bool, since: float) -> Truth:
    """The one answer about the scene."""
    return Truth(holds=np.bool_(holds), since=np.float64(since))  # type: ignore[arg-type]
