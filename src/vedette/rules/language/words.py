"""What may be written in a condition: one mapping, whose keys hold all together.

Times are in seconds, or with a unit (`90`, `1.5 min`). Coordinates are fractions of the picture.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from vedette.contracts.payload import Slug
from vedette.contracts.polygon import Point
from vedette.kit.units import measured, seconds_of

Duration = Annotated[
    float,
    BeforeValidator(seconds_of),
    Field(ge=0.0, le=30 * 86400.0),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}, mode="validation"
    ),
]
"""Seconds."""

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


def _several(names: Any) -> Any:
    return (names,) if isinstance(names, str) else names


Labels = Annotated[
    tuple[str, ...],
    BeforeValidator(_several),
    Field(min_length=1),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
            ]
        },
        mode="validation",
    ),
]
"""Classes; one may be written alone."""

SPEEDS = {"km/h": 1 / 3.6, "mph": 0.44704, "m/s": 1.0}
"""In metres a second; these need the camera's `ground`."""
PICTURES = "/s"
OFFLINE = "offline"
OF_THE_CAMERA = frozenset({"camera", "all_", "any_", "not_", "unless", "for_", "forgive", "within"})
"""Fields of conditions that mean something while no pictures come."""
"""Heights of the picture a second: needs nothing."""


def speed_of(text: str) -> tuple[float, str]:
    """`12 km/h` as its number and its unit.

    Raises:
        ValueError: it is no speed; the sentence says what would be.
    """
    number, unit = measured(text)
    if number is None or unit not in {*SPEEDS, PICTURES}:
        raise ValueError(
            f"{text!r} is no speed; write for example '12 km/h', '3 m/s', '8 mph' (with the "
            "camera's `ground`), or '0.2 /s' (heights of the picture a second)"
        )
    return number, unit


def _speed(text: str) -> str:
    speed_of(text)
    return text


SpeedText = Annotated[str, AfterValidator(_speed)]


class Word(BaseModel):
    """Part of a condition; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Range(Word):
    """Bounds, both included."""

    above: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        return demand_bounds(self, self.above, self.below)


class SpeedRange(Word):
    """Bounds of a speed, in one unit."""

    above: SpeedText | None = None
    below: SpeedText | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        low, high = (None if text is None else speed_of(text) for text in (self.above, self.below))
        if low is not None and high is not None and low[1] != high[1]:
            raise ValueError(f"`above` is in {low[1]} and `below` in {high[1]}; use one unit")
        return demand_bounds(self, low and low[0], high and high[0])

    def bounds(self) -> tuple[Range, str]:
        """In the unit that they are written in, and that unit."""
        low, high = (None if text is None else speed_of(text) for text in (self.above, self.below))
        unit = low[1] if low else high[1] if high else PICTURES
        return Range(above=low[0] if low else None, below=high[0] if high else None), unit


class Crossing(Word):
    """A line is crossed."""

    line: Slug
    direction: Literal["any", "forward", "backward"] = "any"


class Direction(Word):
    """A way through the picture."""

    arrow: tuple[Point, Point] = Field(description="From where to where it points.")
    degrees: float = Field(default=60.0, gt=0.0, lt=180.0, description="May differ by so much.")

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.arrow[0] == self.arrow[1]:
            raise ValueError("an arrow needs two different ends")
        return self


class Still(Word):
    """It does not move."""

    for_: Duration = Field(alias="for")
    within: float = Field(
        default=0.3, gt=0.0, le=5.0, description="Moving less than this part of its own size."
    )
    after_moving: bool = Field(
        default=False,
        description="Only what was seen to move before: a stopped car, no parked one.",
    )


class Removed(Word):
    """It stood, and is moved or gone."""

    stood: Duration
    within: float = Field(default=0.5, gt=0.0, le=5.0, description="See `still`.")


class Distance(Word):
    """How far apart feet are: heights of the object's own box, or metres."""

    value: float = Field(gt=0.0)
    metres: bool = False


def _distance(value: Any) -> Any:
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        return value
    number, unit = (float(value), "") if isinstance(value, int | float) else measured(value)
    if number is None or unit not in ("", "m"):
        raise ValueError(
            f"{value!r} is no distance; write '2 m' (with the camera's `ground`), or 1.5 for so "
            "many heights of the object itself"
        )
    return {"value": number, "metres": unit == "m"}


Apart = Annotated[
    Distance,
    BeforeValidator(_distance),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]}, mode="validation"),
]
_NEAR = Distance(value=1.0)


class Neighbour(Word):
    """Somebody is close by."""

    labels: Labels = ("person",)
    distance: Apart = _NEAR


class LeftBehind(Word):
    """It stands, and nobody is near it, for so long."""

    for_: Duration = Field(alias="for")
    by: Labels = Field(default=("person",), description="Whose being near means that it is not.")
    distance: Apart = Field(default=Distance(value=2.0))


class Companion(Word):
    """Another object on it."""

    labels: Labels
    part: Literal["whole", "head", "body", "feet"] = "whole"
    overlap: Fraction = Field(
        default=0.5, description="The part of the other's box that lies there."
    )


class Crowd(Word):
    """Many close together."""

    at_least: int = Field(ge=2, le=1000)
    labels: Labels = ("person",)
    distance: Apart = _NEAR


class Count(Word):
    """How many there are."""

    of: "Condition | None" = Field(default=None, description="Everybody whom the rule is about.")
    at_least: int | None = Field(default=None, ge=1, le=10_000)
    at_most: int | None = Field(default=None, ge=0, le=10_000)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        return demand_bounds(self, self.at_least, self.at_most, "`at_least` or `at_most`")


