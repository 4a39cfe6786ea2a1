"""What every event bus must do besides carrying facts: bounds, interceptors, watchers, requests.

Part of `vedette.testing.bus_contract.BusContract`, which is what an adapter subclasses.
"""

import asyncio
import random
from collections import Counter

import pytest

from vedette.bus.intercept import Drop, Duplicate, Reorder
from vedette.bus.port import BusLimits, EventBus, Happening, Overflow, Told
from vedette.contracts.errors import InvalidInput, NoAnswer
from vedette.contracts.payload import Payload
from vedette.kit.correlation import about, correlation
from vedette.testing.bus_bench import Correlated, Listener, Numbered, running
from vedette.testing.fakes import until

RNG = random.Random(1)  # noqa: S311 - not cryptography


class BusControlContract:
    """The suite."""

    def make(self) -> EventBus:
        raise NotImplementedError

    async def test_a_queue_for_nothing_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="cannot hold any"):
            self.make().subscribe("event.*", Listener(), name="listener", depth=0)

    async def test_durable_facts_cannot_be_dropped_by_wish(self) -> None:
        bus = self.make()
        for pattern in ("event.opened", "event.*", "notify.*"):
            with pytest.raises(InvalidInput, match="durable"):
                bus.subscribe(pattern, Listener(), name="x", overflow=Overflow.DROP_OLDEST)
        bus.subscribe("camera.*", Listener(), name="x", overflow=Overflow.DROP_OLDEST)

    async def test_a_pausing_subscriber_loses_nothing_and_holds_the_publisher(self) -> None:
        bus, listener, gate = self.make(), Listener(), asyncio.Event()

        async def slow(topic: str, payload: Payload) -> None:
            await gate.wait()
            await listener(topic, payload)

        pause = Overflow.PAUSE_PUBLISHER
        bus.subscribe("camera.*.frame", slow, name="slow", depth=3, overflow=pause)
        sent = 0

        async def publish() -> None:
            nonlocal sent
            for number in range(20):
                await bus.send("camera.yard.frame", Numbered(number=number))
                sent += 1

        async with running(bus), asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            tasks.create_task(publish())
            await until(lambda: bus.stats()[0].depth == 3)
            for _ in range(5):
                await asyncio.sleep(0)  # noqa: TID251  it would go on now, if it did not wait
            assert sent == 4  # one in hand, three wait
            gate.set()
            await until(lambda: sent == 20)
            await bus.drain()

        assert listener.numbers == list(range(20))

    async def test_a_pausing_subscriber_holds_a_thread_too(self) -> None:
        bus, listener = self.make(), Listener()
        pause = Overflow.PAUSE_PUBLISHER
        bus.subscribe("camera.*.frame", listener, name="slow", depth=2, overflow=pause)

        def camera() -> None:
            for number in range(500):
                bus.publish("camera.yard.frame", Numbered(number=number))

        async with running(bus), asyncio.timeout(10):
            await asyncio.gather(*(asyncio.to_thread(camera) for _ in range(2)))
            await bus.drain()
            [figures] = bus.stats()

        assert (len(listener.numbers), figures.dropped) == (1000, 0)

    async def test_a_publisher_that_waits_is_let_go_when_the_bus_closes(self) -> None:
        bus = self.make()

        async def stuck(topic: str, payload: Payload) -> None:
            del topic, payload
            await asyncio.Event().wait()

        pause = Overflow.PAUSE_PUBLISHER
        end = bus.subscribe("camera.*", stuck, name="stuck", depth=1, overflow=pause)

        def camera() -> None:
            for number in range(5):
                bus.publish("camera.yard.frame", Numbered(number=number))

        async with asyncio.timeout(10), running(bus), asyncio.TaskGroup() as tasks:
            thread = tasks.create_task(asyncio.to_thread(camera))
            await until(lambda: bus.stats()[0].in_flight == 1 and bus.stats()[0].depth == 1)
            end()
            await thread

    async def test_an_ended_subscription_hears_nothing_more_and_leaves_no_task(self) -> None:
        bus, listener, other = self.make(), Listener(), Listener()
        started = asyncio.Event()

        async def stuck(topic: str, payload: Payload) -> None:
            del topic, payload
            started.set()
            await asyncio.Event().wait()

        async with running(bus), asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            before = len(asyncio.all_tasks())
            ends = [
                bus.subscribe("event.*", listener, name="one"),
                bus.subscribe("event.opened", stuck, name="stuck"),
            ]
            bus.subscribe("event.*", other, name="other")
            asked = tasks.create_task(bus.deliver("event.opened", Numbered(number=1)))
            await started.wait()
            for end in ends:
                end()
                end()  # twice is fine
            assert await asked == ()  # who has gone has not failed
            assert await bus.deliver("event.opened", Numbered(number=2)) == ()
            await until(lambda: len(asyncio.all_tasks()) == before + 1)

        assert (listener.numbers, other.numbers) == ([1], [1, 2])
        assert [each.name for each in bus.stats()] == ["other"]

    async def test_interceptors_come_and_go(self) -> None:
        bus, listener = self.make(), Listener()
        bus.subscribe("*", listener, name="listener")
        async with running(bus):
            for number, meddler in enumerate((Drop(RNG), Duplicate(3), None)):
                undo = bus.intercept("camera.*", meddler) if meddler else None
                bus.publish("camera.yard.frame", Numbered(number=number))
                bus.publish("process.detected", Numbered(number=number))
                await bus.drain()
                if undo:
                    undo()

        frames = [n for topic, n in listener.heard if topic == "camera.yard.frame"]
        assert frames == [1, 1, 1, 2]
        assert [n for topic, n in listener.heard if topic == "process.detected"] == [0, 1, 2]

    async def test_what_is_late_is_overtaken(self) -> None:
        bus, listener = self.make(), Listener()
        bus.subscribe("*", listener, name="listener")
        bus.intercept("camera.*", Reorder(0.01))
        async with running(bus), asyncio.timeout(10):
            for number in range(4):
                bus.publish("camera.yard.frame", Numbered(number=number))
            await bus.drain()

        assert sorted(listener.numbers) == [0, 1, 2, 3]
        assert listener.numbers != [0, 1, 2, 3]

    async def test_a_lost_durable_fact_is_known_to_be_lost(self) -> None:
        bus, listener = self.make(), Listener()
        bus.subscribe("event.*", listener, name="listener")
        undo = bus.intercept("event.*", Drop(RNG))
        async with running(bus):
            assert await bus.deliver("event.opened", Numbered(number=1)) == ("listener",)
            undo()
            assert await bus.deliver("event.opened", Numbered(number=1)) == ()

        assert listener.numbers == [1]

    async def test_watchers_are_told_what_happens(self) -> None:
        bus, told = self.make(), list[Told]()
        bus.subscribe("camera.*", Listener(refuses=(1,)), name="listener", depth=5)
        unwatch = bus.watch(told.append)
        for number in range(7):
            bus.publish("camera.yard.frame", Numbered(number=number))
        bus.publish("process.detected", Numbered(number=0))
        await bus.drain()
        unwatch()
        bus.publish("camera.yard.frame", Numbered(number=9))

        counts = Counter(each.what for each in told)
        assert counts == {
            Happening.PUBLISHED: 7,
            Happening.HIGH_WATER: 1,
            Happening.DROPPED: 2,
            Happening.HANDLED: 5,
        }
        whose = {each.subscriber for each in told if each.what is not Happening.PUBLISHED}
        assert whose == {"listener"}

    async def test_all_queues_together_have_a_bound(self) -> None:
        bus, listeners = self.make(), [Listener() for _ in range(4)]
        bus.limit(BusLimits(depth=100, total=120))
        for number, each in enumerate(listeners):
            bus.subscribe(f"camera.{number}.*", each, name=f"listener-{number}")
        for number in range(400):
            bus.publish(f"camera.{number % 4}.frame", Numbered(number=number))
        depths = [each.depth for each in bus.stats()]
        await bus.drain()

        assert sum(depths) == 120
        assert [each.numbers[-1] for each in listeners] == [396, 397, 398, 399]

    async def test_bounds_change_while_it_runs(self) -> None:
        bus = self.make()
        bus.subscribe("camera.*", Listener(), name="own", depth=7)
        bus.subscribe("camera.*", Listener(), name="default")
        bus.limit(BusLimits(depth=3))

        assert [each.capacity for each in bus.stats()] == [7, 3]

    async def test_a_handler_that_hangs_is_given_up(self) -> None:
        bus, told = self.make(), list[Told]()

        async def stuck(topic: str, payload: Payload) -> None:
            assert isinstance(payload, Numbered)
            if payload.number == 1:
                await asyncio.Event().wait()

        bus.limit(BusLimits(handler_s=0.01))
        bus.watch(told.append)
        bus.subscribe("event.*", stuck, name="stuck")
        async with running(bus), asyncio.timeout(10):
            assert await bus.deliver("event.opened", Numbered(number=1)) == ("stuck",)
            assert await bus.deliver("event.opened", Numbered(number=2)) == ()

        what = [each.what for each in told if each.what is not Happening.PUBLISHED]
        assert what == [Happening.TIMED_OUT, Happening.HANDLED]
        [figures] = bus.stats()
        assert (figures.failed, figures.delivered) == (1, 1)

    async def test_a_handler_that_will_not_be_cancelled_is_cancelled_again(self) -> None:
        bus, cancelled = self.make(), 0

        async def stubborn(topic: str, payload: Payload) -> None:
            nonlocal cancelled
            for _ in range(3):
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    cancelled += 1

        bus.limit(BusLimits(handler_s=0.01))
        bus.subscribe("event.*", stubborn, name="stubborn")
        async with running(bus), asyncio.timeout(10):
            for number in range(2):
                failed = await bus.deliver("event.opened", Numbered(number=number))
                assert failed == ("stubborn",)

        assert cancelled == 6

    async def test_a_handler_and_what_it_publishes_are_about_the_same_frame(self) -> None:
        bus, seen = self.make(), list[str]()

        async def first(topic: str, payload: Payload) -> None:
            del topic, payload
            seen.append(correlation())
            bus.publish("process.detected", Numbered(number=2))

        async def second(topic: str, payload: Payload) -> None:
            del topic, payload
            seen.append(correlation())

        bus.subscribe("camera.*", first, name="first")
        bus.subscribe("process.*", second, name="second")
        async with running(bus):
            with about("yard/s1/7"):
                bus.publish("camera.yard.frame", Numbered(number=1))
            bus.publish("camera.yard.frame", Correlated(number=1, correlation_id="yard/s1/8"))
            await bus.drain()

        assert sorted(seen) == ["yard/s1/7", "yard/s1/7", "yard/s1/8", "yard/s1/8"]
        assert correlation() == ""

    async def test_a_request_is_answered_by_one(self) -> None:
        bus = self.make()

        async def double(payload: Payload) -> Payload:
            assert isinstance(payload, Numbered)
            return Numbered(number=2 * payload.number)

        undo = bus.respond("status.bus", double)
        with pytest.raises(InvalidInput, match="already"):
            bus.respond("status.bus", double)
        answer = await bus.request("status.bus", Numbered(number=21), within_s=5)
        assert answer == Numbered(number=42)
        undo()
        told = list[Told]()
        bus.watch(told.append)
        with pytest.raises(NoAnswer, match="nobody answers there"):
            await bus.request("status.bus", Numbered(number=1), within_s=0.01)
        assert [each.what for each in told] == [Happening.TIMED_OUT]

    async def test_who_answers_too_slowly_is_cancelled(self) -> None:
        bus, ended = self.make(), asyncio.Event()

        async def stuck(payload: Payload) -> Payload:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            return payload

        bus.respond("status.bus", stuck)
        with pytest.raises(NoAnswer, match=r"within 0\.01 s$"):
            await bus.request("status.bus", Numbered(number=1), within_s=0.01)
        assert ended.is_set()
