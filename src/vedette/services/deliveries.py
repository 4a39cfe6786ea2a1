"""Which alert goes to which channel, kept: row and fact in one transaction, the relay tells."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from vedette.contracts.facts import NotifyFact
from vedette.contracts.notice import Notice
from vedette.contracts.topics import notify_topic
from vedette.store.scope import SiteScope
from vedette.store.store import Store
from vedette.store.unit import Unit


class Queued(Protocol):
    """One message that waits for its channel."""

    @property
    def id(self) -> int:
        """Its number in the log, in the order in which messages came."""
        ...

    @property
    def notice(self) -> Notice:
        """Without its picture."""
        ...

    @property
    def attempts(self) -> int:
        """How often it was claimed already."""
        ...

    @property
    def doubtful(self) -> bool:
        """An attempt was begun of which nobody knows how it ended."""
        ...

    @property
    def created_at(self) -> datetime:
        """Since when it is on its way."""
        ...


class Deliveries(Protocol):
    """The memory of the notifier: what it must not forget, and must not do twice."""

    async def queue(self, notice: Notice, fact: NotifyFact) -> bool:
        """Note that an alert is to go to a channel; False when that is known already."""
        ...

    async def due(self, channel: str, *, now: datetime, limit: int) -> Sequence[Queued]:
        """Messages of one channel that may be claimed now: critical ones, then the oldest."""
        ...

    async def waiting(self, channel: str, *, limit: int) -> Sequence[Queued]:
        """All messages of one channel that are not settled, the oldest first."""
        ...

    async def hasten(self, channel: str) -> None:
        """Whatever of a channel waits for its next try may be claimed now."""
        ...

    async def begin_digest(self, fact: NotifyFact, up_to: int) -> None:
        """All that waits of its site and channel, up to a number, is being told as one."""
        ...

    async def digest_missed(self, fact: NotifyFact, up_to: int) -> None:
        """That failed; all of it waits on."""
        ...

    async def digested(self, digest: Notice, fact: NotifyFact, up_to: int) -> None:
        """That arrived: it is in the log, and all of it is settled by it."""
        ...

    async def claim(self, notice: Notice, channel: str, *, now: datetime, lease_s: float) -> bool:
        """Take a message for one attempt; False when it is settled, or somebody else has it."""
        ...

    async def sent(self, fact: NotifyFact) -> None:
        """It arrived."""
        ...

    async def retry(self, fact: NotifyFact, *, after: datetime) -> None:
        """An attempt failed; not again before `after`."""
        ...

    async def failed(self, fact: NotifyFact) -> None:
        """It will not be tried again."""
        ...

    async def release(self) -> None:
        """Forget all claims and waits: whoever had them is dead. At the start, once."""
        ...


class StoreDeliveries:
    """`Deliveries` in the relational store; the facts go through the outbox."""

    def __init__(self, store: Store, *, wake: Callable[[], None]) -> None:
        """`wake` tells the relay that the outbox has something new."""
        self._store = store
        self._wake = wake

    async def queue(self, notice: Notice, fact: NotifyFact) -> bool:
        async with self._store.write() as unit:
            log = unit.notifications(SiteScope(notice.site_id))
            new = await log.queue(notice, fact.channel, now=fact.at)
            if new:
                await self._tell(unit, fact)
        self._wake()
        return new

    async def due(self, channel: str, *, now: datetime, limit: int) -> Sequence[Queued]:
        async with self._store.read() as unit:
            log = unit.notifications(await unit.every_site())
            return await log.due(now=now, limit=limit, channel=channel)

    async def waiting(self, channel: str, *, limit: int) -> Sequence[Queued]:
        async with self._store.read() as unit:
            log = unit.notifications(await unit.every_site())
            return await log.waiting(channel, limit=limit)

    async def hasten(self, channel: str) -> None:
        async with self._store.write() as unit:
            await unit.notifications(await unit.every_site()).hasten(channel)

    async def begin_digest(self, fact: NotifyFact, up_to: int) -> None:
        async with self._store.write() as unit:
            log = unit.notifications(SiteScope(fact.site_id))
            await log.begin_digest(fact.channel, up_to, now=fact.at)

    async def digest_missed(self, fact: NotifyFact, up_to: int) -> None:
        async with self._store.write() as unit:
            log = unit.notifications(SiteScope(fact.site_id))
            await log.digest_missed(fact.channel, up_to, fact.error, now=fact.at)

    async def digested(self, digest: Notice, fact: NotifyFact, up_to: int) -> None:
        async with self._store.write() as unit:
            log = unit.notifications(SiteScope(fact.site_id))
            await log.digested(fact.channel, up_to, digest.alert_id, now=fact.at)
            await log.queue(digest, fact.channel, now=fact.at)
            await log.sent(fact.alert_id, fact.channel, fact.target, now=fact.at)
            await self._tell(unit, fact)
        self._wake()

    async def claim(self, notice: Notice, channel: str, *, now: datetime, lease_s: float) -> bool:
        async with self._store.write() as unit:
            log = unit.notifications(SiteScope(notice.site_id))
            return await log.claim(notice.alert_id, channel, now=now, lease_s=lease_s)

    async def sent(self, fact: NotifyFact) -> None:
        async with self._store.write() as unit:
            log = unit.notifications(SiteScope(fact.site_id))
            await log.sent(fact.alert_id, fact.channel, fact.target, now=fact.at)
            await self._tell(unit, fact)
        self._wake()

    async def retry(self, fact: NotifyFact, *, after: datetime) -> None:
        async with self._store.write() as unit:
            log = unit.notifications(SiteScope(fact.site_id))
            await log.retry(fact.alert_id, fact.channel, fact.error, now=fact.at, after=after)

    async def failed(self, fact: NotifyFact) -> None:
        async with self._store.write() as unit:
            log = unit.notifications(SiteScope(fact.site_id))
            await log.failed(fact.alert_id, fact.channel, fact.error, now=fact.at)
            await self._tell(unit, fact)
        self._wake()

    async def release(self) -> None:
        async with self._store.write() as unit:
            await unit.notifications(await unit.every_site()).release()

    @staticmethod
    async def _tell(unit: Unit, fact: NotifyFact) -> None:
        outbox = unit.outbox(SiteScope(fact.site_id))
        topic = notify_topic(fact.channel, fact.status)
        await outbox.add(
            topic, fact, site_id=fact.site_id, now=fact.at, key=f"{topic}:{fact.alert_id}"
        )
