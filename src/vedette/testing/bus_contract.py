"""What every event bus must do. Subclass `BusContract`, provide `make`, and run pytest."""

import asyncio
import threading

import pytest

from vedette.contracts.payload import Payload
from vedette.testing.bus_bench import Listener, Numbered, running
from vedette.testing.bus_control_contract import BusControlContract
from vedette.testing.fakes import until


class BusContract(BusControlContract):
    """The suite."""

    async def test_facts_arrive_in_order(self) -> None:
        bus, listener = self.make(), Listener()
        bus.subscribe("camera.yard.frame", listener, name="listener")
        async with running(bus):
            for number in range(20):
                bus.publish("camera.yard.frame", Numbered(number=number))
            await bus.drain()

        assert listener.numbers == list(range(20))

    @pytest.mark.parametrize(
        ("pattern", "topic", "matches"),
        [
            ("camera.yard.frame", "camera.yard.frame", True),
            ("camera.yard.frame", "camera_yard.frame", False),
            ("camera.*.frame", "camera.yard.frame", True),
            ("camera.*.frame", "camera.yard.status", False),
            ("camera.*.frame", "camera..frame", False),
            ("status.*", "status.shutdown.progress", True),
            ("status.*", "status.", False),
            ("status.*", "a.status.bus", False),
            ("notify.*", "notify.telegram.sent", True),
            ("*", "anything.at.all", True),
        ],
    )
    async def test_a_star_is_one_or_more_characters(
        self, pattern: str, topic: str, matches: bool
    ) -> None:
        bus, listener = self.make(), Listener()
        bus.subscribe(pattern, listener, name="listener")
        async with running(bus):
            assert bus.wanted(topic) is matches
            bus.publish(topic, Numbered(number=1))
            await bus.drain()

        assert bool(listener.heard) is matches

    async def test_nobody_listening_is_fine(self) -> None:
        bus = self.make()
        async with running(bus):
            assert not bus.wanted("event.opened")
            bus.publish("event.opened", Numbered(number=1))
            assert await bus.deliver("event.opened", Numbered(number=1)) == ()
            await bus.drain()

    async def test_a_late_subscriber_is_heard_of(self) -> None:
        bus, listener = self.make(), Listener()
        async with running(bus):
            assert not bus.wanted("event.opened")
            bus.subscribe("event.*", listener, name="late")
            assert bus.wanted("event.opened")
            bus.publish("event.opened", Numbered(number=1))
            await bus.drain()

        assert listener.numbers == [1]

    async def test_a_failing_subscriber_stops_neither_itself_nor_the_other(self) -> None:
        bus, bad, good = self.make(), Listener(refuses=(1,)), Listener()
        bus.subscribe("event.*", bad, name="bad")
        bus.subscribe("event.*", good, name="good")
        async with running(bus):
            for number in (1, 2):
                bus.publish("event.opened", Numbered(number=number))
            await bus.drain()

        assert (bad.numbers, good.numbers) == ([2], [1, 2])
        figures = {each.name: (each.delivered, each.failed) for each in bus.stats()}
        assert figures == {"bad": (1, 1), "good": (2, 0)}

    async def test_delivering_waits_for_the_handlers_and_names_who_failed(self) -> None:
        bus, bad, good = self.make(), Listener(refuses=(1,)), Listener()
        bus.subscribe("event.*", bad, name="bad")
        bus.subscribe("event.opened", good, name="good")
        async with running(bus):
            failed = await bus.deliver("event.opened", Numbered(number=1))
            assert failed == ("bad",)
            assert good.numbers == [1]
            assert await bus.deliver("event.opened", Numbered(number=2)) == ()
            assert bad.numbers == [2]

    async def test_a_slow_subscriber_loses_the_oldest_and_it_is_counted(self) -> None:
        bus, listener = self.make(), Listener()
        bus.subscribe("camera.*.frame", listener, name="slow", depth=3)
        for number in range(1, 7):  # nobody serves yet
            bus.publish("camera.yard.frame", Numbered(number=number))
        [before] = bus.stats()
        await bus.drain()

        assert (before.depth, before.dropped) == (3, 3)
        assert listener.numbers == [4, 5, 6]

    async def test_a_durable_fact_is_not_dropped_by_a_full_queue(self) -> None:
        bus, listener = self.make(), Listener()
        bus.subscribe("*", listener, name="slow", depth=2)
        async with asyncio.TaskGroup() as tasks:
            delivering = tasks.create_task(bus.deliver("event.opened", Numbered(number=0)))
            await until(lambda: bus.stats()[0].depth > 0)
            for number in range(1, 7):
                bus.publish("camera.yard.frame", Numbered(number=number))
            await bus.drain()

        assert delivering.result() == ()
        assert listener.numbers == [0, 6]

    async def test_one_subscriber_waits_for_no_other(self) -> None:
        bus, listener, gate = self.make(), Listener(), asyncio.Event()

        async def stuck(topic: str, payload: Payload) -> None:
            del topic, payload
            await gate.wait()

        bus.subscribe("event.*", stuck, name="stuck")
        bus.subscribe("event.*", listener, name="quick")
        async with running(bus):
            bus.publish("event.opened", Numbered(number=1))
            await until(lambda: bool(listener.heard))
            gate.set()
            await bus.drain()

        assert listener.numbers == [1]

    async def test_publishing_from_threads_loses_nothing(self) -> None:
        bus, listener = self.make(), Listener()
        bus.subscribe("camera.*.frame", listener, name="listener", depth=4000)

        def camera(name: str) -> None:
            for number in range(1000):
                bus.publish(f"camera.{name}.frame", Numbered(number=number))

        async with running(bus):
            threads = [threading.Thread(target=camera, args=(name,)) for name in ("a", "b", "c")]
            for thread in threads:
                thread.start()
            for thread in threads:
                await asyncio.to_thread(thread.join)
            await bus.drain()

        for name in ("a", "b", "c"):
            topic = f"camera.{name}.frame"
            assert [n for t, n in listener.heard if t == topic] == list(range(1000))

    async def test_a_fact_wakes_a_sleeping_subscriber_from_a_thread(self) -> None:
        bus, heard = self.make(), asyncio.Event()

        async def hear(topic: str, payload: Payload) -> None:
            del topic, payload
            heard.set()

        bus.subscribe("event.*", hear, name="sleeper")
        async with running(bus), asyncio.timeout(5):
            for number in range(50):
                await asyncio.to_thread(bus.publish, "event.opened", Numbered(number=number))
                await heard.wait()
                heard.clear()

    async def test_closing_gives_back_what_nobody_handled(self) -> None:
        bus = self.make()
        bus.subscribe("event.*", Listener(), name="listener")
        async with asyncio.TaskGroup() as tasks:
            delivering = tasks.create_task(bus.deliver("event.opened", Numbered(number=1)))
            await until(lambda: bus.stats()[0].depth > 0)
            bus.close()

        assert delivering.result() == ("listener",)
        bus.publish("event.opened", Numbered(number=2))
        assert await bus.deliver("event.opened", Numbered(number=3)) == ("listener",)
        assert bus.stats()[0].depth == 0

    async def test_cancelling_leaves_nobody_waiting(self) -> None:
        bus, started = self.make(), asyncio.Event()

        async def stuck(topic: str, payload: Payload) -> None:
            del topic, payload
            started.set()
            await asyncio.Event().wait()

        bus.subscribe("event.*", stuck, name="stuck")
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(bus.run())
            delivering = [
                tasks.create_task(bus.deliver("event.opened", Numbered(number=n))) for n in (1, 2)
            ]
            await started.wait()
            serving.cancel()

        assert [each.result() for each in delivering] == [("stuck",), ("stuck",)]
