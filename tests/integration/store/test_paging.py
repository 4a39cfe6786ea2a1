"""Pages stay where they are while events come in: nothing twice, nothing left out."""

import asyncio
import random
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.contracts.event import Event
from vedette.store.events import EventFilter
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock
from vedette.testing.store_samples import HOME, add_events, make_event, with_places


async def walk(store: Store, limit: int, newcomers: list[list[Event]]) -> list[Event]:
    """Read all pages; before each, some events come in."""
    found: list[Event] = []
    after: str | None = None
    for more in [*newcomers, *[[]] * 1000]:
        await add_events(store, more)
        async with store.read() as unit:
            page = await unit.events(HOME).find(EventFilter(), limit=limit, after=after)
        found += page.events
        after = page.next
        if after is None:
            return found
    raise AssertionError("the pages never end")


async def check(seconds: list[int], later: list[list[int]], limit: int) -> None:
    number = iter(range(10_000))

    def some(times: list[int]) -> list[Event]:
        # Many events share a second; only their id tells them apart.
        return [make_event(t, dedupe_key=f"track-{next(number)}") for t in times]

    with tempfile.TemporaryDirectory() as folder:
        store = await with_places(await Store.open(Path(folder) / "vedette.db", FakeClock()))
        first = some(seconds)
        await add_events(store, first)
        newcomers = [[], *(some(times) for times in later)]
        found = await walk(store, limit, newcomers)
        await store.close()
    identities = [event.id for event in found]
    assert len(set(identities)) == len(identities), "an event came twice"
    assert {event.id for event in first} <= set(identities), "an event was left out"
    order = [(event.started_at, event.id.hex) for event in found]
    assert order == sorted(order, reverse=True)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=25),
    st.lists(st.lists(st.integers(0, 8), max_size=4), max_size=6),
    st.integers(1, 7),
)
def test_pages_hold_every_event_once_while_others_come_in(
    seconds: list[int], later: list[list[int]], limit: int
) -> None:
    asyncio.run(check(seconds, later, limit))


async def test_pages_of_a_thousand_events_in_random_order() -> None:
    chance = random.Random(7)  # noqa: S311
    seconds = [chance.randrange(50) for _ in range(1000)]
    later = [[chance.randrange(80) for _ in range(5)] for _ in range(10)]
    await check(seconds, later, 37)
