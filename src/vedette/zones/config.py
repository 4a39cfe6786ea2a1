"""Zones and lines of one camera, as written in the settings."""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from vedette.contracts.payload import Slug
from vedette.contracts.polygon import Point, Polygon
from vedette.plugins.registry import PluginConfig
from vedette.zones.ground import GroundConfig

MOST_ZONES = 64
"""One bit each in `Samples.zones`."""
MOST_LINES = 64

Anchor = Literal["foot", "centre"]
"""Which point of a box stands for the object: the middle of its lower edge, or its middle."""


class ZoneConfig(PluginConfig):
    """An area of the picture."""

    id: Slug
    polygon: Polygon = Field(
        description="Corners in order, each [x, y] as fractions of the picture from the top left."
    )
    kind: Literal["area", "include", "exclude"] = Field(
        default="area",
        description="`area`: rules may name it. `exclude`: what stands in it is ignored. "
        "`include`: as soon as a camera has one, what stands in none of them is ignored.",
    )
    labels: tuple[str, ...] = Field(
        default=(), description="Classes that the zone concerns; every class where empty."
    )
    inertia_s: float = Field(
        default=0.2,
        ge=0.0,
        le=60.0,
        description="An object must be inside (or outside) this long before it counts.",
    )
    anchor: Anchor = "foot"


class LineConfig(PluginConfig):
    """A directed line: who crosses from its left to its right, seen from a to b, goes forward."""

    id: Slug
    a: Point
    b: Point
    labels: tuple[str, ...] = Field(
        default=(), description="Classes that the line concerns; every class where empty."
    )
    margin: float = Field(
        default=0.01,
        ge=0.0,
        le=0.5,
        description="A crossing counts once the object is this far (a fraction of the picture) "
        "beyond the line, so that standing on it is not counted.",
    )
    anchor: Anchor = "foot"

    @field_validator("b")
    @classmethod
    def _has_length(cls, b: Point, info: object) -> Point:
        a = getattr(info, "data", {}).get("a")
        if a == b:
            raise ValueError("a and b are the same point; a line needs two different ends")
        return b


class ZoneMap(PluginConfig):
    """All zones and lines of one camera, and how long a metre is."""

    zones: tuple[ZoneConfig, ...] = Field(default=(), max_length=MOST_ZONES)
    lines: tuple[LineConfig, ...] = Field(default=(), max_length=MOST_LINES)
    ground: GroundConfig | None = None

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        _refuse_twice("zones", [zone.id for zone in self.zones])
        _refuse_twice("lines", [line.id for line in self.lines])
        return self

    @property
    def zone_ids(self) -> tuple[str, ...]:
        """In the order of the bits of `Samples.zones`."""
        return tuple(zone.id for zone in self.zones)

    @property
    def line_ids(self) -> tuple[str, ...]:
        """In the order of the columns of `Samples.crossings`."""
        return tuple(line.id for line in self.lines)


def _refuse_twice(what: str, ids: Sequence[str]) -> None:
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise ValueError(f"two {what} have the id {twice[0]!r}; ids must differ")
