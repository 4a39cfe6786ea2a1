"""Alerts that nobody acknowledges: others are told, one step after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid5

from vedette.contracts.alert import Alert, AlertAction, AlertChange
from vedette.contracts.event import Severity
from vedette.contracts.notice import Notice
from vedette.kit.clock import Clock
from vedette.store.scope import SiteScope
from vedette.store.store import Store

SHORTEST_LOOK_S, LONGEST_LOOK_S = 0.2, 30.0

Tell = Callable[[Notice, Collection[str]], Awaitable[None]]
"""Queues a notice for some channels; twice is once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Who is told next."""

    after_s: float
    """After the alert was raised, or after the step before."""
    channels: tuple[str, ...]
    min_severity: Severity = Severity.CRITICAL


class Escalation:
    """`run` in a task."""

    def __init__(self, steps: Sequence[Step], store: Store, clock: Clock, tell: Tell) -> None:
        self._steps = tuple(steps)
        self._store = store
        self._clock = clock
        self._tell = tell

    async def run(self) -> None:
        """Look again and again, until cancelled; nothing to do where there are no steps.

        Raises:
            StorageFailed: the alerts cannot be read or changed now.
        """
        if not self._steps:
            await asyncio.Event().wait()
        shortest_s = min(step.after_s for step in self._steps) / 10
        pause_s = min(max(shortest_s, SHORTEST_LOOK_S), LONGEST_LOOK_S)
        while True:
            await self.look()
            await self._clock.sleep(pause_s)

    async def look(self) -> None:
        """Take every alert whose time has come one step on."""
        waited_s = 0.0
        for number, step in enumerate(self._steps):
            waited_s += step.after_s
            before = self._clock.now() - timedelta(seconds=waited_s)
            async with self._store.read() as unit:
                alerts = unit.alerts(await unit.every_site())
                due = await alerts.unheard(stored_before=before, escalations=number)
            for alert in due:
                await self._escalate(alert, step, waited_s)

    async def _escalate(self, alert: Alert, step: Step, waited_s: float) -> None:
        severe = alert.severity.rank >= step.min_severity.rank
        if severe:
            await self._tell(escalated(alert, waited_s), step.channels)
        async with self._store.write() as unit:
            alerts = unit.alerts(SiteScope(alert.site_id))
            after = alert.model_copy(
                update={"escalations": alert.escalations + 1, "updated_at": unit.now}
            )
            if await alerts.change(alert, after) and severe:
                line = AlertChange(
                    alert_id=alert.id,
                    at=unit.now,
                    action=AlertAction.ESCALATED,
                    note=f"told {', '.join(step.channels)}",
                )
                await alerts.note(after, line)


def escalated(alert: Alert, waited_s: float) -> Notice:
    """What others are told; the same step of the same alert is the same message."""
    waited = f"{waited_s:g} s" if waited_s < 120 else f"{waited_s / 60:g} min"
    return Notice(
        alert_id=_id(alert),
        event_id=alert.event_id,
        site_id=alert.site_id,
        camera_id=alert.camera_id,
        rule_id=alert.rule_id,
        event_type=alert.event_type,
        severity=alert.severity,
        title=f"Not acknowledged: {alert.title}",
        text=f"Nobody has acknowledged this for {waited}. It stands for {alert.events} "
        f"event{'s' if alert.events > 1 else ''} so far.",
        at=alert.raised_at,
        label=alert.label,
        escalates=alert.id,
    )


def _id(alert: Alert) -> UUID:
    return uuid5(alert.id, f"escalation-{alert.escalations + 1}")
