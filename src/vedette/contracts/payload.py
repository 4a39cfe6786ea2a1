"""The base of everything that leaves the process: frozen, versioned, tolerant when read."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from vedette.kit.ids import SLUG_PATTERN

Slug = Annotated[str, Field(pattern=SLUG_PATTERN)]
"""Id of a site, camera, zone or rule."""

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
"""Part of the frame's width or height."""

FractionBox = tuple[Fraction, Fraction, Fraction, Fraction]
"""left, top, right, bottom, as fractions of the frame."""


Upgrade = Callable[[dict[str, Any]], dict[str, Any]]


class Payload(BaseModel):
    """A fact: frozen; unknown fields of a newer sender survive a round trip."""

    model_config = ConfigDict(frozen=True, extra="allow")

    upgrades: ClassVar[Mapping[int, Upgrade]] = {}
    """By schema version: how plain data of that version becomes data of the next one."""

    schema_version: int = 1
