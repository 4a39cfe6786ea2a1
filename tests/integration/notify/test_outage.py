"""A channel that is away for an hour: nothing is lost, order is kept, one digest and no flood."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.servers.web import Heard, Reply
from tests.servers.webhook_receiver import WebhookReceiver
from vedette.alerts.policy import AlertPolicy
from vedette.contracts.errors import DeliveryFailed, DeliveryRefused
from vedette.contracts.event import Event, Severity
from vedette.contracts.facts import NotifyFact
from vedette.contracts.notice import DeliveryStatus, Notice
from vedette.notify.port import Channel
from vedette.plugins import registry
from vedette.services.courier import SAID_BEFORE, CourierKit
from vedette.services.deliveries import Deliveries, StoreDeliveries
from vedette.services.notifier import TOPIC, Notifier
from vedette.services.outage import RetryPlan
from vedette.store.notifications import Delivery
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock, RecordingChannel
from vedette.testing.store_samples import BOTH, NOON, make_event, with_places

SENT, FAILED, QUEUED = DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.QUEUED
DIGESTED = DeliveryStatus.DIGESTED
HOUR = timedelta(hours=1)
PATIENT = RetryPlan(patience_s=86400.0)


async def no_picture(event_id: UUID) -> None:
    del event_id


class Desk:
    """A store that outlives its notifiers."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock = store, clock

    def notifier(
        self,
        channels: Mapping[str, Channel],
        plan: RetryPlan = PATIENT,
        deliveries: Deliveries | None = None,
    ) -> Notifier:
        kit = CourierKit(
            deliveries=deliveries or StoreDeliveries(self.store, wake=lambda: None),
            find_picture=no_picture,
            clock=self.clock,
            rng=random.Random(1),  # noqa: S311  jitter that repeats
            plan=plan,
        )
        return Notifier(AlertPolicy(quiet_s=0.0), channels, kit)

    async def log(self) -> list[Delivery]:
        """The oldest first."""
        async with self.store.read() as unit:
            return list(reversed(await unit.notifications(BOTH).newest(limit=500)))

    async def of(self, event: Event) -> Delivery:
        async with self.store.read() as unit:
            (found,) = await unit.notifications(BOTH).of_event(event.id)
        return found


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = FakeClock(NOON)
    store = await with_places(await Store.open(tmp_path / "vedette.db", clock))
    yield Desk(store, clock)
    await store.close()


class Away(WebhookReceiver):
    """Answers 503 until a moment."""

    def __init__(self, clock: FakeClock, *, until_at: datetime) -> None:
        super().__init__()
        self._clock, self._until_at = clock, until_at

    def answer(self, request: Heard) -> Reply:
        if self._clock.now() < self._until_at:
            return Reply(status=503)
        return super().answer(request)


def happenings(count: int, **changes: Any) -> list[Event]:
    """One every 90 seconds."""
    return [make_event(90 * n, **changes) for n in range(count)]


