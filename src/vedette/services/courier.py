"""Brings messages to one channel: in order, one at a time, again after a failure.

The store is the queue, so nothing is lost by a crash and nothing waits in memory. A message that
failed waits for its next try beside the others, not in front of them. After several failures in a
row the far end is away: from then on one message at a time is tried, and the others keep their
order; many of them become one once it is back. One courier per channel: a channel that is dead
holds up nobody else.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from vedette.bus.tracer import SILENT, Tracer
from vedette.contracts.errors import (
    DeliveryFailed,
    DeliveryRefused,
    StorageFailed,
    VedetteError,
)
from vedette.contracts.facts import NotifyFact
from vedette.contracts.notice import DeliveryStatus, Notice, Video, VideoKind
from vedette.contracts.span import Value
from vedette.kit.clock import Clock
from vedette.kit.correlation import about
from vedette.kit.supervise import backoff_s, guarded
from vedette.notify.port import Channel
from vedette.services.deliveries import Deliveries, Queued
from vedette.services.digest import digest_of
from vedette.services.outage import Outage, RetryPlan

log = logging.getLogger(__name__)

BATCH = 20
MOST_DIGESTED = 10_000
"""Messages of which one digest tells; the next one tells of what is beyond them."""
LEASE_SPARE_S = 60.0
"""A claim outlives the longest attempt by this, for noting its outcome."""

NOTE_ATTEMPTS = 5
SHORTEST_ALARM_S = 0.05

SAID_BEFORE = "(Perhaps said before: Vedette ended while it was saying it.)"

FindVideo = Callable[[UUID, VideoKind], Awaitable[Video | None]]
"""The video of an event; None where there is none that a message could bring."""

FindPicture = Callable[[UUID], Awaitable[bytes | None]]
"""The annotated picture of an event as JPEG; None where there is none."""


async def no_video(event_id: UUID, kind: VideoKind) -> None:
    """Where there are none."""
    del event_id, kind


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierKit:
    """What all couriers work with."""

    deliveries: Deliveries
    find_picture: FindPicture
    find_video: FindVideo = no_video
    clock: Clock
    rng: random.Random
    plan: RetryPlan = field(default_factory=RetryPlan)
    tracer: Tracer = SILENT


@dataclass(slots=True, kw_only=True)
class CourierStats:
    """One channel in figures, since the start."""

    channel: str
    queued: int = 0
    sent: int = 0
    failed: int = 0
    retried: int = 0
    digested: int = 0
    away_since: datetime | None = None
    """When it was first missed, while it is away."""


class Courier:
    """One channel and its messages. `run` in a task; `stop` lets the attempt in hand finish."""

    def __init__(
        self,
        name: str,
        channel: Channel,
        kit: CourierKit,
        *,
        settled: Callable[[Notice, str, bool], None],
    ) -> None:
        """`settled(notice, name, arrived)` hears once of each message that is over."""
        self.stats = CourierStats(channel=name)
        self._name = name
        self._channel = channel
        self._kit = kit
        self._settled = settled
        self._awake = asyncio.Event()
        self._urgent = False
        self._look_at: dict[UUID, datetime] = {}
        self._outage = Outage()
        self._stopping = False

    def wake(self, *, urgent: bool = False) -> None:
        """There is a new message; what is urgent goes before those that wait. In the loop."""
        self._urgent |= urgent
        self._awake.set()

    def stop(self) -> None:
        """Start nothing new, so that `run` ends soon. Call it in the loop."""
        self._stopping = True
        self._awake.set()

    async def run(self) -> None:
        """Deliver what is due, then wait; until `stop`.

        Raises:
            StorageFailed: the messages cannot be read, or an outcome cannot be noted.
        """
        while not self._stopping:
            self._awake.clear()
            self._urgent = False
            if self._outage.away:
                await self._knock()
            elif not await self._round() and not self._stopping:
                await self._wait(min(self._look_at.values(), default=None))

    async def _round(self) -> bool:
        """Try what is due; False where nothing is."""
        now = self._kit.clock.now()
        due = await self._kit.deliveries.due(self._name, now=now, limit=BATCH)
        for number, queued in enumerate(due):
            if self._stopping or self._outage.away or (number and self._urgent):
                break
            with about(queued.notice.correlation_id):
                await self._try(queued)
        return bool(due)

    async def _knock(self) -> None:
        """Try what waits for a far end that is away, when it is time to: as one, or the oldest."""
        plan, outage = self._kit.plan, self._outage
        waiting = await self._kit.deliveries.waiting(self._name, limit=MOST_DIGESTED)
        if not waiting:  # all were refused, or given up
            self._outage, self.stats.away_since = Outage(), None
            return
        if outage.next_at is not None and outage.next_at > self._kit.clock.now():
            await self._wait(outage.next_at)
            return
        alerts = [each for each in waiting if each.notice.follow_up is None]
        if len(alerts) > plan.digest_over and not outage.one_by_one:
            await self._tell_as_one(waiting)
            return
        for queued in waiting[: max(1, plan.digest_over)]:
            if self._stopping:
                return
            with about(queued.notice.correlation_id):
                if not await self._try(queued):
                    outage.next_at = self._kit.clock.now() + timedelta(seconds=1)
            if outage.away and queued.attempts + 1 < plan.max_attempts:
                return  # the next ones keep their place, unless it is this one that is disliked

    async def _tell_as_one(self, waiting: Sequence[Queued]) -> None:
        """A digest for each site. They are settled by it only once it has arrived."""
        by_site: dict[str, list[Queued]] = {}
        for each in waiting:
            by_site.setdefault(each.notice.site_id, []).append(each)
        for group in by_site.values():
            if self._stopping or not await self._digest(group):
                return
        self._reached()

    async def _digest(self, group: Sequence[Queued]) -> bool:
        """Whether it arrived."""
        now, since, up_to = self._kit.clock.now(), self._outage.since, group[-1].id
        notices = [each.notice for each in group]
        alerts = [each for each in notices if each.follow_up is None]
        if not alerts:
            return True  # videos alone: one after the other, once it is back
        digest = digest_of(alerts, self._name, since or now, now)
        if any(each.doubtful for each in group):
            digest = _said_before(digest)
        deliveries = self._kit.deliveries
        await deliveries.begin_digest(self._fact(digest, DeliveryStatus.QUEUED, 1), up_to)
        outcome = await self._send(digest)
        if isinstance(outcome, str):
            self.stats.sent += 1
            self.stats.digested += len(alerts)
            sent = self._fact(digest, DeliveryStatus.SENT, 1, target=outcome)
            await self._note(lambda: deliveries.digested(digest, sent, up_to))
            for notice in notices:
                self._settled(notice, self._name, True)
            log.info("%s: %d alerts told as one", self._name, len(alerts))
            return True
        failed = self._fact(digest, DeliveryStatus.QUEUED, 1, error=str(outcome) or "it failed")
        await self._note(lambda: deliveries.digest_missed(failed, up_to))
        if isinstance(outcome, DeliveryFailed):
            tries = self._outage.misses + 1
            pause_s = self._kit.plan.pause_s(tries, outcome.retry_after_s, self._kit.rng)
            self._outage.missed(self._kit.clock.now(), pause_s)
            for each in group:
                if self._over(each, number := each.attempts + 1):
                    await self._lost(each.notice, number, outcome)
        else:
            self._outage.one_by_one = True
        return False

    async def close(self) -> None:
        """Give back what the channel holds."""
        with guarded(f"closing channel {self._name}"):
            await self._channel.close()

    async def _wait(self, until: datetime | None) -> None:
        """Until somebody wakes us, or it is time."""
        if until is None:
            await self._awake.wait()
            return
        async with asyncio.TaskGroup() as tasks:
            alarm = tasks.create_task(self._alarm(until))
            await self._awake.wait()
            alarm.cancel()

    async def _alarm(self, at: datetime) -> None:
        pause = at - self._kit.clock.now()
        await self._kit.clock.sleep(max(SHORTEST_ALARM_S, pause.total_seconds()))
        self._awake.set()

    async def _try(self, queued: Queued) -> bool:
        """Claim, attempt once, note the outcome; False where somebody else has it."""
        notice, number = queued.notice, queued.attempts + 1
        lease_s = self._kit.plan.attempt_s + LEASE_SPARE_S
        now = self._kit.clock.now()
        self._look_at.pop(notice.alert_id, None)
        if not await self._kit.deliveries.claim(notice, self._name, now=now, lease_s=lease_s):
            return False
        self._look_at[notice.alert_id] = now + timedelta(seconds=lease_s)
        about: dict[str, Value] = {
            "channel": self._name,
            "alert": str(notice.alert_id),
            "attempt": number,
        }
        with self._kit.tracer.span("deliver", notice.correlation_id, **about) as doing:
            outcome = await self._send(_said_before(notice) if queued.doubtful else notice)
            doing.error = str(outcome) if isinstance(outcome, Exception) else ""
        if isinstance(outcome, str):
            await self._arrived(notice, number, outcome)
        elif isinstance(outcome, DeliveryFailed):
            await self._missed(queued, number, outcome)
        else:
            await self._lost(notice, number, outcome)
        return True

    async def _send(self, notice: Notice) -> str | Exception:
        """One attempt: who was reached, or why nobody was."""
        limit_s = self._kit.plan.attempt_s
        with guarded(f"channel {self._name}") as outcome:  # a plug-in may raise anything
            try:
                async with asyncio.timeout(limit_s):
                    return await self._channel.send(await self._whole(notice))
            except (DeliveryFailed, DeliveryRefused) as error:
                return error
            except TimeoutError:
                return DeliveryFailed(f"no result within {limit_s:g} s")
        return DeliveryRefused(f"the channel broke: {type(outcome.error).__name__}")

    async def _whole(self, notice: Notice) -> Notice:
        """With its picture, or its video.

        Raises:
            DeliveryRefused: a video is all that it brings, and there is none any more.
        """
        event_id, follow_up = notice.event_id, notice.follow_up
        try:
            if follow_up is None:
                picture = await self._kit.find_picture(event_id)
                return notice.model_copy(update={"picture": picture})
            video = await self._kit.find_video(event_id, follow_up.kind)
        except (VedetteError, OSError) as error:  # retention may have deleted it just now
            log.warning("alert %s goes without its picture: %s", notice.alert_id, error)
            video = None
        if follow_up is not None and video is None:
            raise DeliveryRefused("the event has no video any more that a message could bring")
        return notice.model_copy(update={"video": video})

    async def _arrived(self, notice: Notice, number: int, target: str) -> None:
        self.stats.sent += 1
        fact = self._fact(notice, DeliveryStatus.SENT, number, target=target)
        await self._note(lambda: self._kit.deliveries.sent(fact))
        self._settled(notice, self._name, True)
        self._look_at.pop(notice.alert_id, None)
        log.info("%s: alert %s sent to %s", self._name, notice.alert_id, target)
        if self._reached():
            self._look_at.clear()
            await self._kit.deliveries.hasten(self._name)

    def _reached(self) -> bool:
        """True where it had been away."""
        was_away = self._outage.reached(self._kit.clock.now())
        if was_away:
            log.warning("%s can be reached again", self._name)
            self.stats.away_since = None
        return was_away

    async def _missed(self, queued: Queued, number: int, error: DeliveryFailed) -> None:
        """An attempt failed that may succeed later."""
        plan, outage, now = self._kit.plan, self._outage, self._kit.clock.now()
        tries = max(number, outage.misses + 1) if outage.away else number
        pause_s = plan.pause_s(tries, error.retry_after_s, self._kit.rng)
        now_away = outage.missed(now, pause_s)
        if self._over(queued, number):
            await self._lost(queued.notice, number, error)
        else:
            await self._postponed(queued.notice, number, error, pause_s)
        if now_away:
            log.warning("%s cannot be reached; messages wait: %s", self._name, error)
            self.stats.away_since = outage.since
            await self._kit.deliveries.hasten(self._name)

    def _over(self, queued: Queued, number: int) -> bool:
        """Whether a message whose attempt `number` failed is given up."""
        plan, now = self._kit.plan, self._kit.clock.now()
        kept = self._outage.keeps(queued.created_at, now, plan.patience_s)
        return number >= plan.max_attempts and not kept

    async def _postponed(
        self, notice: Notice, number: int, error: DeliveryFailed, pause_s: float
    ) -> None:
        self.stats.retried += 1
        after = self._kit.clock.now() + timedelta(seconds=pause_s)
        said = str(error) or "it failed"
        fact = self._fact(notice, DeliveryStatus.QUEUED, number, error=said)
        await self._note(lambda: self._kit.deliveries.retry(fact, after=after))
        self._look_at[notice.alert_id] = after
        told = "%s: alert %s not delivered, next try in %.1f s: %s"
        log.warning(told, self._name, notice.alert_id, pause_s, said)

    async def _lost(self, notice: Notice, number: int, error: Exception) -> None:
        self.stats.failed += 1
        fact = self._fact(notice, DeliveryStatus.FAILED, number, error=str(error))
        await self._note(lambda: self._kit.deliveries.failed(fact))
        self._settled(notice, self._name, False)
        self._look_at.pop(notice.alert_id, None)
        said = "%s: alert %s given up at attempt %d: %s"
        log.error(said, self._name, notice.alert_id, number, error)

    async def _note(self, step: Callable[[], Awaitable[None]]) -> None:
        """Note an outcome; what is done must not be forgotten because the store was busy."""
        for number in range(1, NOTE_ATTEMPTS):
            try:
                await step()
            except StorageFailed as error:
                log.warning("%s: an outcome cannot be noted yet: %s", self._name, error)
                await self._kit.clock.sleep(backoff_s(number, self._kit.rng))
            else:
                return
        await step()

    def _fact(
        self,
        notice: Notice,
        status: DeliveryStatus,
        attempts: int,
        *,
        target: str = "",
        error: str = "",
    ) -> NotifyFact:
        fact = fact_of(notice, self._name, status, at=self._kit.clock.now())
        return fact.model_copy(update={"attempts": attempts, "target": target, "error": error})


def _said_before(notice: Notice) -> Notice:
    text = f"{notice.text} {SAID_BEFORE}".strip()
    return notice.model_copy(update={"again": True, "text": text})


def fact_of(notice: Notice, channel: str, status: DeliveryStatus, *, at: datetime) -> NotifyFact:
    """What the bus hears of one message on one channel."""
    return NotifyFact(
        alert_id=notice.alert_id,
        event_id=notice.event_id,
        site_id=notice.site_id,
        channel=channel,
        status=status.value,
        at=at,
        correlation_id=notice.correlation_id,
    )
