"""Which alert went to which channel, and how that ended; makes at-least-once look like once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, case, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.errors import NotFound
from vedette.contracts.event import Severity
from vedette.contracts.notice import DeliveryStatus, Notice
from vedette.store.lease import is_over
from vedette.store.paging import demand_limit
from vedette.store.rows import insert_new, plain
from vedette.store.scope import SiteScope
from vedette.store.tables import NOTIFICATION_LOG

_N = NOTIFICATION_LOG.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One alert on one channel."""

    id: int
    notice: Notice
    """Without its picture, which is read again from the event's artifacts."""
    channel: str
    status: DeliveryStatus
    target: str
    attempts: int
    error: str
    """Of the last attempt; empty while one is made, so that one that never ended shows."""
    created_at: datetime
    updated_at: datetime

    @property
    def doubtful(self) -> bool:
        """An attempt was begun of which nobody knows how it ended."""
        return self.status is DeliveryStatus.QUEUED and self.attempts > 0 and not self.error


class NotificationLog:
    """The messages of some sites, within one transaction."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def queue(self, notice: Notice, channel: str, *, now: datetime) -> bool:
        """Note that an alert is to go to a channel; False when that is known already.

        Raises:
            InvalidInput: the notice's site is outside the scope, or not known.
        """
        self._scope.demand(notice.site_id)
        new = await insert_new(
            self._conn,
            NOTIFICATION_LOG,
            [_row(notice, channel, now)],
            key=("alert_id", "channel"),
        )
        return bool(new)

    async def suppress(self, notice: Notice, channel: str, why: str, *, now: datetime) -> None:
        """Note that an alert is not to go to a channel, once, and why."""
        self._scope.demand(notice.site_id)
        row = _row(notice, channel, now) | {
            "status": DeliveryStatus.SUPPRESSED.value,
            "error_message": why,
        }
        await insert_new(self._conn, NOTIFICATION_LOG, [row], key=("alert_id", "channel"))

    async def forget_suppressed(self, alert_id: UUID) -> None:
        """An alert that was not to go to some channels may be asked for anew."""
        gone = delete(NOTIFICATION_LOG).where(
            self._scope.covers(_N.site_id),
            _N.alert_id == alert_id,
            _N.status == DeliveryStatus.SUPPRESSED.value,
        )
        await self._conn.execute(gone)

    async def claim(self, alert_id: UUID, channel: str, *, now: datetime, lease_s: float) -> bool:
        """Take a queued message for one attempt, and count it.

        False when it is sent, failed for good, unknown, or somebody else's lease runs. A crash
        while sending ends with the lease: the message can be claimed again.
        """
        taken = (
            update(NOTIFICATION_LOG)
            .where(
                self._scope.covers(_N.site_id),
                _N.alert_id == alert_id,
                _N.channel == channel,
                _N.status == DeliveryStatus.QUEUED.value,
                is_over(_N.lease_until, now),
            )
            .values(
                lease_until=now + timedelta(seconds=lease_s),
                attempts=_N.attempts + 1,
                error_message="",
                updated_at=now,
            )
        )
        return (await self._conn.execute(taken)).rowcount == 1

    async def sent(self, alert_id: UUID, channel: str, target: str, *, now: datetime) -> None:
        """It arrived; `target` says where, without secrets."""
        await self._settle(alert_id, channel, now, status=DeliveryStatus.SENT, target=target)

    async def retry(
        self, alert_id: UUID, channel: str, error: str, *, now: datetime, after: datetime
    ) -> None:
        """An attempt failed; the message can be claimed again from `after` on."""
        await self._settle(
            alert_id, channel, now, status=DeliveryStatus.QUEUED, error=error, lease_until=after
        )

    async def failed(
        self, alert_id: UUID, channel: str, error: str, *, now: datetime, target: str = ""
    ) -> None:
        """It will not be tried again."""
        await self._settle(
            alert_id, channel, now, status=DeliveryStatus.FAILED, error=error, target=target
        )

    async def _settle(
        self,
        alert_id: UUID,
        channel: str,
        now: datetime,
        *,
        status: DeliveryStatus,
        target: str = "",
        error: str = "",
        lease_until: datetime | None = None,
    ) -> None:
        await self._conn.execute(
            update(NOTIFICATION_LOG)
            .where(self._scope.covers(_N.site_id), _N.alert_id == alert_id, _N.channel == channel)
            .values(
                status=status.value,
                target=target,
                error_message=error,
                lease_until=lease_until,
                updated_at=now,
            )
        )

    async def due(
        self, *, now: datetime, limit: int = 100, channel: str | None = None
    ) -> tuple[Delivery, ...]:
        """Queued messages that can be claimed now, critical ones first, then the oldest.

        Of one channel or of all.
        """
        critical_first = case((_N.severity == Severity.CRITICAL.value, 0), else_=1)
        query = (
            select(NOTIFICATION_LOG)
            .where(
                self._scope.covers(_N.site_id),
                _N.status == DeliveryStatus.QUEUED.value,
                is_over(_N.lease_until, now),
            )
            .order_by(critical_first, _N.id)
            .limit(demand_limit(limit))
        )
        if channel is not None:
            query = query.where(_N.channel == channel)
        return tuple(_delivery(row) for row in (await self._conn.execute(query)).mappings())

    async def waiting(self, channel: str, *, limit: int) -> tuple[Delivery, ...]:
        """Queued messages of a channel, due or not, the oldest first."""
        query = (
            select(NOTIFICATION_LOG)
            .where(
                self._scope.covers(_N.site_id),
                _N.status == DeliveryStatus.QUEUED.value,
                _N.channel == channel,
            )
            .order_by(_N.id)
            .limit(limit)
        )
        return tuple(_delivery(row) for row in (await self._conn.execute(query)).mappings())

    async def hasten(self, channel: str) -> None:
        """What waits for its next try is due at once. Only while nobody sends on the channel."""
        waits = (
            update(NOTIFICATION_LOG)
            .where(
                self._scope.covers(_N.site_id),
                _N.status == DeliveryStatus.QUEUED.value,
                _N.channel == channel,
                _N.lease_until.is_not(None),
            )
            .values(lease_until=None)
        )
        await self._conn.execute(waits)

    async def begin_digest(self, channel: str, up_to: int, *, now: datetime) -> None:
        """An attempt is made to tell all that waits, up to a number, as one."""
        await self._all(channel, up_to, now, attempts=_N.attempts + 1, error_message="")

    async def digest_missed(self, channel: str, up_to: int, error: str, *, now: datetime) -> None:
        """That attempt failed."""
        await self._all(channel, up_to, now, error_message=error)

    async def digested(self, channel: str, up_to: int, digest: UUID, *, now: datetime) -> None:
        """They were told within another message."""
        target = f"digest {digest}"
        status = DeliveryStatus.DIGESTED.value
        await self._all(channel, up_to, now, status=status, target=target)

    async def _all(self, channel: str, up_to: int, now: datetime, **values: Any) -> None:
        """Of what waits of a channel, up to a number."""
        await self._conn.execute(
            update(NOTIFICATION_LOG)
            .where(
                self._scope.covers(_N.site_id),
                _N.channel == channel,
                _N.status == DeliveryStatus.QUEUED.value,
                _N.id <= up_to,
            )
            .values(lease_until=None, updated_at=now, **values)
        )

    async def of_event(self, event_id: UUID) -> tuple[Delivery, ...]:
        """Who was told of an event, in order."""
        query = (
            select(NOTIFICATION_LOG)
            .where(self._scope.covers(_N.site_id), _N.event_id == event_id)
            .order_by(_N.id)
        )
        return tuple(_delivery(row) for row in (await self._conn.execute(query)).mappings())

    async def of_alert(self, alert_id: UUID) -> tuple[Delivery, ...]:
        """One alert on all its channels, in order."""
        query = (
            select(NOTIFICATION_LOG)
            .where(self._scope.covers(_N.site_id), _N.alert_id == alert_id)
            .order_by(_N.id)
        )
        return tuple(_delivery(row) for row in (await self._conn.execute(query)).mappings())

    async def newest(
        self,
        *,
        statuses: Collection[DeliveryStatus] = (),
        channel: str = "",
        limit: int = 100,
    ) -> tuple[Delivery, ...]:
        """The latest messages, the newest first; of all channels and states where none is named."""
        query = (
            select(NOTIFICATION_LOG)
            .where(self._scope.covers(_N.site_id))
            .order_by(_N.created_at.desc(), _N.id.desc())
            .limit(demand_limit(limit))
        )
        if statuses:
            query = query.where(_N.status.in_([status.value for status in statuses]))
        if channel:
            query = query.where(_N.channel == channel)
        return tuple(_delivery(row) for row in (await self._conn.execute(query)).mappings())

    async def get(self, delivery_id: int) -> Delivery:
        """One alert on one channel.

        Raises:
            NotFound: there is none of that number in these sites.
        """
        query = select(NOTIFICATION_LOG).where(self._scope.covers(_N.site_id), _N.id == delivery_id)
        row = (await self._conn.execute(query)).mappings().first()
        if row is None:
            raise NotFound(f"there is no message {delivery_id}")
        return _delivery(row)

    async def revive(self, delivery_id: int, *, now: datetime) -> bool:
        """What failed waits again, as if new; False where it has not failed."""
        again = (
            update(NOTIFICATION_LOG)
            .where(
                self._scope.covers(_N.site_id),
                _N.id == delivery_id,
                _N.status == DeliveryStatus.FAILED.value,
            )
            .values(
                status=DeliveryStatus.QUEUED.value, attempts=0, lease_until=None, updated_at=now
            )
        )
        return (await self._conn.execute(again)).rowcount == 1

    async def release(self) -> int:
        """Give back every lease: whoever held them is dead. Only when nobody else is running."""
        held = (
            update(NOTIFICATION_LOG)
            .where(
                self._scope.covers(_N.site_id),
                _N.status == DeliveryStatus.QUEUED.value,
                _N.lease_until.is_not(None),
            )
            .values(lease_until=None)
        )
        return (await self._conn.execute(held)).rowcount

    async def forget(self, *, created_before: datetime, limit: int) -> int:
        """Delete messages that are sent or failed, created before a moment."""
        old = (
            select(_N.id)
            .where(
                self._scope.covers(_N.site_id),
                _N.created_at < created_before,
                _N.status != DeliveryStatus.QUEUED.value,
            )
            .limit(limit)
        )
        gone = delete(NOTIFICATION_LOG).where(_N.id.in_(old))
        return (await self._conn.execute(gone)).rowcount


def _row(notice: Notice, channel: str, now: datetime) -> dict[str, Any]:
    return {
        "site_id": notice.site_id,
        "channel": channel,
        "severity": notice.severity.value,
        "status": DeliveryStatus.QUEUED.value,
        "target": "",
        "payload": plain(notice, without=frozenset({"picture", "video"})),
        "error_message": "",
        "created_at": now,
        "alert_id": notice.alert_id,
        "event_id": notice.event_id,
        "attempts": 0,
        "lease_until": None,
        "updated_at": now,
    }


def _delivery(row: RowMapping) -> Delivery:
    return Delivery(
        id=row["id"],
        notice=Notice.model_validate(row["payload"]),
        channel=row["channel"],
        status=DeliveryStatus(row["status"]),
        target=row["target"],
        attempts=row["attempts"],
        error=row["error_message"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
