"""A cursor survives its trip through a URL, and a made-up one is refused."""

import base64
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.contracts.errors import InvalidInput
from vedette.kit.clock import from_us
from vedette.store.paging import Place, demand_limit

MOMENTS = st.integers(-(10**16), 10**16).map(from_us)


@given(MOMENTS, st.uuids())
def test_a_cursor_leads_back_to_its_place(at: datetime, identity: UUID) -> None:
    place = Place(at=at, id=identity)
    assert Place.of(place.cursor()) == place


def test_a_cursor_is_safe_in_a_url_and_does_not_depend_on_the_zone() -> None:
    moment, identity = datetime(2026, 3, 14, 12, 0, 0, 123456, tzinfo=UTC), uuid4()
    cursor = Place(at=moment, id=identity).cursor()
    assert cursor.replace("-", "").replace("_", "").isalnum()
    there = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert Place(at=there, id=identity).cursor() == cursor


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "next",
        "AAAA",
        "ä" * 32,
        "=" * 32,
        "A" * 10_000,
        "' OR 1=1 --",
        base64.urlsafe_b64encode(b"\x7f" * 24).decode(),
        base64.urlsafe_b64encode(bytes(23)).decode(),
    ],
)
def test_a_made_up_cursor_is_refused_with_a_sentence(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="is not a cursor"):
        Place.of(cursor)


@pytest.mark.parametrize("limit", [1, 50, 500])
def test_a_limit_within_bounds_is_taken(limit: int) -> None:
    assert demand_limit(limit) == limit
