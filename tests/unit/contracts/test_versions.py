"""Payloads of other versions: older ones are upgraded, newer ones are read as far as known."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from vedette.contracts.payload import Payload, Upgrade
from vedette.contracts.topics import TOPICS
from vedette.contracts.versions import Age, age, known_version, read


def _named_sides(old: dict[str, Any]) -> dict[str, Any]:
    left, right = old.pop("span")
    return {**old, "left": left, "right": right}


def _in_metres(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "left": old["left"] / 100, "right": old["right"] / 100}


class Span(Payload):
    """Version 1 had a pair, version 2 named it, version 3 measures in metres."""

    upgrades: ClassVar[Mapping[int, Upgrade]] = {1: _named_sides, 2: _in_metres}

    schema_version: int = 3
    left: float
    right: float


@pytest.mark.parametrize(
    ("found", "known", "expected"), [(1, 3, Age.OLDER), (3, 3, Age.SAME), (4, 3, Age.NEWER)]
)
def test_versions_compare(found: int, known: int, expected: Age) -> None:
    assert age(found, known) is expected


@pytest.mark.parametrize(
    "data",
    [
        {"schema_version": 1, "span": [100, 250]},
        {"schema_version": 2, "left": 100, "right": 250},
        {"schema_version": 3, "left": 1, "right": 2.5},
        {"left": 1, "right": 2.5},
    ],
)
def test_whatever_version_it_was_written_in_it_is_read_as_the_known_one(
    data: dict[str, Any],
) -> None:
    before = dict(data)

    assert read(Span, data) == Span(left=1.0, right=2.5)
    assert data == before


def test_what_a_newer_version_says_is_kept() -> None:
    newer = {"schema_version": 4, "left": 1, "right": 2, "colour": "red"}
    span = read(Span, newer)

    assert (span.schema_version, span.left, span.model_extra) == (4, 1.0, {"colour": "red"})
    assert read(Span, span.model_dump()) == span


@pytest.mark.parametrize("data", [{"schema_version": 0, "x": 1}, {"schema_version": "new"}, {}])
def test_what_makes_no_sense_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read(Span, data)


def test_every_payload_of_the_catalogue_says_its_version() -> None:
    assert all(known_version(topic.payload) >= 1 for topic in TOPICS)
    assert known_version(Span) == 3