async def live(
    notifier: Notifier, events: list[Event], over: Callable[[], Awaitable[bool]]
) -> None:
    """Have everything told until the condition holds, then stop."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(notifier.run())
        try:
            for event in events:
                await notifier.handle(TOPIC, event)
            async with asyncio.timeout(30):
                while not await over():  # noqa: ASYNC110  it asks the store
                    await asyncio.sleep(0.005)
        finally:
            await notifier.stop(grace_s=1.0)


async def test_an_hour_away_loses_nothing_and_ends_with_one_digest(desk: Desk) -> None:
    events = happenings(30)
    with Away(desk.clock, until_at=NOON + HOUR) as far_end:
        hook = registry.build("channel", {"type": "webhook", "url": far_end.url}, clock=desk.clock)
        notifier = desk.notifier({"hook": hook})

        async def over() -> bool:
            return all(each.status is not QUEUED for each in await desk.log())

        await live(notifier, events, over)

    log = await desk.log()
    (digest,) = far_end.messages.values()
    told = log[-1].notice
    assert [each.status for each in log] == [*[DIGESTED] * 30, SENT]
    assert {each.target for each in log[:30]} == {f"digest {told.alert_id}"}
    assert digest["title"] == "30 alerts while hook could not be reached"
    assert "from 2026-03-14 12:00:" in digest["text"]
    assert told.items == ("12:00:01 to 12:43:31 Person entered lawn (yard), 30 times",)
    assert 60 <= len(far_end.heard) <= 130, "about once a minute, not once a message"
    stats = notifier.stats()[0]
    assert (stats.away_since, stats.failed, stats.digested) == (None, 0, 30)


async def test_a_restart_while_it_is_away_changes_nothing(desk: Desk) -> None:
    events = happenings(8)
    down = RecordingChannel(errors=[DeliveryFailed("away")] * 10_000)

    async def tried() -> bool:
        return down.calls >= 6

    await live(desk.notifier({"hook": down}), events, tried)
    assert {each.status for each in await desk.log()} == {QUEUED}

    up = RecordingChannel(errors=[DeliveryFailed("away")] * 3)

    async def over() -> bool:
        return all(each.status is not QUEUED for each in await desk.log())

    await live(desk.notifier({"hook": up}), [], over)
    assert [notice.event_type for notice in up.sent] == ["digest"]
    assert not any(notice.again for notice in up.sent), "every attempt's end was noted"


async def test_few_that_waited_are_told_one_by_one_in_order(desk: Desk) -> None:
    events = happenings(5)
    channel = RecordingChannel(errors=[DeliveryFailed("away")] * 6)

    async def over() -> bool:
        return len(channel.sent) == 5

    await live(desk.notifier({"hook": channel}), events, over)
    assert [notice.event_id for notice in channel.sent] == [event.id for event in events]


async def test_a_digest_tells_the_most_severe_first_and_has_an_end(desk: Desk) -> None:
    events = happenings(4) + [
        make_event(1000 + 90 * n, rule_id=f"rule-{n}", zone_id=f"zone-{n}") for n in range(24)
    ]
    events.append(make_event(4000, severity=Severity.CRITICAL, zone_id="vault"))
    channel = RecordingChannel(errors=[DeliveryFailed("away")] * 60)

    async def over() -> bool:
        return any(n.event_type == "digest" for n in channel.sent)

    await live(desk.notifier({"hook": channel}), events, over)
    digest = channel.sent[-1]
    assert digest.severity is Severity.CRITICAL
    assert digest.items[0].endswith("Person entered vault (yard)")
    assert len(digest.items) == 20
    assert digest.items[-1] == "and 7 more"


async def test_who_refuses_a_digest_is_told_one_by_one(desk: Desk) -> None:
    class Fussy(RecordingChannel):
        async def send(self, notice: Notice) -> str:
            if notice.event_type == "digest":
                raise DeliveryRefused("too long")
            return await super().send(notice)

    channel, events = Fussy(errors=[DeliveryFailed("away")] * 3), happenings(8)

    async def over() -> bool:
        return all(each.status is SENT for each in await desk.log())

    await live(desk.notifier({"hook": channel}), events, over)
    assert [notice.event_id for notice in channel.sent] == [event.id for event in events]


async def test_a_message_that_the_far_end_chokes_on_holds_up_nobody(desk: Desk) -> None:
    """Not an outage: others arrive meanwhile, so it ends after its attempts."""
    events = happenings(12)

    class Choking(RecordingChannel):
        async def send(self, notice: Notice) -> str:
            if notice.event_id == events[0].id:
                raise DeliveryFailed("indigestible")
            return await super().send(notice)

    channel = Choking()

    async def over() -> bool:
        return all(each.status is not QUEUED for each in await desk.log())

    await live(desk.notifier({"hook": channel}), events, over)
    lost = await desk.of(events[0])
    assert (lost.status, lost.attempts) == (FAILED, 5)
    assert {(await desk.of(event)).status for event in events[1:]} <= {SENT, DIGESTED}


@pytest.mark.parametrize("count", [3, 30], ids=["one by one", "as a digest"])
async def test_without_patience_attempts_end(desk: Desk, count: int) -> None:
    channel = RecordingChannel(errors=[DeliveryFailed("away")] * 10_000)

    async def over() -> bool:
        return all(each.status is FAILED for each in await desk.log())

    await live(desk.notifier({"hook": channel}, RetryPlan()), happenings(count), over)
    log = await desk.log()
    assert {each.attempts for each in log} == {5}
    assert {each.error for each in log} == {"away"}


async def test_patience_ends_also_for_what_waits_for_a_digest(desk: Desk) -> None:
    channel = RecordingChannel(errors=[DeliveryFailed("away")] * 10_000)

    async def over() -> bool:
        return all(each.status is FAILED for each in await desk.log())

    plan = RetryPlan(patience_s=HOUR.total_seconds())
    await live(desk.notifier({"hook": channel}, plan), happenings(8), over)
    assert desk.clock.now() >= NOON + HOUR


async def test_who_dies_between_sending_and_noting_says_it_once_more_and_that_it_may_be_so(
    desk: Desk,
) -> None:
    class Dies(StoreDeliveries):
        async def sent(self, fact: NotifyFact) -> None:
            del fact
            await asyncio.Event().wait()

    (event,) = happenings(1)
    channel = RecordingChannel()

    async def said() -> bool:
        return len(channel.sent) >= 1

    dying = Dies(desk.store, wake=lambda: None)
    await live(desk.notifier({"hook": channel}, deliveries=dying), [event], said)
    assert (await desk.of(event)).status is QUEUED

    async def noted() -> bool:
        return (await desk.of(event)).status is SENT

    await live(desk.notifier({"hook": channel}), [], noted)
    await live(desk.notifier({"hook": channel}), [], noted)
    first, second = channel.sent
    assert first.alert_id == second.alert_id
    assert (first.again, second.again) == (False, True)
    assert SAID_BEFORE in second.text
    assert SAID_BEFORE not in first.text


async def test_critical_ones_go_before_those_that_wait(desk: Desk) -> None:
    events = [make_event(90 * n) for n in range(9)]
    critical = make_event(1000, severity=Severity.CRITICAL)
    channel = RecordingChannel()
    notifier = desk.notifier({"hook": channel})
    for event in (*events, critical):
        await notifier.handle(TOPIC, event)

    async def over() -> bool:
        return len(channel.sent) == 10

    await live(notifier, [], over)
    told = [notice.event_id for notice in channel.sent]
    assert told == [critical.id, *(event.id for event in events)]
