"""Messages that people read in the product; whoever listens hears of new ones at once."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable

from vedette.contracts.inbox import InboxMessage, InboxPage
from vedette.contracts.notice import Notice
from vedette.kit.clock import Clock
from vedette.store.scope import SiteScope
from vedette.store.store import Store

PAGE = 100
LOOK_S = 1.0
"""Between two looks of a listener: another process may have put something in, or we stop."""
ALIVE_S = 15.0
"""Between two signs of life to a listener."""


class StoreInbox:
    """Implements `notify.embedded.Inbox` and `api.context.Inbox`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._news = asyncio.Event()

    async def put(self, notice: Notice) -> None:
        """Keep a message, once.

        Raises:
            StorageFailed: it is not kept.
        """
        async with self._store.write() as unit:
            await unit.inbox(SiteScope([notice.site_id])).put(notice, now=unit.now)
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def find(
        self, scope: SiteScope, *, unread: bool = False, before: int | None = None, limit: int = 50
    ) -> InboxPage:
        async with self._store.read() as unit:
            return await unit.inbox(scope).find(unread=unread, before=before, limit=limit)

    async def read(self, scope: SiteScope, number: int) -> InboxMessage:
        """Somebody has read it. Raises NotFound."""
        async with self._store.write() as unit:
            return await unit.inbox(scope).read(number, now=unit.now)

    async def read_until(self, scope: SiteScope, last: int) -> int:
        """Somebody has read all up to this one; how many were new."""
        async with self._store.write() as unit:
            return await unit.inbox(scope).read_until(last, now=unit.now)

    async def listen(
        self, scope: SiteScope, after: int | None, stopping: Callable[[], bool]
    ) -> AsyncGenerator[InboxMessage | None]:
        """Those that come, one after the other; None now and then, where nothing does.

        Whoever is slow holds up nobody: what is not asked for stays in the store.

        Args:
            after: the last one that is known; only new ones if absent.
        """
        known, said_s = after, self._clock.monotonic()
        while not stopping():
            news, now_s = self._news, self._clock.monotonic()
            async with self._store.read() as unit:
                inbox = unit.inbox(scope)
                if known is None:
                    known = await inbox.last()
                found = await inbox.after(known, limit=PAGE)
            for each in found:
                known, said_s = each.number, now_s
                yield each
            if now_s - said_s > ALIVE_S:
                said_s = now_s
                yield None
            if not found:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await news.wait()
