"""Hands things from many threads to one task, in order, through a bound that makes them wait."""

import asyncio
import threading
from collections import deque
from contextlib import suppress
from itertools import islice
from typing import Generic, TypeVar

from vedette.contracts.errors import StorageFailed

T = TypeVar("T")


class Inbox(Generic[T]):
    """Bounded by number and by weight; one item is always let in, however heavy it is."""

    def __init__(self, *, most: int, most_weight: int) -> None:
        """Take the bounds.

        Args:
            most: items that may wait, the one in hand included.
            most_weight: sum of their weights (bytes).
        """
        self._most = most
        self._most_weight = most_weight
        self._waiting: deque[tuple[T, int]] = deque()
        self._weight = 0
        self._room = threading.Condition()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._awake = asyncio.Event()
        self._dropped = asyncio.Event()
        self.accepted = 0
        """Items let in since the start."""
        self.dealt_with = 0

    def put(self, item: T, weight: int = 0) -> None:
        """Add one; waits while it is full. From any thread except that of the loop.

        Raises:
            StorageFailed: it is closed, also while waiting.
        """
        with self._room:
            self._room.wait_for(lambda: self._closed or self._fits(weight))
            self._let_in(item, weight)

    async def put_soon(self, item: T, weight: int = 0) -> None:
        """The same from the loop, for those who wait for each thing before they bring the next."""
        while True:
            self._dropped.clear()
            with self._room:
                if self._closed or self._fits(weight):
                    return self._let_in(item, weight)
            await self._dropped.wait()

    async def first(self) -> T | None:
        """The oldest item, which stays until `drop`; None when closed and empty."""
        self._loop = asyncio.get_running_loop()
        while True:
            self._awake.clear()
            with self._room:
                if self._waiting:
                    return self._waiting[0][0]
                if self._closed:
                    return None
            await self._awake.wait()

    async def some(self, most: int) -> list[T]:
        """The oldest items, which stay until `drop`; none when closed and empty."""
        if await self.first() is None:
            return []
        with self._room:
            return [item for item, _ in islice(self._waiting, most)]

    def drop(self, count: int = 1) -> None:
        """The oldest items are dealt with."""
        with self._room:
            for _ in range(count):
                self._weight -= self._waiting.popleft()[1]
            self.dealt_with += count
            self._room.notify_all()
        self._dropped.set()

    async def emptied(self) -> None:
        """Return when everything let in so far is dealt with."""
        target = self.accepted
        while self.dealt_with < target:
            self._dropped.clear()
            await self._dropped.wait()

    def close(self) -> None:
        """Let nothing more in; who waits at the door gets an error. What is inside stays."""
        with self._room:
            self._closed = True
            self._room.notify_all()
            self._wake()
        self._dropped.set()

    def __len__(self) -> int:
        with self._room:
            return len(self._waiting)

    def _let_in(self, item: T, weight: int) -> None:
        if self._closed:
            raise StorageFailed("the product is stopping and takes no more events")
        self._waiting.append((item, weight))
        self._weight += weight
        self.accepted += 1
        self._wake()

    def _fits(self, weight: int) -> bool:
        if not self._waiting:
            return True
        return len(self._waiting) < self._most and self._weight + weight <= self._most_weight

    def _wake(self) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is over, so nobody waits there
                self._loop.call_soon_threadsafe(self._awake.set)
