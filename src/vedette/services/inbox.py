"""Hands things from many threads to one task, in order, through a bound that makes them wait."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

from vedette.contracts.errors import StorageFailed

T = TypeVar("T")


class _Waiting(NamedTuple, Generic[T]):
    number: int
    item: T
    weight: int


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
        self._waiting: deque[_Waiting[T]] = deque()
        self._weight = 0
        self._room = threading.Condition()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._awake = asyncio.Event()
        self._dropped = asyncio.Event()
        self._door = asyncio.Lock()
        self.accepted = 0
        """Items let in since the start."""

    def put(self, item: T, weight: int = 0) -> None:
        """Add one; waits while it is full. From any thread except that of the loop.

        Raises:
            StorageFailed: it is closed, also while waiting.
        """
        with self._room:
            self._room.wait_for(lambda: self._closed or self._fits(weight))
            self._let_in(item, weight)

    async def put_soon(self, item: T, weight: int = 0) -> None:
        """The same from the loop; who came first is let in first."""
        async with self._door:
            while True:
                self._dropped.clear()
                with self._room:
                    if self._closed or self._fits(weight):
                        return self._let_in(item, weight)
                await self._dropped.wait()

    async def first(self) -> T | None:
        """The oldest item, which stays until `drop`; None when closed and empty."""
        found = await self.some(1)
        return found[0] if found else None

    async def some(self, most: int, *, urgent: Callable[[T], bool] | None = None) -> list[T]:
        """The oldest items, which stay until `drop`; none when closed and empty.

        Args:
            urgent: where it says so of some that wait, they alone are taken.
        """
        self._loop = asyncio.get_running_loop()
        while True:
            self._awake.clear()
            with self._room:
                if self._waiting:
                    items = [each.item for each in self._waiting]
                    first = [] if urgent is None else [item for item in items if urgent(item)]
                    return (first or items)[:most]
                if self._closed:
                    return []
            await self._awake.wait()

    def drop(self, items: Sequence[T]) -> None:
        """These are dealt with."""
        gone = {id(item) for item in items}
        with self._room:
            left = [each for each in self._waiting if id(each.item) not in gone]
            self._waiting = deque(left)
            self._weight = sum(each.weight for each in left)
            self._room.notify_all()
        self._dropped.set()

    async def emptied(self) -> None:
        """Return when everything let in so far is dealt with."""
        last = self.accepted
        while True:
            self._dropped.clear()
            with self._room:
                if not self._waiting or self._waiting[0].number > last:
                    return
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
        self.accepted += 1
        self._waiting.append(_Waiting(self.accepted, item, weight))
        self._weight += weight
        self._wake()

    def _fits(self, weight: int) -> bool:
        if not self._waiting:
            return True
        return len(self._waiting) < self._most and self._weight + weight <= self._most_weight

    def _wake(self) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is over, so nobody waits there
                self._loop.call_soon_threadsafe(self._awake.set)
