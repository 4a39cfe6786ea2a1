"""Brings messages to one channel: in order, one at a time, again after a failure.

The store is the queue, so nothing is lost by a crash and nothing waits in memory. A message that
failed waits for its next try beside the others, not in front of them. One courier per channel:
a channel that is dead holds up nobody else.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
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
from vedette.contracts.notice import DeliveryStatus, Notice
from vedette.contracts.span import Value
from vedette.kit.clock import Clock
from vedette.kit.correlation import about
from vedette.kit.supervise import backoff_s, guarded
from vedette.notify.port import Channel
from vedette.services.deliveries import Deliveries, Queued

log = logging.getLogger(__name__)

BATCH = 20
LEASE_SPARE_S = 60.0
"""A claim outlives the longest attempt by this, for noting its outcome."""

NOTE_ATTEMPTS = 5
SHORTEST_ALARM_S = 0.05

FindPicture = Callable[[UUID], Awaitable[bytes | None]]
"""The annotated picture of an event as JPEG; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlan:
    """How often, and how long after, a message is tried again."""

    max_attempts: int = 5
    base_s: float = 1.0
    cap_s: float = 60.0
    longest_asked_s: float = 900.0
    """A far end may ask for a longer wait than `cap_s`, but not for longer than this."""
    attempt_s: float = 120.0
    """An attempt that takes longer is given up; channels have shorter limits of their own."""

    def pause_s(self, number: int, asked_s: float | None, rng: random.Random) -> float:
        """Seconds to wait after failed attempt `number`; `asked_s` as the far end asked."""
        own_s = backoff_s(number, rng, base_s=self.base_s, cap_s=self.cap_s)
        return max(own_s, min(asked_s or 0.0, self.longest_asked_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierKit:
    """What all couriers work with."""

    deliveries: Deliveries
    find_picture: FindPicture
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
        self._look_at: dict[UUID, datetime] = {}
        self._stopping = False

    def wake(self) -> None:
        """There is a new message. Call it in the loop."""
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
            now = self._kit.clock.now()
            due = await self._kit.deliveries.due(self._name, now=now, limit=BATCH)
            for queued in due:
                if self._stopping:
                    return
                with about(queued.notice.correlation_id):
                    await self._try(queued)
            if not due and not self._stopping:
                await self._wait()

    async def close(self) -> None:
        """Give back what the channel holds."""
        with guarded(f"closing channel {self._name}"):
            await self._channel.close()

    async def _wait(self) -> None:
        """Until somebody wakes us, or the next try is due."""
        if not self._look_at:
            await self._awake.wait()
            return
        async with asyncio.TaskGroup() as tasks:
            alarm = tasks.create_task(self._alarm())
            await self._awake.wait()
            alarm.cancel()

    async def _alarm(self) -> None:
        pause = min(self._look_at.values()) - self._kit.clock.now()
        await self._kit.clock.sleep(max(SHORTEST_ALARM_S, pause.total_seconds()))
        self._awake.set()

    async def _try(self, queued: Queued) -> None:
        """Claim, attempt once, note the outcome."""
        notice, number = queued.notice, queued.attempts + 1
        lease_s = self._kit.plan.attempt_s + LEASE_SPARE_S
        now = self._kit.clock.now()
        self._look_at.pop(notice.alert_id, None)
        if not await self._kit.deliveries.claim(notice, self._name, now=now, lease_s=lease_s):
            return
        self._look_at[notice.alert_id] = now + timedelta(seconds=lease_s)
        about: dict[str, Value] = {
            "channel": self._name,
            "alert": str(notice.alert_id),
            "attempt": number,
        }
        with self._kit.tracer.span("deliver", notice.correlation_id, **about) as doing:
            outcome = await self._send(notice)
            doing.error = str(outcome) if isinstance(outcome, Exception) else ""
        if isinstance(outcome, str):
            await self._arrived(notice, number, outcome)
        elif isinstance(outcome, DeliveryFailed) and number < self._kit.plan.max_attempts:
            await self._postponed(notice, number, outcome)
        else:
            await self._lost(notice, number, outcome)

    async def _send(self, notice: Notice) -> str | Exception:
        """One attempt: who was reached, or why nobody was."""
        limit_s = self._kit.plan.attempt_s
        with guarded(f"channel {self._name}") as outcome:  # a plug-in may raise anything
            try:
                async with asyncio.timeout(limit_s):
                    picture = await self._picture(notice)
                    return await self._channel.send(notice.model_copy(update={"picture": picture}))
            except (DeliveryFailed, DeliveryRefused) as error:
                return error
            except TimeoutError:
                return DeliveryFailed(f"no result within {limit_s:g} s")
        return DeliveryRefused(f"the channel broke: {type(outcome.error).__name__}")

    async def _picture(self, notice: Notice) -> bytes | None:
        try:
            return await self._kit.find_picture(notice.event_id)
        except (VedetteError, OSError) as error:  # retention may have deleted it just now
            log.warning("alert %s goes without its picture: %s", notice.alert_id, error)
            return None

    async def _arrived(self, notice: Notice, number: int, target: str) -> None:
        self.stats.sent += 1
        self._settled(notice, self._name, True)
        fact = self._fact(notice, DeliveryStatus.SENT, number, target=target)
        await self._note(lambda: self._kit.deliveries.sent(fact))
        self._look_at.pop(notice.alert_id, None)
        log.info("%s: alert %s sent to %s", self._name, notice.alert_id, target)

    async def _postponed(self, notice: Notice, number: int, error: DeliveryFailed) -> None:
        self.stats.retried += 1
        pause_s = self._kit.plan.pause_s(number, error.retry_after_s, self._kit.rng)
        after = self._kit.clock.now() + timedelta(seconds=pause_s)
        fact = self._fact(notice, DeliveryStatus.QUEUED, number, error=str(error))
        await self._note(lambda: self._kit.deliveries.retry(fact, after=after))
        self._look_at[notice.alert_id] = after
        said = "%s: alert %s not delivered, next try in %.1f s: %s"
        log.warning(said, self._name, notice.alert_id, pause_s, error)

    async def _lost(self, notice: Notice, number: int, error: Exception) -> None:
        self.stats.failed += 1
        self._settled(notice, self._name, False)
        fact = self._fact(notice, DeliveryStatus.FAILED, number, error=str(error))
        await self._note(lambda: self._kit.deliveries.failed(fact))
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
