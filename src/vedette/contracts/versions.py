"""Versions of contracts: within a topic by tolerant reading, between topics by translation.

An additive change keeps topic and payload: readers ignore, and keep, what they do not know. Where
the meaning of a field changes, `schema_version` goes up and the payload says how to upgrade. What
breaks readers gets a topic of its own (`process.detected.v2`) and a translation both ways.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from vedette.contracts.detection_v2 import to_v1, to_v2
from vedette.contracts.payload import Payload

P = TypeVar("P", bound=Payload)

Translate = Callable[[Any], Payload]


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """A topic and the one that is to be used instead."""

    old: str
    new: str
    to_new: Translate
    to_old: Translate


SUCCESSIONS: Sequence[Succession] = (
    Succession(old="process.detected", new="process.detected.v2", to_new=to_v2, to_old=to_v1),
)


class Age(StrEnum):
    """A version beside the one that is known here."""

    OLDER = "older"
    SAME = "same"
    NEWER = "newer"


def age(found: int, known: int) -> Age:
    """How a schema version that was found relates to the known one."""
    if found == known:
        return Age.SAME
    return Age.OLDER if found < known else Age.NEWER


def known_version(model: type[Payload]) -> int:
    """The schema version that a payload is written with here."""
    return int(model.model_fields["schema_version"].default)


def read(model: type[P], data: Mapping[str, Any]) -> P:
    """A payload from what was written, by an older version too, which is upgraded step by step.

    What a newer version wrote is read as far as it is known; the rest is kept.

    Raises:
        pydantic.ValidationError: it makes no sense, or there is no upgrade from so old a version.
    """
    plain, known = dict(data), known_version(model)
    found = plain.get("schema_version", known)
    while isinstance(found, int) and found < known and (step := model.upgrades.get(found)):
        plain = {**step(plain), "schema_version": found + 1}
        found += 1
    return model.model_validate(plain)
