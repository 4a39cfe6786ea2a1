"""The relay tells every stored fact at least once, and none before it is stored."""

import asyncio
from datetime import timedelta

from sqlalchemy import text

from tests.integration.store.bench import Bench, Listener, media
from vedette.contracts.artifact import Artifact
from vedette.contracts.event import Event
from vedette.contracts.facts import NotifyFact
from vedette.contracts.sink import EventChange
from vedette.contracts.topics import notify_topic
from vedette.services.relay import LEASE_S, LONGEST_PAUSE_S, MOST_ATTEMPTS, Relay
from vedette.testing.fakes import FakeClock, until
from vedette.testing.store_samples import BOTH, NOON, make_event


async def waiting(bench: Bench) -> int:
    async with bench.store.read() as unit:
        return await unit.outbox(BOTH).waiting()


def a_relay(bench: Bench) -> Relay:
    return Relay(bench.store, bench.bus, clock=bench.clock)


async def test_facts_arrive_in_order_as_the_payloads_they_were(bench: Bench) -> None:
    heard = Listener()
    bench.bus.subscribe("event.*", heard, name="test")
    events = [make_event(n) for n in range(3)]
    for event in events:
        await bench.keep(event, media())
    relay = a_relay(bench)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bench.bus.run())
        assert await relay.tell() == 9
        assert await relay.tell() == 0
        bench.bus.close()
    assert [p for _, p in heard.heard if isinstance(p, Event)] == events
    assert sum(isinstance(p, Artifact) for _, p in heard.heard) == 6
    assert heard.topics[:3] == ["event.opened", "event.snapshot.ready", "event.media.ready"]
    assert (relay.told, relay.given_up, await waiting(bench)) == (9, 0, 0)


async def test_a_fact_is_told_again_until_every_subscriber_has_it(bench: Bench) -> None:
    steady, shaky = Listener(), Listener(failures=2)
    bench.bus.subscribe("event.opened", steady, name="steady")
    bench.bus.subscribe("event.opened", shaky, name="shaky")
    await bench.keep(make_event(1))
    relay = a_relay(bench)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bench.bus.run())
        assert await relay.tell() == 1
        assert await relay.tell() == 0  # it is postponed
        bench.clock.advance(2.0)
        assert await relay.tell() == 1
        bench.clock.advance(3.9)
        assert await relay.tell() == 0  # for longer each time
        bench.clock.advance(0.1)
        assert await relay.tell() == 1
        bench.bus.close()
    assert (len(steady.heard), len(shaky.heard)) == (3, 1)
    assert await waiting(bench) == 0


async def test_one_fact_that_fails_does_not_hold_back_the_others(bench: Bench) -> None:
    shaky = Listener(failures=1)
    bench.bus.subscribe("event.opened", shaky, name="shaky")
    for number in range(3):
        await bench.keep(make_event(number))
    relay = a_relay(bench)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bench.bus.run())
        assert await relay.tell() == 3
        bench.bus.close()
    assert [p.id for _, p in shaky.heard if isinstance(p, Event)] == [
        make_event(1).id,
        make_event(2).id,
    ]
    assert await waiting(bench) == 1


async def test_a_subscriber_that_never_manages_is_given_up_in_the_end(bench: Bench) -> None:
    never = Listener(failures=10_000)
    bench.bus.subscribe("event.opened", never, name="never")
    await bench.keep(make_event(1))
    relay = a_relay(bench)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bench.bus.run())
        for _ in range(MOST_ATTEMPTS):
            assert await relay.tell() == 1
            bench.clock.advance(LONGEST_PAUSE_S)
        assert await relay.tell() == 0
        bench.bus.close()
    assert (relay.given_up, never.calls, await waiting(bench)) == (1, MOST_ATTEMPTS, 0)


async def test_what_a_dead_relay_held_is_told_when_its_lease_ends(bench: Bench) -> None:
    heard = Listener()
    bench.bus.subscribe("event.*", heard, name="test")
    await bench.keep(make_event(1))
    async with bench.store.write() as unit:  # a relay that leased, and was killed
        assert len(await unit.outbox(BOTH).lease(10, now=unit.now, lease_s=LEASE_S)) == 1
    relay = a_relay(bench)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bench.bus.run())
        assert await relay.tell() == 0
        bench.clock.advance(LEASE_S)
        assert await relay.tell() == 1
        bench.bus.close()
    assert heard.topics == ["event.opened"]


async def test_the_relay_tells_as_soon_as_it_is_woken_and_ends_when_closed(bench: Bench) -> None:
    heard = Listener()
    bench.bus.subscribe("event.*", heard, name="test")
    patient = PatientClock(NOON)
    relay = Relay(bench.store, bench.bus, clock=patient)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bench.bus.run())
        tasks.create_task(relay.run())
        await until(lambda: patient.sleepers == 1)
        async with bench.writing(stored=relay.wake) as writer:
            writer.submit(EventChange(event=make_event(1)))
            await until(lambda: len(heard.heard) == 1)
        relay.close()
        await until(lambda: patient.sleepers == 0)
        bench.bus.close()


class PatientClock(FakeClock):
    """Sleeps for good, so that only a wake-up can end the wait."""

    sleepers = 0

    async def sleep(self, seconds: float) -> None:
        if seconds == 0:
            await super().sleep(0)
            return
        self.sleepers += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.sleepers -= 1


async def test_the_relay_looks_by_itself_when_nobody_wakes_it(bench: Bench) -> None:
    heard = Listener()
    bench.bus.subscribe("event.*", heard, name="test")
    relay = a_relay(bench)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bench.bus.run())
        running = tasks.create_task(relay.run())
        await until(lambda: len(bench.clock.waits) > 2)
        await bench.keep(make_event(1))
        await until(lambda: len(heard.heard) == 1)
        running.cancel()
        bench.bus.close()


async def test_a_fact_that_makes_no_sense_here_is_given_up_and_the_rest_told(bench: Bench) -> None:
    heard = Listener()
    bench.bus.subscribe("*", heard, name="test")
    event = make_event(1)
    fact = NotifyFact(
        alert_id=event.id,
        event_id=event.id,
        site_id="home",
        channel="phone",
        status="sent",
        at=NOON,
    )
    async with bench.store.write() as unit:
        outbox = unit.outbox(BOTH)
        await outbox.add("of.the.future", event, site_id="home", now=unit.now)
        await outbox.add("event.opened", event, site_id="home", now=unit.now)
        await outbox.add(notify_topic("phone", "sent"), fact, site_id="home", now=unit.now)
        await unit.conn.execute(
            text("UPDATE outbox SET body = '{\"id\": 7}' WHERE topic = 'event.opened'")
        )
    relay = a_relay(bench)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bench.bus.run())
        assert await relay.tell() == 3
        bench.bus.close()
    assert heard.heard == [("notify.phone.sent", fact)]
    assert (relay.told, relay.given_up, await waiting(bench)) == (1, 2, 0)


async def test_told_facts_are_remembered_for_a_day_and_not_told_twice(bench: Bench) -> None:
    heard = Listener()
    bench.bus.subscribe("event.*", heard, name="test")
    await bench.keep(make_event(1))
    relay = a_relay(bench)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bench.bus.run())
        assert await relay.tell() == 1
        await bench.keep(make_event(1))
        bench.clock.advance(timedelta(hours=23).total_seconds())
        assert await relay.tell() == 0
        bench.bus.close()
    assert len(heard.heard) == 1
