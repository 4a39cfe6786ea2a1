"""What retention deletes: what expired, then the oldest; never what is open or to be kept."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.contracts.lifecycle import RetentionClass
from vedette.services.retention import Retention, choose
from vedette.store.artifacts import Kept

NOW = datetime(2026, 3, 14, tzinfo=UTC)
MAX_BYTES, MAX_AGE = 100, timedelta(days=30)
KEEP = Retention(max_bytes=MAX_BYTES, max_age=MAX_AGE)


KEEP_CLASS, STANDARD = RetentionClass.KEEP, RetentionClass.STANDARD


def kept(
    number: int,
    days: float,
    size: int,
    *,
    event_open: bool = False,
    expires_in: float | None = None,
    retention_class: RetentionClass = STANDARD,
) -> Kept:
    """`expires_in` counts in days from now."""
    return Kept(
        id=UUID(int=number),
        stored_at=NOW - timedelta(days=days),
        size_bytes=size,
        event_open=event_open,
        expires_at=None if expires_in is None else NOW + timedelta(days=expires_in),
        retention_class=retention_class,
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


@pytest.mark.parametrize(
    ("items", "expired", "aged", "over"),
    [
        pytest.param(
            [kept(1, 9, 90), kept(2, 1, 90, expires_in=-0.001)],
            [2],
            [],
            [],
            id="what expired makes room for what is older",
        ),
        pytest.param([kept(1, 1, 10, expires_in=0.0)], [1], [], [], id="it ends now"),
        pytest.param([kept(1, 1, 10, expires_in=0.001)], [], [], [], id="not yet"),
        pytest.param(
            [kept(1, 1, 90, expires_in=-1), kept(2, 2, 60)], [1], [], [], id="expired makes room"
        ),
        pytest.param(
            [kept(1, 60, 10, expires_in=5), kept(2, 40, 10), kept(3, 1, 10)],
            [],
            [2],
            [],
            id="an end of its own takes the place of the age of all",
        ),
        pytest.param(
            [kept(1, 60, 70, expires_in=5), kept(2, 1, 40)], [], [], [1], id="the size holds for it"
        ),
        pytest.param(
            [kept(1, 400, 70, retention_class=KEEP_CLASS), kept(2, 2, 60), kept(3, 1, 10)],
            [],
            [],
            [2],
            id="what is to be kept stays and counts",
        ),
        pytest.param(
            [kept(1, 400, 500, retention_class=KEEP_CLASS, expires_in=-1)],
            [],
            [],
            [],
            id="what is to be kept has no end",
        ),
        pytest.param(
            [kept(1, 400, 50, event_open=True, expires_in=-1)], [], [], [], id="still open"
        ),
    ],
)
def test_choice_by_lifecycle(
    items: list[Kept], expired: list[int], aged: list[int], over: list[int]
) -> None:
    total = sum(item.size_bytes for item in items)
    choice = choose(items, total_bytes=total, keep=KEEP, now=NOW)
    found = [
        [identity.int for identity in gone if isinstance(identity, UUID)]
        for gone in (choice.expired, choice.aged, choice.over_budget)
    ]
    assert found == [expired, aged, over]


def test_without_limits_only_what_has_expired_goes() -> None:
    items = [kept(1, 900, 10**9, expires_in=-1), kept(2, 900, 10**9)]
    limits = Retention(max_bytes=None, max_age=None)
    choice = choose(items, total_bytes=2 * 10**9, keep=limits, now=NOW)
    assert [identity.int for identity in choice.expired if isinstance(identity, UUID)] == [1]
    assert (choice.aged, choice.over_budget, choice.stopped) == ((), (), True)


def test_what_other_pages_hold_counts_towards_the_total() -> None:
    choice = choose([kept(1, 1, 10)], total_bytes=110, keep=KEEP, now=NOW)
    assert [identity.int for identity in choice.over_budget if isinstance(identity, UUID)] == [1]


ITEMS = st.lists(
    st.tuples(
        st.floats(0.0, 60.0),
        st.integers(0, 60),
        st.booleans(),
        st.sampled_from(RetentionClass),
        st.none() | st.floats(0.1, 60.0),
    ),
    max_size=12,
).map(
    lambda rows: [
        kept(number, days, size, event_open=is_open, retention_class=keeping, expires_in=expires_in)
        for number, (days, size, is_open, keeping, expires_in) in enumerate(
            sorted(rows, key=lambda row: row[0], reverse=True)
        )
    ]
)


def stays_anyhow(item: Kept) -> bool:
    return item.event_open or item.retention_class is KEEP_CLASS


@given(ITEMS)
def test_afterwards_it_fits_and_not_one_more_is_gone_than_needed(items: list[Kept]) -> None:
    total = sum(item.size_bytes for item in items)
    choice = choose(items, total_bytes=total, keep=KEEP, now=NOW)
    gone = {*choice.aged, *choice.over_budget}
    stays = [item for item in items if item.id not in gone]
    free = [item for item in stays if not stays_anyhow(item)]
    assert all(item.expires_at or NOW - item.stored_at <= MAX_AGE for item in free)
    assert not any(stays_anyhow(item) for item in items if item.id in gone)
    left = total - choice.freed_bytes
    assert left <= MAX_BYTES or not free
    if choice.over_budget:
        last = next(item for item in items if item.id == choice.over_budget[-1])
        assert left + last.size_bytes > MAX_BYTES
        assert all(item.stored_at >= last.stored_at for item in free)
