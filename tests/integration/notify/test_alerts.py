"""Alerts as people have them: raised once, counted, acknowledged, muted, escalated; kept."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from vedette.alerts.policy import AlertPolicy
from vedette.alerts.site_policy import Route, SitePolicy, SiteRule
from vedette.alerts.wish import ChannelWish
from vedette.contracts.alert import Alert, AlertAction, AlertState
from vedette.contracts.errors import InvalidInput, NotFound, WrongState
from vedette.contracts.event import Event, Severity
from vedette.services.alert_book import StoreAlertBook
from vedette.services.alert_desk import AlertDesk
from vedette.services.courier import CourierKit
from vedette.services.deliveries import StoreDeliveries
from vedette.services.escalation import Escalation, Step
from vedette.services.notifier import TOPIC, Notifier, Office
from vedette.store.scope import SiteScope
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock, RecordingChannel, until
from vedette.testing.store_samples import HOME, NOON, make_event, with_places

ELSEWHERE = SiteScope(["elsewhere"])


class House:
    """A store, and notifiers that come and go over it."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock = store, clock
        self.family, self.boss = RecordingChannel(), RecordingChannel()
        self.steps: tuple[Step, ...] = ()
        self.sites = SitePolicy()
        self.notifier = self.another()
        self.desk = AlertDesk(store, mutes_changed=self.mutes_changed)

    async def mutes_changed(self) -> None:
        await self.notifier.mutes_changed()

    def another(self, **policy: Any) -> Notifier:
        """One that remembers nothing but what is stored."""
        kit = CourierKit(
            deliveries=StoreDeliveries(self.store, wake=lambda: None),
            find_picture=self.no_picture,
            clock=self.clock,
            rng=random.Random(1),  # noqa: S311  jitter that repeats
        )
        self.notifier = Notifier(
            AlertPolicy(**{"quiet_s": 60.0, **policy}),
            {"family": self.family, "boss": self.boss},
            kit,
            Office(
                wishes={"boss": ChannelWish(only_escalations=True)},
                sites=self.sites,
                book=StoreAlertBook(self.store, self.clock),
                escalation=self.escalation,
            ),
        )
        return self.notifier

    def escalation(self, tell: Any) -> Escalation:
        self.escalating = Escalation(self.steps, self.store, self.clock, tell)
        return self.escalating

    async def no_picture(self, event_id: object) -> None:
        del event_id

    async def happens(self, event: Event) -> None:
        await self.notifier.handle(TOPIC, event)

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Without the escalation, whose clock nobody waits for here."""
        notifier = self.notifier
        notifier._escalation = None
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(notifier.run())
            try:
                yield
            finally:
                await notifier.stop(grace_s=0.1)

    async def only(self) -> Alert:
        [alert] = await self.desk.find(HOME)
        return alert

    async def done(self, alert: Alert) -> list[tuple[str, str, str]]:
        _, history = await self.desk.get(HOME, alert.id)
        return [(line.action.value, line.by, line.note) for line in history]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock = FakeClock(NOON)
    store = await with_places(await Store.open(tmp_path / "vedette.db", clock))
    yield House(store, clock)
    await store.close()


async def test_events_within_the_silence_belong_to_the_alert_before(house: House) -> None:
    for event in (make_event(0), make_event(10), make_event(20), make_event(20)):
        await house.happens(event)

    alert = await house.only()

    assert (alert.state, alert.events, alert.event_id) == (
        AlertState.RAISED,
        3,
        make_event(0).id,
    )
    assert (alert.last_event_id, alert.title) == (make_event(20).id, "Person entered lawn (yard)")
    assert await house.done(alert) == [("raised", "", "")]


async def test_an_alert_has_a_history_with_who_did_what(house: House) -> None:
    await house.happens(make_event(0))
    alert = await house.only()
    act = house.desk.act

    await act(HOME, alert.id, AlertAction.ACKNOWLEDGED, by="ada", note="on my way")
    await act(HOME, alert.id, AlertAction.ASSIGNED, by="ada", to="bob")
    await act(HOME, alert.id, AlertAction.RESOLVED, by="bob")
    resolved = await house.only()
    await act(HOME, alert.id, AlertAction.REOPENED, by="ada", note="he is back")
    again = await house.only()

    assert (resolved.state, resolved.acknowledged_by, resolved.assignee, resolved.resolved_by) == (
        AlertState.RESOLVED,
        "ada",
        "bob",
        "bob",
    )
    assert (again.state, again.acknowledged_by, again.assignee) == (AlertState.RAISED, "", "bob")
    assert await house.done(alert) == [
        ("raised", "", ""),
        ("acknowledged", "ada", "on my way"),
        ("assigned", "ada", "to bob"),
        ("resolved", "bob", ""),
        ("reopened", "ada", "he is back"),
    ]


@pytest.mark.parametrize(
    ("before", "deed", "may"),
    [
        ([], AlertAction.REOPENED, "resolved"),
        ([AlertAction.ACKNOWLEDGED], AlertAction.ACKNOWLEDGED, "raised"),
        ([AlertAction.RESOLVED], AlertAction.RESOLVED, "raised or acknowledged"),
        ([AlertAction.RESOLVED], AlertAction.ACKNOWLEDGED, "raised"),
        ([AlertAction.RESOLVED], AlertAction.ASSIGNED, "raised or acknowledged"),
    ],
)
async def test_what_cannot_be_done_is_said_and_changes_nothing(
    house: House, before: list[AlertAction], deed: AlertAction, may: str
) -> None:
    await house.happens(make_event(0))
    alert = await house.only()
    for action in before:
        await house.desk.act(HOME, alert.id, action, by="ada")
    known = await house.only()

    with pytest.raises(WrongState, match=f"it can be {deed.value} while it is {may}"):
        await house.desk.act(HOME, alert.id, deed, by="eve")

    assert await house.only() == known


async def test_another_sites_alerts_are_not_there(house: House) -> None:
    await house.happens(make_event(0))
    alert = await house.only()

    assert await house.desk.find(ELSEWHERE) == ()
    with pytest.raises(NotFound):
        await house.desk.get(ELSEWHERE, alert.id)
    with pytest.raises(NotFound):
        await house.desk.act(ELSEWHERE, alert.id, AlertAction.RESOLVED, by="eve")
    with pytest.raises(InvalidInput):
        await house.desk.mute(ELSEWHERE, "home", lasts=timedelta(hours=1))
    assert (await house.only()).state is AlertState.RAISED


async def test_after_a_restart_the_silence_goes_on(house: House) -> None:
    await house.happens(make_event(0))
    house.another()
    await house.happens(make_event(30))
    house.another()
    await house.happens(make_event(70))

    newest, oldest = await house.desk.find(HOME)

    assert (oldest.events, newest.events) == (2, 1)
    assert newest.event_id == make_event(70).id


async def test_what_is_muted_is_silent_until_it_is_not(house: House) -> None:
    mute = await house.desk.mute(HOME, "home", lasts=timedelta(minutes=5), camera_id="yard")
    await house.happens(make_event(1, severity=Severity.CRITICAL))
    house.another()
    await house.happens(make_event(2, severity=Severity.CRITICAL))
    muted = await house.desk.find(HOME)
    listed = await house.desk.mutes(HOME)
    house.clock.advance(10)
    ended = await house.desk.unmute(HOME, mute.id)
    await house.happens(make_event(20))

    assert muted == ()
    assert [each.id for each in listed] == [mute.id]
    assert ended.until == NOON + timedelta(seconds=10)
    assert (await house.only()).event_id == make_event(20).id
    with pytest.raises(NotFound):
        await house.desk.unmute(HOME, mute.id)


@pytest.mark.parametrize("lasts", [timedelta(0), timedelta(seconds=-1), timedelta(days=367)])
async def test_a_mute_has_an_end(house: House, lasts: timedelta) -> None:
    with pytest.raises(InvalidInput, match="a mute lasts up to 366 days"):
        await house.desk.mute(HOME, "home", lasts=lasts)


STEPS = (
    Step(after_s=300.0, channels=("boss",), min_severity=Severity.WARNING),
    Step(after_s=600.0, channels=("family", "boss"), min_severity=Severity.CRITICAL),
)


@pytest.mark.parametrize(
    ("severity", "acknowledged_after_s", "boss", "family"),
    [
        (Severity.CRITICAL, None, 2, 1),
        (Severity.WARNING, None, 1, 0),
        (Severity.INFO, None, 0, 0),
        (Severity.CRITICAL, 100, 0, 0),
        (Severity.CRITICAL, 400, 1, 0),
    ],
)
async def test_what_nobody_acknowledges_goes_to_others(
    house: House, severity: Severity, acknowledged_after_s: int | None, boss: int, family: int
) -> None:
    house.steps = STEPS
    house.another()
    await house.happens(make_event(0, severity=severity))
    for minute in range(20):
        house.clock.advance(60)
        if acknowledged_after_s is not None and minute == acknowledged_after_s // 60:
            alert = await house.only()
            await house.desk.act(HOME, alert.id, AlertAction.ACKNOWLEDGED, by="ada")
        await house.escalating.look()
        await house.escalating.look()
    async with house.delivering():
        await until(lambda: len(house.family.sent) == 1 + family)
        await until(lambda: len(house.boss.sent) == boss)

    titles = [notice.title for notice in house.boss.sent]
    assert titles == ["Not acknowledged: Person entered lawn (yard)"] * boss
    assert len({notice.alert_id for notice in house.boss.sent}) == boss
    raised = await house.only()
    assert {notice.escalates for notice in house.boss.sent} <= {raised.id}
    told = [line for line in await house.done(await house.only()) if line[0] == "escalated"]
    assert len(told) == boss
    if boss:
        assert house.boss.sent[0].text.startswith("Nobody has acknowledged this for 5 min.")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (SiteRule(), 3),
        (SiteRule(enabled=False), 0),
        (SiteRule(channels=("boss",)), 0),
        (SiteRule(most_a_minute=2), 2),
        (SiteRule(routes=(Route(channels=("family",)),)), 3),
        (SiteRule(routes=(Route(min_severity=Severity.CRITICAL, channels=("family",)),)), 0),
    ],
)
async def test_what_a_site_does_not_let_out_is_not_sent(
    house: House, rule: SiteRule, told: int
) -> None:
    house.sites = SitePolicy(sites={"home": rule})
    house.another(quiet_s=0.0)
    for number in range(3):
        await house.happens(make_event(number, rule_id=f"rule-{number}"))
    async with house.delivering():
        await until(lambda: len(house.family.sent) >= told)

    assert len(house.family.sent) == told
    assert len(await house.desk.find(HOME)) == 3, "alerts are kept all the same"


async def test_a_process_that_dies_while_it_escalates_tells_nobody_twice(house: House) -> None:
    house.steps = STEPS[:1]
    house.another()
    await house.happens(make_event(0, severity=Severity.CRITICAL))
    house.clock.advance(301)
    before = await house.only()
    await house.escalating.look()
    async with house.store.write() as unit:  # as if the row had not been changed any more
        await unit.alerts(HOME).change(await house.only(), before)
    await house.escalating.look()
    async with house.delivering():
        await until(lambda: len(house.boss.sent) > 0)

    assert len(house.boss.sent) == 1
    assert house.notifier._fates == {}, "nothing is remembered of what is settled"


async def test_old_alerts_are_forgotten_with_their_history(house: House) -> None:
    await house.happens(make_event(0))
    alert = await house.only()
    async with house.store.write() as unit:
        kept = await unit.alerts(HOME).forget(before=NOON, limit=10)
        gone = await unit.alerts(HOME).forget(before=NOON + timedelta(days=1), limit=10)
        history = await unit.alerts(HOME).history(alert.id)

    assert (kept, gone, history) == (0, 1, ())
