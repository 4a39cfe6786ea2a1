"""What only the in-process bus promises: figures, cheap silence, a loop that may be gone."""

import asyncio
import logging
import timeit
import tracemalloc

import pytest

from vedette.bus.memory import MemoryBus
from vedette.bus.routes import TOPICS_REMEMBERED
from vedette.contracts.payload import Payload
from vedette.testing.bus_bench import Listener, Numbered, running
from vedette.testing.fakes import FakeClock


async def test_lag_is_the_time_from_publishing_to_handled() -> None:
    clock = FakeClock()
    bus = MemoryBus(clock=clock)

    async def slow(topic: str, payload: Payload) -> None:
        del topic, payload
        clock.advance(0.5)

    bus.subscribe("event.*", slow, name="slow")
    bus.publish("event.opened", Numbered(number=1))
    clock.advance(2.0)
    assert bus.stats()[0].lag_s == 2.0
    await bus.drain()

    assert bus.stats()[0].lag_s == 2.5


async def test_a_failure_is_logged_with_the_name_of_the_subscriber_and_the_topic(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus = MemoryBus(clock=FakeClock())
    bus.subscribe("event.*", Listener(refuses=(1,)), name="historian")
    bus.publish("event.opened", Numbered(number=1))
    with caplog.at_level(logging.ERROR):
        await bus.drain()

    assert "historian failed to handle event.opened" in caplog.text
    assert "on purpose" in caplog.text


async def test_draining_waits_for_facts_that_handlers_publish() -> None:
    bus, listener = MemoryBus(clock=FakeClock()), Listener()

    async def chain(topic: str, payload: Payload) -> None:
        del topic
        bus.publish("notify.log.sent", payload)

    bus.subscribe("notify.*", listener, name="last")
    bus.subscribe("event.*", chain, name="first")
    async with running(bus):
        bus.publish("event.opened", Numbered(number=7))
        await bus.drain()
        assert listener.numbers == [7]


async def test_draining_ends_when_the_loop_of_the_bus_is_cancelled() -> None:
    bus, started = MemoryBus(clock=FakeClock()), asyncio.Event()

    async def stuck(topic: str, payload: Payload) -> None:
        del topic, payload
        started.set()
        await asyncio.Event().wait()

    bus.subscribe("event.*", stuck, name="stuck")
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(bus.run())
        bus.publish("event.opened", Numbered(number=1))
        await started.wait()
        draining = tasks.create_task(bus.drain())
        await asyncio.sleep(0)
        serving.cancel()

    assert draining.done()


def test_publishing_into_a_loop_that_is_gone_is_silent() -> None:
    bus = MemoryBus(clock=FakeClock())
    bus.subscribe("event.*", Listener(), name="listener")

    async def leave() -> None:
        bus._loop = asyncio.get_running_loop()  # as if the process died without closing

    asyncio.run(leave())
    bus.publish("event.opened", Numbered(number=1))

    assert bus.stats()[0].depth == 1


def test_topics_without_end_do_not_fill_the_memory() -> None:
    bus = MemoryBus(clock=FakeClock())
    for number in range(TOPICS_REMEMBERED + 10):
        bus.wanted(f"camera.{number}.frame")

    assert len(bus._routes.known) == 10


def test_asking_whether_anybody_listens_costs_next_to_nothing() -> None:
    bus = MemoryBus(clock=FakeClock())
    bus.subscribe("event.*", Listener(), name="listener")
    calls = 20_000
    best_s = min(timeit.repeat(lambda: bus.wanted("camera.yard.frame"), number=calls, repeat=5))

    assert best_s / calls < 5e-6


async def test_ten_thousand_subscriptions_come_and_go() -> None:
    bus, listener = MemoryBus(clock=FakeClock()), Listener()
    async with running(bus):
        ends = [
            bus.subscribe(
                f"camera.{number}.frame" if number % 2 else "status.*", listener, name="x"
            )
            for number in range(10_000)
        ]
        bus.publish("status.bus", Numbered(number=1))
        bus.publish("camera.77.frame", Numbered(number=2))
        await bus.drain()
        assert (listener.numbers.count(1), listener.numbers.count(2)) == (5000, 1)
        for end in ends:
            end()
        assert bus.stats() == ()
        assert not bus.wanted("status.bus")


def test_a_million_facts_for_somebody_who_sleeps_need_no_memory() -> None:
    bus, fact = MemoryBus(clock=FakeClock()), Numbered(number=1)
    bus.subscribe("camera.*", Listener(), name="asleep", depth=100)
    for _ in range(1000):
        bus.publish("camera.yard.frame", fact)
    tracemalloc.start()
    try:
        for _ in range(100_000):
            bus.publish("camera.yard.frame", fact)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    for _ in range(900_000):
        bus.publish("camera.yard.frame", fact)

    [figures] = bus.stats()
    assert (figures.depth, figures.dropped) == (100, 1_001_000 - 100)
    assert kept < 100_000, "100 facts wait, and as many were there before"
