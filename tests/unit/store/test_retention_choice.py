"""What retention deletes: the oldest first, never what an open event still needs."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.services.retention import Retention, choose
from vedette.store.artifacts import Kept

NOW = datetime(2026, 3, 14, tzinfo=UTC)
MAX_BYTES, MAX_AGE = 100, timedelta(days=30)
KEEP = Retention(max_bytes=MAX_BYTES, max_age=MAX_AGE)


def kept(number: int, days: float, size: int, *, event_open: bool = False) -> Kept:
    return Kept(
        id=UUID(int=number),
        stored_at=NOW - timedelta(days=days),
        size_bytes=size,
        event_open=event_open,
    )


@pytest.mark.parametrize(
    ("items", "aged", "over"),
    [
        pytest.param([], [], [], id="nothing there"),
        pytest.param([kept(1, 5, 50), kept(2, 1, 50)], [], [], id="it fits exactly"),
        pytest.param([kept(1, 5, 50), kept(2, 1, 51)], [], [1], id="one byte too much"),
        pytest.param([kept(1, 30, 10)], [], [], id="exactly thirty days old"),
        pytest.param([kept(1, 30.001, 10), kept(2, 1, 10)], [1], [], id="too old"),
        pytest.param(
            [kept(1, 40, 90), kept(2, 3, 60), kept(3, 2, 60), kept(4, 1, 40)],
            [1],
            [2],
            id="age frees first, then the oldest",
        ),
        pytest.param([kept(1, 1, 500)], [], [1], id="one that never fits"),
        pytest.param(
            [kept(1, 40, 90, event_open=True), kept(2, 2, 60), kept(3, 1, 10)],
            [],
            [2],
            id="an open event keeps its files, and they count",
        ),
        pytest.param([kept(1, 40, 500, event_open=True)], [], [], id="only an open event"),
    ],
)
def test_choice(items: list[Kept], aged: list[int], over: list[int]) -> None:
    total = sum(item.size_bytes for item in items)
    choice = choose(items, total_bytes=total, keep=KEEP, now=NOW)
    assert [identity.int for identity in choice.aged if isinstance(identity, UUID)] == aged
    assert [identity.int for identity in choice.over_budget if isinstance(identity, UUID)] == over
    sizes = {item.id.int: item.size_bytes for item in items if isinstance(item.id, UUID)}
    assert choice.freed_bytes == sum(sizes[number] for number in aged + over)


def test_what_other_pages_hold_counts_towards_the_total() -> None:
    choice = choose([kept(1, 1, 10)], total_bytes=110, keep=KEEP, now=NOW)
    assert [identity.int for identity in choice.over_budget if isinstance(identity, UUID)] == [1]


ITEMS = st.lists(
    st.tuples(st.floats(0.0, 60.0), st.integers(0, 60), st.booleans()), max_size=12
).map(
    lambda rows: [
        kept(number, days, size, event_open=is_open)
        for number, (days, size, is_open) in enumerate(sorted(rows, reverse=True))
    ]
)


@given(ITEMS)
def test_afterwards_it_fits_and_not_one_more_is_gone_than_needed(items: list[Kept]) -> None:
    total = sum(item.size_bytes for item in items)
    choice = choose(items, total_bytes=total, keep=KEEP, now=NOW)
    gone = {*choice.aged, *choice.over_budget}
    stays = [item for item in items if item.id not in gone]
    assert all(item.event_open or NOW - item.stored_at <= MAX_AGE for item in stays)
    free = [item for item in stays if not item.event_open]
    left = total - choice.freed_bytes
    assert left <= MAX_BYTES or not free
    if choice.over_budget:
        last = next(item for item in items if item.id == choice.over_budget[-1])
        assert left + last.size_bytes > MAX_BYTES
        assert all(item.stored_at >= last.stored_at for item in free)
