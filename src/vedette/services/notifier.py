"""Tells people: asks the alert policy about each new event, and hands alerts to the couriers.

Store first, then send: an alert is a row per channel before anything leaves the machine, so a
repeated fact sends nothing twice and a crash loses nothing. Nothing here can slow a camera.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, TypeGuard
from uuid import UUID

from vedette.alerts.policy import AlertPolicy, refusal_of, verdict_of
from vedette.alerts.site_policy import SitePolicy, SiteState
from vedette.alerts.wish import EVERYTHING, ChannelWish, Readers
from vedette.contracts.event import Event, Severity
from vedette.contracts.health import Health, HealthLevel, PartHealth
from vedette.contracts.notice import DeliveryStatus, Notice
from vedette.contracts.payload import Payload
from vedette.contracts.verdict import Numbers, Verdict
from vedette.kit.supervise import keep_running
from vedette.notify.hands import Hands, Hearing
from vedette.notify.port import Channel
from vedette.services.alert_book import AlertBook
from vedette.services.courier import Courier, CourierKit, CourierStats, fact_of
from vedette.services.escalation import Escalation, Tell
from vedette.services.follow_ups import FollowUps

log = logging.getLogger(__name__)

TOPIC = "event.opened"

GRACE_S = 10.0
"""How long an attempt in hand may go on after `stop`."""

Record = Callable[[Event, Verdict], Awaitable[None]]
"""Keeps a line of the decision ledger; may hear of the same event twice."""

_QUEUEING = ""
"""Stands for the channels that an alert is not queued for yet."""


@dataclass(slots=True)
class _Fate:
    """What became of one alert so far."""

    open: set[str] = field(default_factory=set)
    """Channels that may still deliver it."""
    arrived: bool = False
    failed: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once no channel may deliver it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Who helps the notifier; nobody has to."""

    wishes: Mapping[str, ChannelWish] = field(default_factory=dict)
    """What each channel wants to be told of; everything where it says nothing."""
    readers: Readers = field(default_factory=Readers)
    """Who reads which channel, and what they want to be told of."""
    sites: SitePolicy = field(default_factory=SitePolicy)
    """What each site lets out."""
    record: Record | None = None
    """Keeps the ledger's lines."""
    book: AlertBook | None = None
    """Where alerts are kept for people."""
    escalation: Callable[[Tell], Escalation] | None = None
    """Makes the one who tells others what nobody acknowledges."""
    follow_ups: Callable[[Tell], FollowUps] | None = None
    """Makes the one who brings videos after alerts."""
    hands: Hands | None = None
    """What people may do from channels that hear them."""


