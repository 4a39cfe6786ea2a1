"""Somebody puts the clock of the machine back, or forward: nothing waits for a day that is over."""

import asyncio
import random
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.integration.store.bench import Bench, Listener
from vedette.alerts.policy import AlertPolicy
from vedette.contracts.errors import DeliveryFailed
from vedette.contracts.facts import NotifyFact
from vedette.contracts.job import Job, JobState
from vedette.kit import supervise
from vedette.services import courier, local_jobs, outage, relay
from vedette.services.courier import CourierKit
from vedette.services.deliveries import StoreDeliveries
from vedette.services.notifier import TOPIC, Notifier
from vedette.services.relay import Relay
from vedette.store.lease import FARTHEST
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock, RecordingChannel, until
from vedette.testing.store_samples import HOME, NOON, make_event, with_places

BACK = timedelta(days=-400)


async def no_picture(event_id: UUID) -> bytes | None:
    del event_id
    return None


async def test_a_fact_that_was_put_off_is_told_by_the_new_time(bench: Bench) -> None:
    shaky = Listener(failures=1)
    bench.bus.subscribe("event.opened", shaky, name="shaky")
    await bench.keep(make_event(1))
    relay = Relay(bench.store, bench.bus, clock=bench.clock)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bench.bus.run())
        assert await relay.tell() == 1, "it fails, and is put off for two seconds"
        assert await relay.tell() == 0
        bench.clock.set_wall(BACK)
        assert await relay.tell() == 1
        bench.bus.close()
    assert relay.told == 1


class PutBack(StoreDeliveries):
    """Somebody puts the clock back as soon as a message has been put off."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        super().__init__(store, wake=lambda: None)
        self._clock = clock

    async def retry(self, fact: NotifyFact, *, after: datetime) -> None:
        await super().retry(fact, after=after)
        self._clock.set_wall(BACK)


@pytest.mark.timeout(60)
async def test_a_message_that_was_put_off_is_sent_by_the_new_time(tmp_path: Path) -> None:
    clock = FakeClock(NOON)
    store = await with_places(await Store.open(tmp_path / "vedette.db", clock))
    channel = RecordingChannel(errors=[DeliveryFailed("the line is dead")])
    kit = CourierKit(
        deliveries=PutBack(store, clock),
        find_picture=no_picture,
        clock=clock,
        rng=random.Random(1),  # noqa: S311  jitter that repeats
    )
    notifier = Notifier(AlertPolicy(quiet_s=0.0), {"phone": channel}, kit)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(notifier.run())
        await notifier.handle(TOPIC, make_event())
        await until(lambda: bool(channel.sent))
        await notifier.stop(grace_s=0.1)
    await store.close()

    assert channel.calls == 2
    assert clock.monotonic() < 60.0, "by the clock that nobody sets"


@pytest.mark.parametrize("by", [BACK, timedelta(days=400)])
async def test_a_job_that_was_put_off_is_next_by_the_new_time(
    tmp_path: Path, by: timedelta
) -> None:
    clock = FakeClock(NOON)
    store = await with_places(await Store.open(tmp_path / "vedette.db", clock))
    job = Job(
        id=uuid4(), kind="quick", site_id="home", created_at=NOON, updated_at=NOON, next_at=NOON
    )
    async with store.write() as unit:
        await unit.jobs(HOME).add(job)
        claimed = await unit.jobs(HOME).claim(now=unit.now, lease_s=60.0)
        assert claimed is not None
        later = unit.now + timedelta(seconds=30)
        await unit.jobs(HOME).settle(claimed, JobState.QUEUED, now=unit.now, next_at=later)
        assert await unit.jobs(HOME).claim(now=unit.now, lease_s=60.0) is None

    clock.set_wall(by)
    async with store.write() as unit:
        again = await unit.jobs(HOME).claim(now=unit.now, lease_s=60.0)
    await store.close()

    assert again is not None
    assert again.id == job.id


def test_no_pause_of_ours_is_longer_than_what_is_believed() -> None:
    longest_s = max(
        relay.LEASE_S,
        relay.LONGEST_PAUSE_S,
        local_jobs.LEASE_S,
        supervise.CAP_S,
        outage.RetryPlan().longest_asked_s,
        outage.RetryPlan().attempt_s + courier.LEASE_SPARE_S,
        600.0,  # notify.retry_pause_s at most
    )
    assert longest_s < FARTHEST.total_seconds() / 2
