"""Which subscribers a topic has: looked up once for each topic, then remembered."""

import re
from typing import Final

from vedette.bus.queue import Queue
from vedette.contracts.topics import pattern_of

TOPICS_REMEMBERED: Final = 10_000
"""Most topics whose subscribers are kept in memory; far above cameras times kinds of facts."""


class Routes:
    """`known` is read without a lock, everything else under that of the bus."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[Queue, ...]] = {}
        self._exact: dict[str, list[Queue]] = {}
        self._wild: list[tuple[re.Pattern[str], Queue]] = []
        self._all: dict[int, Queue] = {}

    @property
    def queues(self) -> tuple[Queue, ...]:
        """In order of subscribing."""
        return tuple(self._all.values())

    def add(self, queue: Queue) -> None:
        self._all[queue.number] = queue
        if "*" in queue.pattern:
            self._wild.append((pattern_of(queue.pattern), queue))
        else:
            self._exact.setdefault(queue.pattern, []).append(queue)
        self.known = {}

    def remove(self, queue: Queue) -> None:
        self._all.pop(queue.number, None)
        if "*" in queue.pattern:
            self._wild = [each for each in self._wild if each[1] is not queue]
        else:
            left = [each for each in self._exact.pop(queue.pattern, []) if each is not queue]
            if left:
                self._exact[queue.pattern] = left
        self.known = {}

    def find(self, topic: str) -> tuple[Queue, ...]:
        """Subscribers of a topic, in order of subscribing; remembered."""
        found = [queue for pattern, queue in self._wild if pattern.fullmatch(topic)]
        found += self._exact.get(topic, ())
        found.sort(key=lambda queue: queue.number)
        if len(self.known) >= TOPICS_REMEMBERED:
            self.known = {}
        self.known[topic] = tuple(found)
        return self.known[topic]
