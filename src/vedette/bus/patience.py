"""How long a subscriber may take over a fact, watched with one timer for many facts."""

import asyncio
from collections.abc import Callable
from typing import Any

from vedette.bus.queue import Queue


class Patience:
    """Cancels handlers that take too long. Belongs to one loop."""

    def __init__(self, longest_s: Callable[[], float]) -> None:
        self._longest_s = longest_s

    def begin(self, queue: Queue, task: asyncio.Task[Any] | None) -> None:
        """The queue has a fact in hand from now on, in this task."""
        loop = asyncio.get_running_loop()
        queue.taken_s, queue.overdue = loop.time(), 0
        if queue.deadline is None and task is not None:
            queue.deadline = loop.call_later(self._longest_s(), self._look, loop, queue, task)

    def end(self, queue: Queue, task: asyncio.Task[Any] | None) -> bool:
        """The fact is out of the hand; whether the handler had to be cancelled."""
        if task is not None:
            for _ in range(queue.overdue):
                task.uncancel()
        return queue.overdue > 0

    @staticmethod
    def forget(queue: Queue) -> None:
        """Nobody serves the queue any more."""
        if queue.deadline is not None:
            queue.deadline.cancel()
            queue.deadline = None

    def _look(self, loop: asyncio.AbstractEventLoop, queue: Queue, task: asyncio.Task[Any]) -> None:
        """Cancel what is late; look again when what is in hand now would be."""
        queue.deadline = None
        if queue.in_hand is None:
            return
        left_s = queue.taken_s + self._longest_s() - loop.time()
        if left_s <= 0.0:
            queue.overdue += 1
            task.cancel()
            left_s = self._longest_s()  # some swallow the first one
        queue.deadline = loop.call_later(left_s, self._look, loop, queue, task)
