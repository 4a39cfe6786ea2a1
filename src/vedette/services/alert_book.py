"""The alerts of the store, as the notifier writes them: raised, repeated, remembered."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from vedette.contracts.alert import Alert, AlertAction, AlertChange, Mute
from vedette.contracts.event import Event
from vedette.contracts.notice import DeliveryStatus, Notice
from vedette.kit.clock import Clock
from vedette.store.scope import SiteScope
from vedette.store.store import Store
from vedette.store.unit import Unit


class AlertBook(Protocol):
    """What the notifier must not forget of alerts."""

    async def raised(self, notice: Notice) -> None:
        """Keep a new alert; nothing where it is known."""
        ...

    async def repeated(self, alert_id: UUID, event: Event) -> None:
        """Count an event that an alert stands for, too; once."""
        ...

    async def recent(self, within: timedelta) -> Sequence[Alert]:
        """Alerts of the last while that reached somebody, or may yet."""
        ...

    async def mutes(self) -> Sequence[Mute]:
        """What is muted now, or will be."""
        ...


class StoreAlertBook:
    """`AlertBook` in the relational store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def raised(self, notice: Notice) -> None:
        now = self._clock.now()
        alert = alert_of(notice).model_copy(update={"stored_at": now, "updated_at": now})
        async with self._store.write() as unit:
            alerts = unit.alerts(SiteScope(notice.site_id))
            if await alerts.raise_(alert):
                await alerts.note(
                    alert, AlertChange(alert_id=alert.id, at=now, action=AlertAction.RAISED)
                )

    async def repeated(self, alert_id: UUID, event: Event) -> None:
        async with self._store.write() as unit:
            await unit.alerts(SiteScope(event.site_id)).repeat(alert_id, event, now=unit.now)

    async def recent(self, within: timedelta) -> Sequence[Alert]:
        async with self._store.read() as unit:
            scope = await unit.every_site()
            found = await unit.alerts(scope).since(self._clock.now() - within)
            return [alert for alert in found if not await _reached_nobody(unit, scope, alert)]

    async def mutes(self) -> Sequence[Mute]:
        async with self._store.read() as unit:
            return await unit.mutes(await unit.every_site()).holding(self._clock.now())


def alert_of(notice: Notice) -> Alert:
    """A new alert, as its notice tells it."""
    shared = notice.model_dump(
        include={"site_id", "camera_id", "rule_id", "event_type", "severity", "title", "event_id"}
    )
    return Alert(
        **shared,
        id=notice.alert_id,
        label=notice.label,
        raised_at=notice.at,
        last_event_id=notice.event_id,
        last_at=notice.at,
        stored_at=notice.at,
        updated_at=notice.at,
    )


async def _reached_nobody(unit: Unit, scope: SiteScope, alert: Alert) -> bool:
    """Every channel gave it up."""
    told = await unit.notifications(scope).of_alert(alert.id)
    return bool(told) and all(each.status is DeliveryStatus.FAILED for each in told)