class Notifier:
    """Subscribe `handle` to its topics, `run` in a task, `stop` at the end."""

    def __init__(
        self,
        policy: AlertPolicy,
        channels: Mapping[str, Channel],
        kit: CourierKit,
        office: Office | None = None,
    ) -> None:
        """`channels` by the name that topics and the log show."""
        office = office or Office()
        self._policy = policy
        self._state = policy.start()
        self._kit = kit
        self._wishes = office.wishes
        self._readers = office.readers
        self._sites = office.sites
        self._site_state = SiteState()
        self._record = office.record
        self._book = office.book
        self._hands = office.hands
        self._ears = {name: channel for name, channel in channels.items() if _hears(channel)}
        escalation = office.escalation
        self._escalation = None if escalation is None else escalation(self.tell)
        self._follow_ups = None if office.follow_ups is None else office.follow_ups(self.tell)
        self._remembers = office.book is None
        self._remembering = asyncio.Lock()
        self._fates: dict[UUID, _Fate] = {}
        self._couriers = {
            name: Courier(name, channel, kit, settled=self._settled)
            for name, channel in channels.items()
        }
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped = asyncio.Event()

    async def handle(self, topic: str, payload: Payload) -> None:
        """Judge an event that opened, or bring its video; idempotent, so it may be told again.

        Raises:
            StorageFailed: the alert cannot be noted now; the relay tells the event again.
        """
        if self._follow_ups is not None:
            await self._follow_ups.handle(topic, payload)
        if topic != TOPIC or not isinstance(payload, Event):
            return
        await self._remember()
        with self._kit.tracer.span("decide", payload.correlation_id) as doing:
            self._state, decision = self._policy.consider(self._state, payload, payload.opened_at)
            verdict = verdict_of(payload, decision)
            doing.attributes["code"] = verdict.code
            refused: list[Verdict] = []
            if self._book is not None and decision.joins is not None:
                await self._book.repeated(decision.joins, payload)
            if decision.notice is not None:
                if self._book is not None:
                    await self._book.raised(decision.notice)
                refused = [
                    refusal_of(payload, name, why)
                    for name, why in (await self._queue(decision.notice)).items()
                ]
            if self._record is not None:
                for each in (verdict, *refused):
                    await self._record(payload, each)

    async def run(self) -> None:
        """Deliver until `stop`; first what an earlier life left queued."""
        clock, rng = self._kit.clock, self._kit.rng
        try:
            await keep_running("notifier", self._kit.deliveries.release, clock, rng=rng)
            async with asyncio.TaskGroup() as tasks:
                ended = tasks.create_task(self._stopped.wait())
                for name, work in self._beside().items():
                    beside = tasks.create_task(keep_running(name, work, clock, rng=rng))
                    ended.add_done_callback(partial(_cancel, beside))
                self._tasks = [
                    tasks.create_task(keep_running(f"channel {name}", courier.run, clock, rng=rng))
                    for name, courier in self._couriers.items()
                ]
        finally:
            for courier in self._couriers.values():
                await courier.close()

    async def stop(self, *, grace_s: float = GRACE_S) -> None:
        """Let attempts in hand finish within `grace_s`; what is left stays queued."""
        for courier in self._couriers.values():
            courier.stop()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace_s)
            for task in late:
                log.warning("%s did not finish in time; it goes on at the next start", task)
                task.cancel()
        self._stopped.set()

    def _beside(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What else goes on until the end, by name."""
        work: dict[str, Callable[[], Awaitable[None]]] = {}
        if self._escalation is not None:
            work["escalation"] = self._escalation.run
        if (hands := self._hands) is not None:
            for name, channel in self._ears.items():
                work[f"what people say on {name}"] = partial(channel.hear, hands)
        return work

    async def tell(self, notice: Notice, channels: Collection[str]) -> None:
        """Queue a notice for some channels, whatever they wish; twice is once.

        Raises:
            StorageFailed: it cannot be noted now.
        """
        fate = self._fates.setdefault(notice.alert_id, _Fate())
        fate.open.add(_QUEUEING)
        try:
            for name, courier in self._couriers.items():
                if name in channels and await self._queue_for(name, notice, fate):
                    courier.stats.queued += 1
                    courier.wake()
        finally:
            fate.open.discard(_QUEUEING)
            self._conclude(notice, fate)

    async def submit(
        self, notice: Notice, channels: Collection[str] | None = None
    ) -> dict[str, Numbers]:
        """Queue what somebody asked for at the gateway, as far as everybody's wishes allow.

        Args:
            channels: only over these, where somebody said so.
        Returns:
            The channels that do not get it, with their reasons.
        Raises:
            StorageFailed: it cannot be noted now.
        """
        await self._remember()
        why = self._policy.against(self._state, notice)
        if why is not None:
            return dict.fromkeys(self._couriers, why)
        return await self._queue(notice, channels)

    async def concluded(self, alert_id: UUID, *, within_s: float) -> None:
        """Wait until no channel may deliver an alert any more, but not longer than this."""
        fate = self._fates.get(alert_id)
        if fate is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(fate.over.wait(), within_s)

    async def mutes_changed(self) -> None:
        """Somebody muted something, or does not any more.

        Raises:
            StorageFailed: the mutes cannot be read now; the ones before hold.
        """
        if self._book is not None:
            self._state = self._policy.muted(self._state, await self._book.mutes())

    async def _remember(self) -> None:
        """Before the first event: what an earlier life told, and what is muted."""
        if self._remembers or self._book is None:
            return
        async with self._remembering:
            if not self._remembers:
                within = timedelta(seconds=self._policy.longest_s)
                alerts = await self._book.recent(within)
                self._state = self._policy.restored(self._state, alerts)
                await self.mutes_changed()
                self._remembers = True

    @property
    def channels(self) -> Collection[str]:
        """Their names."""
        return self._couriers.keys()

    def wake(self, channel: str) -> None:
        """A message of a channel waits again; nothing where there is no such channel."""
        if courier := self._couriers.get(channel):
            courier.wake()

    def stats(self) -> tuple[CourierStats, ...]:
        """Figures per channel."""
        return tuple(courier.stats for courier in self._couriers.values())

    def health(self) -> Health:
        """Degraded while a channel cannot be reached."""
        away = {each.channel: each.away_since for each in self.stats() if each.away_since}
        if not away:
            return Health()
        said = ", ".join(f"{name} (since {at:%H:%M:%S} UTC)" for name, at in away.items())
        parts = tuple(
            PartHealth(
                name=name,
                level=HealthLevel.DEGRADED if name in away else HealthLevel.HEALTHY,
            )
            for name in self._couriers
        )
        return Health(level=HealthLevel.DEGRADED, detail=f"cannot be reached: {said}", parts=parts)

    async def _queue(
        self, notice: Notice, channels: Collection[str] | None = None
    ) -> dict[str, Numbers]:
        """Note it for every channel that wants it; returns the others, with their reasons."""
        fate = self._fates.setdefault(notice.alert_id, _Fate())
        fate.open.add(_QUEUEING)
        refused = self._refused(notice, channels)
        card = self._sites.of(notice.site_id).card
        notice = notice.model_copy(update={"card": card})
        try:
            for name, courier in self._couriers.items():
                if name not in refused and await self._queue_for(name, notice, fate):
                    courier.stats.queued += 1
                    courier.wake(urgent=notice.severity is Severity.CRITICAL)
            fate.failed |= bool(refused) and len(refused) == len(self._couriers)
        finally:
            fate.open.discard(_QUEUEING)
            self._conclude(notice, fate)
        return refused

    def _refused(self, notice: Notice, channels: Collection[str] | None) -> dict[str, Numbers]:
        """Whom it is not for: what people wish, what the site lets out, what the channel wishes.

        It counts towards the limit of its site only where somebody is to be told.
        """
        refused: dict[str, Numbers] = {}
        site = self._sites.of(notice.site_id)
        for name in self._couriers:
            asked = channels is None or name in channels
            why = (
                (None if asked else {"asked": ", ".join(channels or ())})
                or self._readers.against(name, notice)
                or site.against(name, notice.severity)
                or self._wishes.get(name, EVERYTHING).against(notice)
            )
            if why is not None:
                refused[name] = why
        if len(refused) < len(self._couriers):
            self._site_state, shut = self._sites.admit(self._site_state, notice, notice.at)
            if shut is not None:
                refused |= {name: shut for name in self._couriers if name not in refused}
        return refused

    async def _queue_for(self, name: str, notice: Notice, fate: _Fate) -> bool:
        known = name in fate.open
        fate.open.add(name)  # before the row exists: the courier may be very quick
        new = False
        try:
            fact = fact_of(notice, name, DeliveryStatus.QUEUED, at=self._kit.clock.now())
            new = await self._kit.deliveries.queue(notice, fact)
        finally:
            if not new and not known:
                fate.open.discard(name)
        return new

    def _settled(self, notice: Notice, name: str, arrived: bool) -> None:
        """A courier is done with a message."""
        if arrived:
            self._state = self._policy.sent(self._state, notice, notice.at)
        fate = self._fates.get(notice.alert_id)
        if fate is None:
            return  # of an earlier life
        fate.open.discard(name)
        fate.arrived |= arrived
        fate.failed |= not arrived
        self._conclude(notice, fate)

    def _conclude(self, notice: Notice, fate: _Fate) -> None:
        """Once no channel can deliver it any more: an alert that nobody got silences nobody."""
        if fate.open:
            return
        self._fates.pop(notice.alert_id, None)
        fate.over.set()
        if fate.failed and not fate.arrived:
            self._state = self._policy.failed(self._state, notice)


def _hears(channel: Any) -> TypeGuard[Hearing]:
    """People answer on it, and it is to listen."""
    return bool(getattr(channel, "hears", False))


def _cancel(task: "asyncio.Task[None]", ended: object) -> None:
    del ended
    task.cancel()
