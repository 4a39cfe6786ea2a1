"""What the running product is made of, before the orchestrator has it begin."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from vedette.app.basement import Basement
from vedette.app.board import Board
from vedette.app.cameras import Cameras
from vedette.app.home import HomeParts
from vedette.app.live_settings import LiveSettings
from vedette.app.notices import build_notifier
from vedette.app.service_manager import ServiceManager
from vedette.app.settings import Settings
from vedette.app.suggester import Suggester
from vedette.contracts.health import Health, HealthLevel
from vedette.contracts.payload import Payload
from vedette.services.accuracy import Accuracy
from vedette.services.alert_desk import AlertDesk
from vedette.services.bus_reporter import BusReporter
from vedette.services.courier import CourierStats
from vedette.services.hands import ChannelHands
from vedette.services.janitor import Janitor
from vedette.services.local_jobs import LocalJobs
from vedette.services.notifier import Notifier
from vedette.services.post import Post
from vedette.store.scope import SiteScope


class Parts:
    """One of each. Some are exchanged while the product runs, when their settings change."""

    def __init__(self, base: Basement, cameras: Cameras, live: LiveSettings | None) -> None:
        """Build them.

        Args:
            live: the settings, where they can be changed.
        """
        self.base = base
        self.cameras = cameras
        self.live_settings = live
        settings, clock = base.settings, base.clock
        self.board = Board(
            cameras.stats,
            names={camera.id: camera.title for camera in settings.cameras},
            worker_of=cameras.worker_of,
            clock=clock,
        )
        self.alerts = AlertDesk(base.store, mutes_changed=self.mutes_changed)
        self.hands = ChannelHands(
            self.alerts,
            SiteScope(site.id for site in settings.sites),
            base.bus,
            clock,
            reports=self.board.reports,
            pictures=lambda: cameras.pictures,
        )
        self.notifier: Notifier = self.make_notifier(settings)
        self.janitor = Janitor(
            base.store,
            base.blobs,
            keep=base.keep(settings),
            bus=base.bus,
            clock=clock,
            every_s=settings.retention.check_every_s,
            shelf=base.shelf(settings),
        )
        base.recordings.full = self.janitor.wake
        self.janitor.chore = self.tidy
        self.chance = random.Random()  # noqa: S311 - jitter, not a secret
        self.home = HomeParts(base, cameras, self.chance)
        self.jobs = LocalJobs(
            base.store,
            {kind.name: kind for kind in (base.exports.kind(),)},
            clock,
            rng=self.chance,
        )
        self.suggester = Suggester(base.store, settings, live, clock)
        self.post = Post(base.store, clock, lambda: self.notifier)
        self.accuracy = Accuracy(base.store, clock)
        self.reporter = BusReporter(base.bus, clock, every_s=settings.bus.status_every_s)
        self.began = clock.now()
        self.manager = ServiceManager(clock)

    # The notifier is another one after other settings.

    def make_notifier(self, settings: Settings) -> Notifier:
        """One for these settings.

        Raises:
            pydantic.ValidationError: settings of a channel that are wrong.
        """
        return build_notifier(settings, self.base, self.hands)

    async def mutes_changed(self) -> None:
        await self.notifier.mutes_changed()

    async def deliver(self) -> None:
        await self.notifier.run()

    def delivery_health(self) -> Health:
        return self.notifier.health()

    async def stop_delivering(self) -> None:
        await self.notifier.stop()

    def channels(self) -> Sequence[CourierStats]:
        return self.notifier.stats()

    async def alert(self, topic: str, fact: Payload) -> None:
        await self.notifier.handle(topic, fact)

    def tidy(self, now: datetime) -> None:
        age = timedelta(days=self.base.settings.retention.exports_days)
        self.base.exports.tidy(now, age)
        kept = timedelta(days=self.base.settings.retention.max_days)
        self.base.messages.tidy((now - kept).timestamp())

    def writer_health(self) -> Health:
        problem, waiting = self.base.writer.problem, self.base.writer.waiting
        figures = {"waiting": float(waiting)}
        if problem:
            told = f"events wait to be stored: {problem}"
            return Health(level=HealthLevel.UNHEALTHY, detail=told, figures=figures)
        return Health(detail=f"{waiting} waiting", figures=figures)
