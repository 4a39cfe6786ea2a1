"""From an opened event to people: real store, real bus, real channels, and servers that fail."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.servers.black_hole import BlackHole
from tests.servers.bot_api import TOKEN, BotApi
from tests.servers.mail_sink import MailSink
from tests.servers.web import Reply
from tests.servers.webhook_receiver import WebhookReceiver
from vedette.alerts.policy import AlertPolicy
from vedette.alerts.wish import ChannelWish
from vedette.bus.memory import MemoryBus
from vedette.contracts.errors import DeliveryFailed, DeliveryRefused, NotFound, StorageFailed
from vedette.contracts.event import Event, Severity
from vedette.contracts.facts import NotifyFact
from vedette.contracts.notice import DeliveryStatus, Notice
from vedette.contracts.payload import Payload
from vedette.contracts.verdict import Verdict
from vedette.notify.port import Channel
from vedette.plugins import registry
from vedette.services.courier import CourierKit, CourierStats, FindPicture
from vedette.services.deliveries import Deliveries, StoreDeliveries
from vedette.services.notifier import TOPIC, Notifier, Office
from vedette.services.outage import RetryPlan
from vedette.services.relay import Relay
from vedette.store.notifications import Delivery
from vedette.store.store import Store
from vedette.testing.channel_contract import JPEG
from vedette.testing.fakes import FakeClock, RecordingChannel, until
from vedette.testing.store_samples import HOME, NOON, make_event, with_places

SENT, FAILED, QUEUED = DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.QUEUED


async def picture_of(event_id: UUID) -> bytes | None:
    del event_id
    return JPEG


class Desk:
    """A store, a clock, and notifiers that come and go."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self.verdicts: list[Verdict] = []

    async def record(self, event: Event, verdict: Verdict) -> None:
        del event
        self.verdicts.append(verdict)

    def notifier(
        self,
        channels: Mapping[str, Channel],
        *,
        plan: RetryPlan | None = None,
        deliveries: Deliveries | None = None,
        find_picture: FindPicture = picture_of,
        wishes: Mapping[str, ChannelWish] | None = None,
    ) -> Notifier:
        kit = CourierKit(
            deliveries=deliveries or StoreDeliveries(self.store, wake=lambda: None),
            find_picture=find_picture,
            clock=self.clock,
            rng=random.Random(1),  # noqa: S311  jitter that repeats
            plan=plan or RetryPlan(),
        )
        policy = AlertPolicy(quiet_s=60.0)
        return Notifier(policy, channels, kit, Office(wishes=wishes or {}, record=self.record))

    @asynccontextmanager
    async def running(self, notifier: Notifier) -> AsyncIterator[Notifier]:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(notifier.run())
            try:
                yield notifier
            finally:
                await notifier.stop(grace_s=0.1)

    async def of(self, event: Event) -> dict[str, Delivery]:
        async with self.store.read() as unit:
            found = await unit.notifications(HOME).of_event(event.id)
        return {each.channel: each for each in found}

    async def settled(self, event: Event) -> dict[str, Delivery]:
        """The deliveries of an event, once none is queued any more."""
        async with asyncio.timeout(20):
            while True:
                found = await self.of(event)
                if found and all(each.status is not QUEUED for each in found.values()):
                    return found

    async def told(self) -> list[tuple[str, NotifyFact]]:
        """What the relay tells the bus, in order."""
        bus, heard = MemoryBus(clock=self.clock), list[tuple[str, NotifyFact]]()

        async def hear(topic: str, payload: Payload) -> None:
            assert isinstance(payload, NotifyFact)
            heard.append((topic, payload))

        bus.subscribe("notify.*", hear, name="test")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bus.run())
            await Relay(self.store, bus, clock=self.clock).tell()
            bus.close()
        return heard


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = FakeClock(NOON)
    store = await with_places(await Store.open(tmp_path / "vedette.db", clock))
    yield Desk(store, clock)
    await store.close()


def build(clock: FakeClock, **settings: Any) -> Channel:
    channel: Channel = registry.build("channel", settings, clock=clock)
    return channel


def figures(notifier: Notifier) -> dict[str, CourierStats]:
    return {each.channel: each for each in notifier.stats()}


