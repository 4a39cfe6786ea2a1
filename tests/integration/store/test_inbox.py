"""Messages that people read in the product: once each, in order, within the sites one may see."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from vedette.contracts.errors import InvalidInput, NotFound
from vedette.contracts.inbox import InboxMessage
from vedette.contracts.notice import Link, Notice
from vedette.services import in_app
from vedette.services.in_app import ALIVE_S, StoreInbox
from vedette.store.scope import SiteScope
from vedette.store.store import Store
from vedette.testing.channel_contract import a_notice
from vedette.testing.fakes import FakeClock
from vedette.testing.store_samples import HOME, with_places


def notice(number: int, **changes: object) -> Notice:
    return a_notice(alert_id=UUID(int=number), site_id="home", title=f"message {number}", **changes)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await with_places(await Store.open(tmp_path / "v.db", FakeClock()))
    yield store
    await store.close()


async def test_a_message_is_kept_once_and_is_unread_until_it_is_read(store: Store) -> None:
    inbox = StoreInbox(store, FakeClock())
    links = (Link(text="Map", url="https://maps.example/1"),)
    for each in (notice(1), notice(2, items=("one", "two"), links=links), notice(1)):
        await inbox.put(each)

    page = await inbox.find(HOME)
    newest, oldest = page.items
    once, twice = await inbox.read(HOME, oldest.number), await inbox.read(HOME, oldest.number)
    unread = await inbox.find(HOME, unread=True)

    assert (page.unread, page.next) == (2, None)
    assert (newest.title, newest.items, newest.links) == ("message 2", ("one", "two"), links)
    assert newest.read_at is None
    assert once.read_at is not None
    assert once == twice
    assert [each.title for each in unread.items] == ["message 2"]
    assert unread.unread == 1
    assert await inbox.read_until(HOME, newest.number) == 1
    assert (await inbox.find(HOME)).unread == 0


async def test_pages_follow_each_other_without_gaps(store: Store) -> None:
    inbox = StoreInbox(store, FakeClock())
    for number in range(1, 8):
        await inbox.put(notice(number))

    titles: list[str] = []
    before: int | None = None
    while True:
        page = await inbox.find(HOME, before=before, limit=3)
        titles += [each.title for each in page.items]
        if (before := page.next) is None:
            break

    assert titles == [f"message {number}" for number in range(7, 0, -1)]


async def test_other_sites_see_and_change_nothing(store: Store) -> None:
    inbox = StoreInbox(store, FakeClock())
    await inbox.put(notice(1))
    elsewhere = SiteScope(["elsewhere"])

    assert (await inbox.find(elsewhere)).items == ()
    assert await inbox.read_until(elsewhere, 100) == 0
    with pytest.raises(NotFound, match="no message 1"):
        await inbox.read(elsewhere, 1)
    with pytest.raises(InvalidInput):
        async with store.write() as unit:
            await unit.inbox(elsewhere).put(notice(2), now=unit.now)


async def test_old_messages_go(store: Store) -> None:
    inbox = StoreInbox(store, FakeClock())
    for number in range(1, 4):
        await inbox.put(notice(number))
    async with store.write() as unit:
        repository = unit.inbox(HOME)
        early = await repository.forget(arrived_before=unit.now, limit=10)
        first = await repository.forget(arrived_before=unit.now + timedelta(days=1), limit=2)
        rest = await repository.forget(arrived_before=unit.now + timedelta(days=1), limit=2)

    assert (early, first, rest) == (0, 2, 1)


async def started(news: AsyncGenerator[InboxMessage | None]) -> asyncio.Task[InboxMessage | None]:
    """A listener that waits already."""
    task = asyncio.ensure_future(anext(news))
    await asyncio.sleep(0.05)
    return task


async def test_who_listens_hears_what_comes_and_goes_on_where_it_stopped(store: Store) -> None:
    clock, over = FakeClock(), False
    inbox = StoreInbox(store, clock)
    await inbox.put(notice(1))
    news = inbox.listen(HOME, None, lambda: over)
    past = inbox.listen(HOME, 0, lambda: over)

    assert (await anext(past)).title == "message 1"  # type: ignore[union-attr]
    waiting = await started(news)
    await inbox.put(notice(2))
    heard = await waiting
    assert isinstance(heard, InboxMessage)
    assert heard.title == "message 2", "only what is new, where nothing is known"
    assert (await anext(past)).title == "message 2"  # type: ignore[union-attr]
    quiet = await started(news)
    clock.advance(ALIVE_S + 1)
    assert await quiet is None, "a sign of life where nothing comes"
    over = True
    assert [each async for each in news] == []
    await past.aclose()


async def test_news_is_heard_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_app, "LOOK_S", 3600.0)
    inbox = StoreInbox(store, FakeClock())
    news = inbox.listen(HOME, None, lambda: False)
    waiting = await started(news)
    await inbox.put(notice(1))

    async with asyncio.timeout(20):
        heard = await waiting

    assert heard is not None
    assert heard.title == "message 1"
    await news.aclose()
