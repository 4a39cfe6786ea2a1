"""Where on the ground an object stands: from the picture to metres.

Four points of the ground, seen in the picture and measured outside, give the plane's homography
(direct linear transform, solved exactly); a known length gives one scale for the whole picture,
which is right only near it.
"""

from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from vedette.contracts.polygon import Point
from vedette.contracts.sample import QUANTUM
from vedette.contracts.sight import F32, I32
from vedette.plugins.registry import PluginConfig

Metres = Annotated[float, Field(ge=-10_000.0, le=10_000.0)]
FLAT = 1e-9
"""Determinants below are those of points on one line."""


class GroundConfig(PluginConfig):
    """How long a metre is, and where: four points, or a length."""

    points: tuple[Point, Point, Point, Point] | None = Field(
        default=None, description="Four points of the ground, as fractions of the picture."
    )
    metres: (
        tuple[
            tuple[Metres, Metres],
            tuple[Metres, Metres],
            tuple[Metres, Metres],
            tuple[Metres, Metres],
        ]
        | None
    ) = Field(default=None, description="The same points as they lie, [x, y] in metres.")
    a: Point | None = Field(default=None, description="One end of something whose length is known.")
    b: Point | None = None
    length_m: float | None = Field(default=None, gt=0.0, le=10_000.0)
    aspect: float = Field(
        default=16 / 9, gt=0.1, lt=10.0, description="Width of the picture over its height."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        plane, ruler = (self.points, self.metres), (self.a, self.b, self.length_m)
        if None not in plane and ruler == (None, None, None):
            _homography(*self._pairs())
        elif None in ruler or plane != (None, None):
            raise ValueError(
                "the ground is known by `points` with `metres` (four of each), or by `a`, `b` and "
                "`length_m`; give one of both, whole"
            )
        elif self.a == self.b:
            raise ValueError("a and b are the same point; what is measured needs two ends")
        return self

    def matrix(self) -> npt.NDArray[np.float64]:
        """(3, 3) from fractions of the picture to metres, homogeneous."""
        if self.a is None or self.b is None or self.length_m is None:
            return _homography(*self._pairs())
        along = np.hypot((self.b[0] - self.a[0]) * self.aspect, self.b[1] - self.a[1])
        scale = self.length_m / along
        return np.diag([scale * self.aspect, scale, 1.0])

    def _pairs(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        return np.array(self.points, dtype=np.float64), np.array(self.metres, dtype=np.float64)


class Ground:
    """Of one camera."""

    def __init__(self, config: GroundConfig) -> None:
        self._matrix = config.matrix()
        seen = np.array(config.points or (config.a, config.b), dtype=np.float64)
        weights = np.column_stack((seen, np.ones(len(seen)))) @ self._matrix[2]
        self._side = np.sign(weights.mean())

    def locate(self, feet: I32) -> F32:
        """(n, 2) in metres of (n, 2) in 1/65535 of the picture; NaN beyond the horizon."""
        fractions = feet.astype(np.float64) / QUANTUM
        mapped = np.column_stack((fractions, np.ones(len(feet)))) @ self._matrix.T
        near = mapped[:, 2] * self._side > FLAT
        weight = np.where(near, mapped[:, 2], np.nan)
        metres: F32 = (mapped[:, :2] / weight[:, None]).astype(np.float32)
        return metres


def _homography(
    seen: npt.NDArray[np.float64], lying: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """(3, 3) that takes each of four points to its own.

    Raises:
        ValueError: three of them lie on a line, or the horizon runs between them.
    """
    for points, what in ((seen, "points"), (lying, "metres")):
        for left_out in range(4):
            (x0, y0), (x1, y1), (x2, y2) = np.delete(points, left_out, axis=0)
            if abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) < FLAT:
                raise ValueError(f"three of the `{what}` lie on one line; take corners of an area")
    rows, values = [], []
    for (x, y), (u, v) in zip(seen, lying, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    try:
        solved = np.linalg.solve(np.array(rows), np.array(values))
    except np.linalg.LinAlgError as error:
        raise ValueError("`points` and `metres` do not fit each other") from error
    matrix = np.append(solved, 1.0).reshape(3, 3)
    weights = np.column_stack((seen, np.ones(4))) @ matrix[2]
    if not (weights > FLAT).all() and not (weights < -FLAT).all():
        raise ValueError(
            "`points` and `metres` do not fit each other: are both in the same order around?"
        )
    return matrix
