"""The in-process bus beside a model of it: whatever is done in whatever order."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from vedette.bus.memory import MemoryBus
from vedette.bus.port import BusLimits, Undo
from vedette.testing.bus_bench import Listener, Numbered
from vedette.testing.fakes import FakeClock

PATTERNS = ("camera.*", "camera.a.frame", "*", "event.*")
TOPICS = ("camera.a.frame", "camera.b.frame", "event.opened", "status.bus")
HEARS = {
    "camera.*": {"camera.a.frame", "camera.b.frame"},
    "camera.a.frame": {"camera.a.frame"},
    "*": set(TOPICS),
    "event.*": {"event.opened"},
}
TOTAL = 9


class Modelled:
    """One subscriber and what it should hear."""

    def __init__(self, name: str, pattern: str, depth: int) -> None:
        self.name, self.pattern, self.depth = name, pattern, depth
        self.listener = Listener()
        self.waiting: deque[int] = deque()
        self.heard: list[int] = []
        self.dropped = 0
        self.end: Undo = lambda: None


class BusMachine(RuleBasedStateMachine):
    """Facts wait until `drain`, so that every drop can be foretold."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.bus = MemoryBus(clock=FakeClock(), limits=BusLimits(total=TOTAL))
        self.subscribers: list[Modelled] = []
        self.past: list[Modelled] = []
        self.number = 0

    def teardown(self) -> None:
        self.drain()
        self.bus.close()
        self.loop.close()

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @rule(pattern=st.sampled_from(PATTERNS), depth=st.integers(1, 5))
    def subscribe(self, pattern: str, depth: int) -> None:
        one = Modelled(f"s{len(self.subscribers) + len(self.past)}", pattern, depth)
        one.end = self.bus.subscribe(pattern, one.listener, name=one.name, depth=depth)
        self.subscribers.append(one)

    @precondition(lambda self: self.subscribers)
    @rule(data=st.data())
    def unsubscribe(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.subscribers))
        one.end()
        one.waiting.clear()
        self.subscribers.remove(one)
        self.past.append(one)

    @rule(topic=st.sampled_from(TOPICS), times=st.integers(1, 4))
    def publish(self, topic: str, times: int) -> None:
        for _ in range(times):
            self.number += 1
            self.bus.publish(topic, Numbered(number=self.number))
            for one in self.subscribers:
                if topic in HEARS[one.pattern]:
                    self.expect(one)

    def expect(self, one: Modelled) -> None:
        crowded = one if len(one.waiting) >= one.depth else None
        if crowded is None and sum(len(each.waiting) for each in self.subscribers) >= TOTAL:
            crowded = max(self.subscribers, key=lambda each: len(each.waiting))
        if crowded is not None:
            crowded.waiting.popleft()
            crowded.dropped += 1
        one.waiting.append(self.number)

    @rule()
    def drain(self) -> None:
        self.wait(self.bus.drain())
        for one in self.subscribers:
            one.heard += one.waiting
            one.waiting.clear()

    @invariant()
    def heard_and_counted_as_foretold(self) -> None:
        figures = {each.name: each for each in self.bus.stats()}
        assert list(figures) == [one.name for one in self.subscribers]
        for one in self.subscribers:
            now = figures[one.name]
            assert (now.depth, now.dropped) == (len(one.waiting), one.dropped)
        for one in (*self.subscribers, *self.past):
            assert one.listener.numbers == one.heard
        for topic in TOPICS:
            listens = any(topic in HEARS[one.pattern] for one in self.subscribers)
            assert self.bus.wanted(topic) is listens


TestBusMachine = BusMachine.TestCase
TestBusMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
