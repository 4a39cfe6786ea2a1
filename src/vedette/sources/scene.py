"""A simulated scene: moving objects with known truth, and the weather that makes it hard. Pure."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from vedette.plugins.registry import PluginConfig

Fraction01 = Annotated[float, Field(ge=0.0, le=1.0)]
Colour = tuple[
    Annotated[int, Field(ge=0, le=255)],
    Annotated[int, Field(ge=0, le=255)],
    Annotated[int, Field(ge=0, le=255)],
]
Box = tuple[float, float, float, float]
"""left, top, right, bottom, as fractions of the frame."""

MOT_HEADER = "frame,id,left,top,width,height,score,label,visibility"
_GRID = 24
"""Visibility is sampled at this many points in each direction."""


class Actor(PluginConfig):
    """One moving object. It is there from its first waypoint to its last."""

    label: str = "person"
    shape: Literal["rectangle", "ellipse", "figure", "person"] = Field(
        default="rectangle",
        description="`person` is drawn so that detectors of real people recognise it.",
    )
    size: tuple[Fraction01, Fraction01] = Field(
        default=(0.06, 0.22), description="Width and height, as fractions of the frame."
    )
    colour: Colour = Field(default=(196, 62, 48), description="Red, green, blue.")
    path: tuple[tuple[float, float, float], ...] = Field(
        min_length=2, description="Waypoints: second, x and y of the centre (fractions)."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if any(later[0] <= earlier[0] for earlier, later in pairwise(self.path)):
            raise ValueError("the seconds of the waypoints must grow from one to the next")
        return self

    def travelled(self, t_s: float) -> float:
        """Length of its way so far, in its own heights; it does not grow while it stands."""
        length, before = 0.0, self.path[0]
        for after in self.path[1:]:
            share = (min(t_s, after[0]) - before[0]) / (after[0] - before[0])
            if share <= 0.0:
                break
            length += share * math.hypot(after[1] - before[1], after[2] - before[2])
            before = after
        return length / max(self.size[1], 1e-6)

    def box(self, t_s: float) -> Box | None:
        """Where it is, also outside of the frame; None while it is not there."""
        if not self.path[0][0] <= t_s <= self.path[-1][0]:
            return None
        times = [point[0] for point in self.path]
        x = float(np.interp(t_s, times, [point[1] for point in self.path]))
        y = float(np.interp(t_s, times, [point[2] for point in self.path]))
        half_w, half_h = self.size[0] / 2, self.size[1] / 2
        return (x - half_w, y - half_h, x + half_w, y + half_h)


class Scene(PluginConfig):
    """What a simulated camera sees."""

    width: int = Field(default=640, ge=64, le=3840, multiple_of=2)
    height: int = Field(default=360, ge=64, le=2160, multiple_of=2)
    fps: int = Field(default=10, ge=1, le=60)
    duration_s: float = Field(default=30.0, gt=0.0, le=86_400.0)
    seed: int = Field(default=1, ge=0)
    actors: tuple[Actor, ...] = ()
    occluders: tuple[tuple[Fraction01, Fraction01, Fraction01, Fraction01], ...] = Field(
        default=(), description="Things in front: left, top, right, bottom (fractions)."
    )
    noise: float = Field(
        default=2.0, ge=0.0, le=60.0, description="Sensor noise, grey levels (one sigma)."
    )
    light_steps: tuple[tuple[float, float], ...] = Field(
        default=(), description="From second t on, the light is multiplied by a factor."
    )
    rain: int = Field(default=0, ge=0, le=5000, description="Drops in each frame.")
    shadow: bool = Field(default=False, description="Objects cast a shadow on the ground.")

    @property
    def frames(self) -> int:
        return max(1, round(self.duration_s * self.fps))

    def light(self, t_s: float) -> float:
        """Factor of the light at this second."""
        factors = [factor for start_s, factor in self.light_steps if start_s <= t_s]
        return factors[-1] if factors else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One object at one moment."""

    id: int
    label: str
    box: Box
    """Clipped to the frame."""
    visible: float
    """Part of the whole object that is in the frame and not covered, 0..1."""


def truth_at(scene: Scene, frame: int) -> tuple[Truth, ...]:
    """The objects of frame number `frame` (from 0), as long as a part of them is in the frame.

    A looping scene goes on after its last frame with new ids: who comes back is someone else.
    """
    turn, index = divmod(frame, scene.frames)
    found = []
    boxes = [actor.box(index / scene.fps) for actor in scene.actors]
    for number, (actor, box) in enumerate(zip(scene.actors, boxes, strict=True)):
        if box is None or not _inside(box):
            continue
        in_front = [other for other in boxes[number + 1 :] if other is not None]
        left, top, right, bottom = (min(1.0, max(0.0, edge)) for edge in box)
        truth = Truth(
            id=turn * len(scene.actors) + number + 1,
            label=actor.label,
            box=(left, top, right, bottom),
            visible=_visible(box, [*in_front, *scene.occluders]),
        )
        found.append(truth)
    return tuple(found)


def mot_rows(scene: Scene, frames: int | None = None, *, judged_from: float = 0.1) -> list[str]:
    """Truth as rows of a MOTChallenge file: header, then frames from 1 and boxes in pixels.

    Rows of objects of which less than `judged_from` is visible have score 0 ("do not judge").
    """
    rows = [MOT_HEADER]
    for frame in range(scene.frames if frames is None else frames):
        for truth in truth_at(scene, frame):
            left, top, right, bottom = truth.box
            x, y = left * scene.width, top * scene.height
            w, h = (right - left) * scene.width, (bottom - top) * scene.height
            judged = int(truth.visible >= judged_from)
            rows.append(
                f"{frame + 1},{truth.id},{x:.2f},{y:.2f},{w:.2f},{h:.2f},{judged},"
                f"{truth.label},{truth.visible:.3f}"
            )
    return rows


def default_scene() -> Scene:
    """A street: two people and a car, so that `simulator:` alone shows something."""
    return Scene(
        actors=(
            Actor(
                label="car",
                size=(0.22, 0.16),
                colour=(52, 86, 170),
                path=((14.0, -0.15, 0.55), (20.0, 1.15, 0.55)),
            ),
            Actor(
                shape="figure",
                colour=(196, 62, 48),
                path=((1.0, -0.05, 0.68), (8.0, 0.45, 0.70), (12.0, 0.45, 0.70), (19.0, 1.05, 0.7)),
            ),
            Actor(
                shape="figure",
                size=(0.07, 0.26),
                colour=(46, 140, 82),
                path=((10.0, 1.05, 0.80), (24.0, -0.05, 0.78)),
            ),
        ),
        shadow=True,
    )


def _inside(box: Box) -> bool:
    left, top, right, bottom = box
    return right > 0.0 and bottom > 0.0 and left < 1.0 and top < 1.0


def _visible(box: Box, covers: list[Box]) -> float:
    """Part of a box that is inside the frame and under none of the covers."""
    left, top, right, bottom = box
    steps = (np.arange(_GRID) + 0.5) / _GRID
    x = (left + (right - left) * steps)[None, :]
    y = (top + (bottom - top) * steps)[:, None]
    seen = (x >= 0.0) & (x < 1.0) & (y >= 0.0) & (y < 1.0)
    for c_left, c_top, c_right, c_bottom in covers:
        seen &= ~((x >= c_left) & (x < c_right) & (y >= c_top) & (y < c_bottom))
    return float(seen.mean())
