"""What people do with alerts: look, acknowledge, assign, resolve, and mute what they know."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from vedette.alerts.life import change
from vedette.contracts.alert import Alert, AlertAction, AlertChange, AlertState, Mute
from vedette.contracts.errors import InvalidInput, WrongState
from vedette.store.scope import SiteScope
from vedette.store.store import Store

LONGEST_MUTE = timedelta(days=366)


class AlertDesk:
    """Works on the store; the notifier is told of what is muted."""

    def __init__(self, store: Store, *, mutes_changed: Callable[[], Awaitable[None]]) -> None:
        self._store = store
        self._mutes_changed = mutes_changed

    async def find(
        self,
        scope: SiteScope,
        *,
        states: Collection[AlertState] = (),
        camera_id: str = "",
        limit: int = 50,
    ) -> Sequence[Alert]:
        """Alerts of some sites, the newest first."""
        async with self._store.read() as unit:
            return await unit.alerts(scope).find(states=states, camera_id=camera_id, limit=limit)

    async def get(self, scope: SiteScope, alert_id: UUID) -> tuple[Alert, Sequence[AlertChange]]:
        """One alert with its history.

        Raises:
            NotFound: there is none of that id in these sites.
        """
        async with self._store.read() as unit:
            alerts = unit.alerts(scope)
            return await alerts.get(alert_id), await alerts.history(alert_id)

    async def act(
        self,
        scope: SiteScope,
        alert_id: UUID,
        action: AlertAction,
        *,
        by: str,
        to: str = "",
        note: str = "",
    ) -> Alert:
        """Somebody acknowledges, assigns, resolves or reopens it.

        Raises:
            NotFound: see `get`.
            WrongState: that cannot be done with it now.
        """
        async with self._store.write() as unit:
            alerts = unit.alerts(scope)
            before = await alerts.get(alert_id)
            after, line = change(before, action, by=by, at=unit.now, to=to, note=note)
            if not await alerts.change(before, after):
                raise WrongState(f"somebody else did something with alert {alert_id} just now")
            await alerts.note(after, line)
        return after

    async def mutes(self, scope: SiteScope) -> Sequence[Mute]:
        """What is muted now."""
        async with self._store.read() as unit:
            return await unit.mutes(scope).holding(unit.now)

    async def mute(
        self,
        scope: SiteScope,
        site_id: str,
        *,
        lasts: timedelta,
        camera_id: str | None = None,
        rule_id: str | None = None,
        by: str = "",
        note: str = "",
    ) -> Mute:
        """Tell nobody of a camera, a rule, or a whole site for a while.

        Raises:
            InvalidInput: it would last for no time, or for more than a year; or the site is not
                one of the scope's.
        """
        if not timedelta(0) < lasts <= LONGEST_MUTE:
            raise InvalidInput(f"a mute lasts up to {LONGEST_MUTE.days} days, and not {lasts}")
        async with self._store.write() as unit:
            begun: datetime = unit.now
            kept = await unit.mutes(scope).add(
                Mute(
                    site_id=site_id,
                    camera_id=camera_id,
                    rule_id=rule_id,
                    begun_at=begun,
                    until=begun + lasts,
                    by=by,
                    note=note,
                )
            )
        await self._mutes_changed()
        return kept

    async def unmute(self, scope: SiteScope, number: int) -> Mute:
        """End one now.

        Raises:
            NotFound: there is none of that number that holds.
        """
        async with self._store.write() as unit:
            ended = await unit.mutes(scope).end(number, now=unit.now)
        await self._mutes_changed()
        return ended