class Tally(Word):
    """How often something began."""

    of: "Condition"
    at_least: int = Field(ge=1, le=1000)
    within: Duration


class Steps(Word):
    """One after the other."""

    steps: "tuple[Condition, ...]" = Field(min_length=2, max_length=12)
    within: Duration | None = None
    by: Literal["track", "anyone"] = Field(
        default="track", description="`anyone`: each step may be somebody else's."
    )


def _with_short_forms(schema: dict[str, Any]) -> None:
    """What may be written as a plain value is no mistake to editors either."""
    for key, (_, kinds) in _SHORT.items():
        plain: list[dict[str, Any]] = [{"type": "string"}] if str in kinds else []
        plain += [{"type": "number", "minimum": 0}] if float in kinds else []
        if list in kinds:
            items = {"type": "object" if key == "sequence" else "string"}
            plain.append({"type": "array", "items": items, "minItems": 1})
        schema["properties"][key]["anyOf"] += plain


class Condition(Word):
    """What must hold, all of it together."""

    model_config = ConfigDict(json_schema_extra=_with_short_forms)

    labels: Labels | None = None
    score: Range | None = Field(default=None, description="Median over the track.")
    height: Range | None = Field(default=None, description="Fraction of the picture's.")
    area: Range | None = Field(default=None, description="Fraction of the picture's.")
    shape: Range | None = Field(default=None, description="Width over height, in the picture.")
    inside: Slug | None = None
    outside: Slug | None = None
    enters: Slug | None = None
    leaves: Slug | None = None
    crosses: Crossing | None = None
    speed: SpeedRange | None = None
    along: Direction | None = None
    against: Direction | None = None
    still: Still | None = None
    removed: Removed | None = None
    left_behind: LeftBehind | None = None
    vanishes: Literal[True] | None = None
    near: Neighbour | None = None
    with_: Companion | None = Field(default=None, alias="with")
    without: Companion | None = None
    crowd: Crowd | None = None
    pose: Literal["fallen", "hands_up"] | None = None
    someone: "Condition | None" = None
    nobody: "Condition | None" = None
    count: Count | None = None
    tally: Tally | None = None
    camera: Literal["tampered", "covered", "defocused", "shifted", "offline"] | None = None
    all_: "tuple[Condition, ...] | None" = Field(default=None, alias="all", min_length=1)
    any_: "tuple[Condition, ...] | None" = Field(default=None, alias="any", min_length=1)
    not_: "Condition | None" = Field(default=None, alias="not")
    sequence: Steps | None = None
    unless: "Condition | None" = None
    for_: Duration | None = Field(default=None, alias="for", description="Without a break.")
    forgive: Duration = Field(default=0.0, description="Breaks that are none, for `for`.")
    within: Duration | None = Field(
        default=None, description="It held at some time since so long ago."
    )

    def inner(self) -> "Iterator[Condition]":
        """This one and all within it, from the outside in, in the order of the language."""
        yield self
        for name in type(self).model_fields:
            value = getattr(self, name)
            several = value if isinstance(value, tuple) else (value,)
            if isinstance(value, Steps):
                several = value.steps
            for each in several:
                condition = each.of if isinstance(each, Count | Tally) else each
                if isinstance(condition, Condition):
                    yield from condition.inner()

    def first_of(self, *names: str) -> str | None:
        """The first place that is named under one of these keys, here or further in."""
        for condition in self.inner():
            for name in names:
                value = getattr(condition, name)
                if value is not None:
                    return value.line if isinstance(value, Crossing) else str(value)
        return None

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, data: Any) -> Any:
        """`crosses: gate`, `still: 30s`, `near: person`."""
        if not isinstance(data, dict):
            return data
        longer = dict(data)
        for key, (field, kinds) in _SHORT.items():
            if isinstance(longer.get(key), kinds) and not isinstance(longer[key], bool):
                longer[key] = {field: longer[key]}
        return longer

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        said = self.model_fields_set - {"for_", "forgive", "within"}
        if not any(getattr(self, name) is not None for name in said):
            raise ValueError(
                "a condition says what must hold, for example `inside: ZONE`; this one says nothing"
            )
        if self.for_ is not None and self.within is not None:
            raise ValueError(
                "`for` and `within` of one condition: put one of them around, in `all`"
            )
        if self.for_ and (moment := sorted(said & _MOMENTS)):
            raise ValueError(
                f"`{moment[0]}` is a moment, which does not last; with `for` it would never hold. "
                "Use `within`, or a sequence"
            )
        return self


_TIME = (int, float, str)
_NAMES = (str, list, tuple)
_SHORT: dict[str, tuple[str, tuple[type, ...]]] = {
    "crosses": ("line", (str,)),
    "still": ("for", _TIME),
    "removed": ("stood", _TIME),
    "left_behind": ("for", _TIME),
    "near": ("labels", _NAMES),
    "with": ("labels", _NAMES),
    "without": ("labels", _NAMES),
    "sequence": ("steps", (list, tuple)),
}
"""Keys that may be written as a plain value: which field of theirs that is."""

_MOMENTS = frozenset({"enters", "leaves", "crosses", "removed", "vanishes", "sequence"})


for _model in (Count, Tally, Steps, Condition):
    _model.model_rebuild()


Model = TypeVar("Model")


def demand_bounds(model: Model, low: float | None, high: float | None, names: str = "") -> Model:
    """The model itself.

    Raises:
        ValueError: there is no bound, or they leave nothing between them.
    """
    if low is None and high is None:
        raise ValueError(f"one bound is needed: {names or '`above` or `below`'}")
    if low is not None and high is not None and low > high:
        raise ValueError(f"nothing lies between {low:g} and {high:g}")
    return model