async def test_one_alert_reaches_three_kinds_of_channel_with_its_picture(desk: Desk) -> None:
    event = make_event()
    with MailSink() as sink, BotApi() as api, WebhookReceiver() as receiver:
        channels = {
            "mail": build(
                desk.clock,
                type="email",
                host="127.0.0.1",
                port=sink.port,
                sender="vedette@example.org",
                recipients=["me@example.org"],
            ),
            "phone": build(
                desk.clock, type="telegram", token=TOKEN, chat_ids=[42], base_url=api.url
            ),
            "hook": build(desk.clock, type="webhook", url=receiver.url, include_picture=True),
        }
        async with desk.running(desk.notifier(channels)) as notifier:
            await notifier.handle(TOPIC, event)
            rows = await desk.settled(event)

    assert {name: row.status for name, row in rows.items()} == dict.fromkeys(channels, SENT)
    assert rows["phone"].target == "chats 42 (message 1)"
    assert api.sent[0].photo == JPEG
    assert [p.get_content() for p in sink.mails[0].message.walk() if p.get_filename()] == [JPEG]
    assert next(iter(receiver.messages.values()))["picture_base64"]
    assert [(v.stage, v.code) for v in desk.verdicts] == [("alerts", "told")]


async def test_the_bus_hears_queued_then_sent_of_each_channel(desk: Desk) -> None:
    event = make_event(correlation_id="c-9")
    async with desk.running(desk.notifier({"log": RecordingChannel()})) as notifier:
        await notifier.handle(TOPIC, event)
        await desk.settled(event)

    facts = await desk.told()
    assert [topic for topic, _ in facts] == ["notify.log.queued", "notify.log.sent"]
    assert len({fact.alert_id for _, fact in facts}) == 1
    assert {fact.correlation_id for _, fact in facts} == {"c-9"}
    assert (facts[1][1].target, facts[1][1].attempts) == ("a list in memory", 1)


async def test_a_receiver_that_recovers_gets_the_alert_once(desk: Desk) -> None:
    event, secret = make_event(), "0123456789abcdef"
    with WebhookReceiver(secret=secret, first=[500, 503]) as receiver:
        channel = build(desk.clock, type="webhook", url=receiver.url, secret=secret)
        async with desk.running(desk.notifier({"hook": channel})) as notifier:
            await notifier.handle(TOPIC, event)
            rows = await desk.settled(event)

    assert (rows["hook"].status, rows["hook"].attempts) == (SENT, 3)
    assert len(receiver.heard) == 3
    assert len(receiver.messages) == 1
    first_s, second_s = desk.clock.waits
    assert 1.0 <= first_s <= 2.0 <= second_s <= 4.0
    stats = figures(notifier)["hook"]
    assert (stats.queued, stats.sent, stats.failed, stats.retried) == (1, 1, 0, 2)


async def test_attempts_end_and_then_the_next_event_is_told(desk: Desk) -> None:
    first, second = make_event(0), make_event(20)
    channel = RecordingChannel(errors=[DeliveryFailed("on purpose")] * 5)
    async with desk.running(desk.notifier({"hook": channel})) as notifier:
        await notifier.handle(TOPIC, first)
        lost = await desk.settled(first)
        await notifier.handle(TOPIC, second)
        found = await desk.settled(second)

    assert (lost["hook"].status, lost["hook"].attempts) == (FAILED, 5)
    assert lost["hook"].error == "on purpose"
    assert len(desk.clock.waits) == 4
    assert desk.clock.waits == sorted(desk.clock.waits)
    assert found["hook"].status is SENT
    assert [v.code for v in desk.verdicts] == ["told", "told"]
    assert [topic for topic, _ in await desk.told()][:2] == [
        "notify.hook.queued",
        "notify.hook.failed",
    ]


async def test_a_refusal_is_not_repeated(desk: Desk) -> None:
    event = make_event()
    channel = RecordingChannel(errors=[DeliveryRefused("no such chat")])
    async with desk.running(desk.notifier({"phone": channel})) as notifier:
        await notifier.handle(TOPIC, event)
        rows = await desk.settled(event)

    assert (rows["phone"].status, rows["phone"].error) == (FAILED, "no such chat")
    assert channel.calls == 1


async def test_a_far_end_that_asks_for_patience_gets_it(desk: Desk) -> None:
    event = make_event()
    busy = Reply(status=429, headers={"Retry-After": "40"})
    with WebhookReceiver(first=[busy]) as receiver:
        channel = build(desk.clock, type="webhook", url=receiver.url)
        async with desk.running(desk.notifier({"hook": channel})) as notifier:
            await notifier.handle(TOPIC, event)
            await desk.settled(event)

    assert desk.clock.waits == [40.0]


async def test_no_far_end_keeps_a_message_waiting_for_ever(desk: Desk) -> None:
    plan = RetryPlan(longest_asked_s=900.0)
    assert plan.pause_s(1, 1e9, random.Random(1)) == 900.0  # noqa: S311


