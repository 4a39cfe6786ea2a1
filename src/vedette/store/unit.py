"""One transaction, and the repositories that work within it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.errors import NotFound
from vedette.kit.clock import Clock
from vedette.store.alerts import AlertRepository, MuteRepository
from vedette.store.artifacts import ArtifactRepository, GarbageRepository
from vedette.store.config_versions import ConfigVersions
from vedette.store.events import EventRepository
from vedette.store.feedback import FeedbackRepository
from vedette.store.inbox import InboxRepository
from vedette.store.jobs import JobRepository
from vedette.store.notifications import NotificationLog
from vedette.store.outbox import Outbox
from vedette.store.places import CameraRepository, SiteRepository
from vedette.store.push import PushSubscriptions
from vedette.store.recordings import GapRepository, SegmentRepository
from vedette.store.scope import SiteScope
from vedette.store.system_health import SystemHealth
from vedette.store.tables import SITE
from vedette.store.tracks import TrackRepository
from vedette.store.verdicts import VerdictRepository


class Unit:
    """A transaction (`async with store.write() as unit`); every repository wants a scope."""

    def __init__(self, conn: AsyncConnection, clock: Clock) -> None:
        self.conn = conn
        self.now: datetime = clock.now()
        """When the transaction began: the time of everything that it stores."""

    async def every_site(self) -> SiteScope:
        """All sites: for the product's own upkeep, never for a request.

        Raises:
            NotFound: no site is stored yet.
        """
        sites = (await self.conn.execute(select(SITE.c.id))).scalars().all()
        if not sites:
            raise NotFound("no site is stored yet; the settings are taken over first")
        return SiteScope(sites)

    def events(self, scope: SiteScope) -> EventRepository:
        return EventRepository(self.conn, scope)

    def artifacts(self, scope: SiteScope) -> ArtifactRepository:
        return ArtifactRepository(self.conn, scope)

    def garbage(self, scope: SiteScope) -> GarbageRepository:
        return GarbageRepository(self.conn, scope)

    def outbox(self, scope: SiteScope) -> Outbox:
        return Outbox(self.conn, scope)

    def notifications(self, scope: SiteScope) -> NotificationLog:
        return NotificationLog(self.conn, scope)

    def alerts(self, scope: SiteScope) -> AlertRepository:
        return AlertRepository(self.conn, scope)

    def mutes(self, scope: SiteScope) -> MuteRepository:
        return MuteRepository(self.conn, scope)

    def tracks(self, scope: SiteScope) -> TrackRepository:
        return TrackRepository(self.conn, scope)

    def verdicts(self, scope: SiteScope) -> VerdictRepository:
        return VerdictRepository(self.conn, scope)

    def sites(self, scope: SiteScope) -> SiteRepository:
        return SiteRepository(self.conn, scope)

    def cameras(self, scope: SiteScope) -> CameraRepository:
        return CameraRepository(self.conn, scope)

    def segments(self, scope: SiteScope) -> SegmentRepository:
        return SegmentRepository(self.conn, scope)

    def jobs(self, scope: SiteScope) -> JobRepository:
        return JobRepository(self.conn, scope)

    def feedback(self, scope: SiteScope) -> FeedbackRepository:
        return FeedbackRepository(self.conn, scope)

    def inbox(self, scope: SiteScope) -> InboxRepository:
        return InboxRepository(self.conn, scope)

    def gaps(self, scope: SiteScope) -> GapRepository:
        return GapRepository(self.conn, scope)

    def system_health(self) -> SystemHealth:
        """Of the product itself, so without a scope."""
        return SystemHealth(self.conn)

    def push_subscriptions(self) -> PushSubscriptions:
        """Of the product itself, so without a scope."""
        return PushSubscriptions(self.conn)

    def config_versions(self) -> ConfigVersions:
        """Of the product itself, so without a scope."""
        return ConfigVersions(self.conn)
