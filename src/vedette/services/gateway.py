"""The notification gateway: other services ask it to tell people, and hear what became of it.

The same key again within a while is the same message: the answer tells what became of it then. Its
id is made from the key and the hour (of whatever length) in which it was first asked, so that the
log itself is the memory, and two requests at once are one.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

from vedette.contracts.errors import InvalidInput, NotFound
from vedette.contracts.gateway import (
    JPEG,
    ChannelResult,
    NotifyAnswer,
    NotifyRequest,
    NotifyStatus,
)
from vedette.contracts.notice import DeliveryStatus, Notice
from vedette.contracts.verdict import Numbers
from vedette.kit.clock import Clock, to_us
from vedette.services.notifier import Notifier
from vedette.store.notifications import Delivery
from vedette.store.scope import SiteScope
from vedette.store.store import Store

TYPE = "message"
"""Kind of event of what comes this way."""

ARRIVED = {DeliveryStatus.SENT, DeliveryStatus.DIGESTED}


class MessagePictures:
    """Pictures that came with requests, until their messages are old."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, alert_id: UUID, jpeg: bytes) -> None:
        """Write it so that it is there wholly, or not.

        Raises:
            OSError: the folder cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f"{alert_id}.part"
        part.write_bytes(jpeg)
        os.replace(part, self._path(alert_id))

    def find(self, alert_id: UUID) -> bytes | None:
        """None where there is none."""
        try:
            return self._path(alert_id).read_bytes()
        except FileNotFoundError:
            return None

    def tidy(self, before_s: float) -> None:
        """Forget what was written before a moment (seconds since 1970)."""
        if not self._folder.is_dir():
            return
        for each in self._folder.iterdir():
            if each.stat().st_mtime < before_s:
                each.unlink(missing_ok=True)

    def _path(self, alert_id: UUID) -> Path:
        return self._folder / f"{alert_id}.jpg"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayLimits:
    """How it treats requests."""

    same_s: float = 3600.0
    """A key that comes again within this is the same message."""
    wait_s: float = 5.0
    """An answer waits so long for what becomes of the message."""


class Gateway:
    """Takes requests; the notifier and its couriers do the rest."""

    def __init__(
        self,
        store: Store,
        scope: Callable[[], SiteScope],
        notifier: Callable[[], Notifier],
        pictures: MessagePictures,
        clock: Clock,
        say: Callable[[Numbers], str],
        limits: GatewayLimits,
    ) -> None:
        """Take what it needs.

        Args:
            scope: the sites that there are now.
            notifier: the one at that moment: settings may bring another.
            say: why a channel does not get a message, in words.
        """
        self._store, self._scope, self._notifier = store, scope, notifier
        self._pictures, self._clock, self._say = pictures, clock, say
        self._same, self._wait_s = timedelta(seconds=limits.same_s), limits.wait_s

    async def notify(self, request: NotifyRequest) -> NotifyAnswer:
        """Tell people, and say what became of it as far as that is known soon.

        Raises:
            NotFound: there is no such site, or no such channel.
            InvalidInput: the picture is none.
            StorageFailed: the message cannot be noted now; nobody was told.
        """
        self._demand(request)
        scope = SiteScope(request.site_id)
        mine, before = self._ids(request)
        for known in (mine, before):
            told = await self._told(scope, known)
            recent = told and told[0].created_at > self._clock.now() - self._same
            if recent and any(each.status is not DeliveryStatus.SUPPRESSED for each in told):
                return _answer(known, told, duplicate=True)
        notice = self._notice(request, mine)
        if request.picture is not None:
            await asyncio.to_thread(self._pictures.keep, mine, request.picture)
        async with self._store.write() as unit:  # who asks once more may have better luck
            await unit.notifications(scope).forget_suppressed(mine)
        notifier = self._notifier()
        refused = await notifier.submit(notice, request.channels)
        if refused:
            async with self._store.write() as unit:
                log = unit.notifications(scope)
                for name, why in refused.items():
                    if request.channels is None or name in request.channels:
                        said = self._say(why)
                        await log.suppress(notice, name, said, now=self._clock.now())
        await notifier.concluded(mine, within_s=self._wait_s)
        return _answer(mine, await self._told(scope, mine))

    def _demand(self, request: NotifyRequest) -> None:
        scope, channels = self._scope(), self._notifier().channels
        if request.site_id not in scope:
            raise NotFound(f"there is no site {request.site_id!r}; there are: {', '.join(scope)}")
        if strange := sorted(set(request.channels or ()).difference(channels)):
            there = ", ".join(channels) or "none"
            raise NotFound(f"no channel is called {strange[0]!r}; there are: {there}")
        if request.picture is not None and not request.picture.startswith(JPEG):
            raise InvalidInput("picture: it is no JPEG")

    def _ids(self, request: NotifyRequest) -> tuple[UUID, UUID]:
        """Of this message, were it asked for now, and were it asked for a while ago."""
        hour = to_us(self._clock.now()) // max(1, round(self._same.total_seconds() * 1e6))
        key = f"{request.site_id}\n{request.source}\n{request.dedup_key}"
        now, before = (uuid5(NAMESPACE_URL, f"gateway\n{key}\n{n}") for n in (hour, hour - 1))
        return now, before

    async def _told(self, scope: SiteScope, alert_id: UUID) -> tuple[Delivery, ...]:
        async with self._store.read() as unit:
            return await unit.notifications(scope).of_alert(alert_id)

    def _notice(self, request: NotifyRequest, alert_id: UUID) -> Notice:
        return Notice(
            alert_id=alert_id,
            event_id=alert_id,
            site_id=request.site_id,
            camera_id=request.camera_id or "",
            event_type=TYPE,
            severity=request.severity,
            title=request.title,
            text=request.text,
            at=request.at or self._clock.now(),
            label=request.label,
            items=request.items,
            links=request.links,
            link=request.link,
            source=request.source,
            correlation_id=request.correlation_id,
        )


def _answer(alert_id: UUID, told: tuple[Delivery, ...], *, duplicate: bool = False) -> NotifyAnswer:
    statuses = {each.status for each in told}
    if statuses & ARRIVED:
        status = NotifyStatus.SENT
    elif DeliveryStatus.QUEUED in statuses:
        status = NotifyStatus.QUEUED
    elif DeliveryStatus.FAILED in statuses:
        status = NotifyStatus.FAILED
    else:
        status = NotifyStatus.SUPPRESSED
    return NotifyAnswer(
        status=status,
        alert_id=alert_id,
        duplicate=duplicate,
        channels=tuple(
            ChannelResult(
                channel=each.channel,
                status=each.status.value,
                log_id=each.id,
                target=each.target,
                error=each.error,
            )
            for each in told
        ),
        log_ids=tuple(each.id for each in told),
    )