async def test_a_dead_channel_delays_no_other_and_goes_on_after_a_restart(desk: Desk) -> None:
    event = make_event()
    good = RecordingChannel()
    with BlackHole() as hole, WebhookReceiver() as receiver:
        dead = build(desk.clock, type="webhook", url=f"http://127.0.0.1:{hole.port}", timeout_s=60)
        async with desk.running(desk.notifier({"dead": dead, "good": good})) as notifier:
            await notifier.handle(TOPIC, event)
            await until(lambda: hole.connections == 1 and len(good.sent) == 1)

        rows = await desk.of(event)
        assert (rows["dead"].status, rows["good"].status) == (QUEUED, SENT)

        alive = build(desk.clock, type="webhook", url=receiver.url)
        async with desk.running(desk.notifier({"dead": alive, "good": good})):
            rows = await desk.settled(event)

    assert (rows["dead"].status, rows["dead"].attempts) == (SENT, 2)
    assert len(receiver.messages) == 1
    assert len(good.sent) == 1


async def test_messages_left_queued_are_sent_after_a_restart(desk: Desk) -> None:
    event = make_event()
    await desk.notifier({"log": RecordingChannel()}).handle(TOPIC, event)  # and then the power goes

    channel = RecordingChannel()
    async with desk.running(desk.notifier({"log": channel})) as notifier:
        await desk.settled(event)
        await notifier.handle(TOPIC, make_event(30))  # the quiet time holds
        await notifier.handle(TOPIC, event)  # and the relay tells it again

    assert [(n.event_id, n.picture) for n in channel.sent] == [(event.id, JPEG)]
    assert [v.code for v in desk.verdicts] == ["told", "quiet", "told"]


async def test_the_same_event_told_twice_is_sent_once(desk: Desk) -> None:
    event, channel = make_event(), RecordingChannel()
    async with desk.running(desk.notifier({"log": channel})) as notifier:
        await asyncio.gather(*(notifier.handle(TOPIC, event) for _ in range(5)))
        await desk.settled(event)
        await notifier.handle(TOPIC, event)

    assert len(channel.sent) == 1
    assert notifier._fates == {}


async def test_repeats_are_silent_and_critical_is_not(desk: Desk) -> None:
    channel = RecordingChannel()
    critical = make_event(2, severity=Severity.CRITICAL)
    async with desk.running(desk.notifier({"log": channel})) as notifier:
        for event in (make_event(0), make_event(1), critical):
            await notifier.handle(TOPIC, event)
        await desk.settled(make_event(0))
        await desk.settled(critical)

    assert [v.code for v in desk.verdicts] == ["told", "quiet", "told_critical"]
    assert len(channel.sent) == 2


async def test_a_channel_is_told_of_what_it_wants_only_and_the_ledger_says_so(desk: Desk) -> None:
    phone, screen, event = RecordingChannel(), RecordingChannel(), make_event()
    wishes = {"phone": ChannelWish(min_severity=Severity.CRITICAL)}
    channels = {"phone": phone, "screen": screen}
    async with desk.running(desk.notifier(channels, wishes=wishes)) as notifier:
        await notifier.handle(TOPIC, event)
        rows = await desk.settled(event)

    assert set(rows) == {"screen"}
    assert (len(phone.sent), len(screen.sent)) == (0, 1)
    assert [(v.code, v.numbers.get("channel")) for v in desk.verdicts] == [
        ("told", None),
        ("not_wanted", "phone"),
    ]


async def test_what_no_channel_wants_silences_nobody(desk: Desk) -> None:
    phone = RecordingChannel()
    wishes = {"phone": ChannelWish(cameras=("gate",))}
    async with desk.running(desk.notifier({"phone": phone}, wishes=wishes)) as notifier:
        await notifier.handle(TOPIC, make_event(0))
        await notifier.handle(TOPIC, make_event(1))

    assert [v.code for v in desk.verdicts] == ["told", "not_wanted", "told", "not_wanted"]
    assert notifier._fates == {}


async def test_other_facts_are_not_our_business(desk: Desk) -> None:
    event, channel = make_event(), RecordingChannel()
    async with desk.running(desk.notifier({"log": channel})) as notifier:
        await notifier.handle("event.closed", event)

    assert (await desk.of(event), desk.verdicts) == ({}, [])


