"""How right the events are: what opened, how sure the detector was, what people said of it."""

import bisect
from collections import Counter
from uuid import UUID

from vedette.contracts.errors import NotFound, StorageFailed
from vedette.contracts.event import Event
from vedette.contracts.payload import Payload
from vedette.kit.clock import Clock
from vedette.kit.recent import Recent
from vedette.store.feedback import Judged
from vedette.store.store import Store

LOOK_S = 15.0
"""Words about events are read this often; they may come from another process."""
REMEMBERED = 2000
"""Events that are known when they are told again."""
SCORES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Upper ends of the classes of scores."""


class Accuracy:
    """Subscribe `handle` to `event.opened`, and `run` in a task."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._seen: Recent[UUID] = Recent(REMEMBERED)
        self.opened: Counter[tuple[str, str]] = Counter()
        """Events by site and type."""
        self.scores: dict[str, list[int]] = {}
        """Events by label and class of score."""
        self.score_sums: dict[str, float] = {}
        self.judged: tuple[Judged, ...] = ()

    async def handle(self, topic: str, fact: Payload) -> None:
        """Count an event once, however often it is told."""
        del topic
        if not isinstance(fact, Event) or self._seen.again(fact.id):
            return
        self.opened[(fact.site_id, fact.event_type)] += 1
        classes = self.scores.setdefault(fact.label, [0] * len(SCORES))
        classes[min(bisect.bisect_left(SCORES, fact.score), len(SCORES) - 1)] += 1
        self.score_sums[fact.label] = self.score_sums.get(fact.label, 0.0) + fact.score

    async def run(self) -> None:
        """Read what people said, until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        """Read it once; where the store is away, later."""
        try:
            async with self._store.read() as unit:
                self.judged = await unit.feedback(await unit.every_site()).counts()
        except (StorageFailed, NotFound):
            return