async def test_a_channel_that_breaks_is_given_up_and_stops_nobody(desk: Desk) -> None:
    first, second = make_event(0), make_event(0, label="car", dedupe_key="car")
    broken, good = RecordingChannel(errors=[KeyError("a bug")]), RecordingChannel()
    async with desk.running(desk.notifier({"broken": broken, "good": good})) as notifier:
        await notifier.handle(TOPIC, first)
        rows = await desk.settled(first)
        await notifier.handle(TOPIC, second)
        await desk.settled(second)

    assert (rows["broken"].status, rows["good"].status) == (FAILED, SENT)
    assert rows["broken"].error == "the channel broke: KeyError"
    assert (len(broken.sent), len(good.sent)) == (1, 2)


async def test_a_channel_that_never_answers_is_given_up(desk: Desk) -> None:
    class Mute(RecordingChannel):
        async def send(self, notice: Notice) -> str:
            await asyncio.Event().wait()
            return "never"

    event, plan = make_event(), RetryPlan(attempt_s=0.02, max_attempts=2)
    async with desk.running(desk.notifier({"mute": Mute()}, plan=plan)) as notifier:
        await notifier.handle(TOPIC, event)
        rows = await desk.settled(event)

    assert (rows["mute"].status, rows["mute"].error) == (FAILED, "no result within 0.02 s")


async def test_a_courier_sees_only_the_messages_of_its_channel(desk: Desk) -> None:
    first, second = make_event(0), make_event(1, label="car", dedupe_key="car")
    await desk.notifier({"dead": RecordingChannel()}).handle(TOPIC, first)
    await desk.notifier({"good": RecordingChannel()}).handle(TOPIC, second)

    deliveries = StoreDeliveries(desk.store, wake=lambda: None)
    due = await deliveries.due("good", now=desk.clock.now(), limit=1)
    assert [queued.notice.event_id for queued in due] == [second.id]


@pytest.mark.parametrize("error", [NotFound("no such picture"), FileNotFoundError("just deleted")])
async def test_without_its_picture_an_alert_is_sent_all_the_same(
    desk: Desk, error: Exception
) -> None:
    async def lost(event_id: UUID) -> bytes | None:
        del event_id
        raise error

    event, channel = make_event(), RecordingChannel()
    notifier = desk.notifier({"log": channel}, find_picture=lost)
    async with desk.running(notifier):
        await notifier.handle(TOPIC, event)
        await desk.settled(event)

    assert channel.sent[0].picture is None


async def test_an_outcome_is_noted_though_the_store_is_busy_and_nothing_is_sent_twice(
    desk: Desk,
) -> None:
    class Busy(StoreDeliveries):
        refusals = 2

        async def sent(self, fact: NotifyFact) -> None:
            if self.refusals:
                self.refusals -= 1
                raise StorageFailed("the database is locked")
            await super().sent(fact)

    event, channel = make_event(), RecordingChannel()
    deliveries = Busy(desk.store, wake=lambda: None)
    async with desk.running(desk.notifier({"log": channel}, deliveries=deliveries)) as notifier:
        await notifier.handle(TOPIC, event)
        await desk.settled(event)

    assert (channel.calls, deliveries.refusals) == (1, 0)


async def test_a_store_that_cannot_be_read_is_tried_again(desk: Desk) -> None:
    class Shy(StoreDeliveries):
        refusals = 2

        async def due(self, channel: str, *, now: Any, limit: int) -> Sequence[Any]:
            if self.refusals:
                self.refusals -= 1
                raise StorageFailed("the database is locked")
            return await super().due(channel, now=now, limit=limit)

    event, channel = make_event(), RecordingChannel()
    deliveries = Shy(desk.store, wake=lambda: None)
    async with desk.running(desk.notifier({"log": channel}, deliveries=deliveries)) as notifier:
        await notifier.handle(TOPIC, event)
        await desk.settled(event)

    assert len(channel.sent) == 1


async def test_stopping_lets_the_attempt_in_hand_finish_and_closes_the_channels(
    desk: Desk,
) -> None:
    class Gated(RecordingChannel):
        def __init__(self) -> None:
            super().__init__()
            self.gate = asyncio.Event()

        async def send(self, notice: Notice) -> str:
            self.calls += 1
            await self.gate.wait()
            return await super().send(notice)

    first, second = make_event(0), make_event(0, label="car", dedupe_key="car")
    channel = Gated()
    notifier = desk.notifier({"slow": channel})
    await notifier.handle(TOPIC, first)
    await notifier.handle(TOPIC, second)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(notifier.run())
        await until(lambda: channel.calls == 1)
        stopping = tasks.create_task(notifier.stop(grace_s=10.0))
        await asyncio.sleep(0)
        channel.gate.set()
        await stopping

    assert [n.event_id for n in channel.sent] == [first.id]
    assert (await desk.of(first))["slow"].status is SENT
    assert (await desk.of(second))["slow"].status is QUEUED
    assert channel.closed
