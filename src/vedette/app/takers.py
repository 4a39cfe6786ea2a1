"""How each part of the running product takes other settings."""

import asyncio
from collections.abc import Sequence

from vedette.app.detectors import named_detectors
from vedette.app.extra_modules import entry_of
from vedette.app.live_settings import Taker
from vedette.app.orchestrator import Orchestrator, OrchestratorLimits
from vedette.app.parts import Parts
from vedette.app.settings import Settings
from vedette.app.settings_change import SettingsChange
from vedette.app.worker_plan import fetch_models
from vedette.models.fetch import silent
from vedette.store.places import Camera
from vedette.store.scope import SiteScope


def takers_of(parts: Parts, modules: Orchestrator) -> tuple[Taker, ...]:
    """Of a running product, in the order in which they are told: who stores before who sees."""
    takes = Takers(parts, modules)
    return (
        Taker(name="the product", concerns=bool, take=takes.product),
        Taker(name="module janitor", concerns=_kept, take=takes.retention),
        Taker(name="module notifier", concerns=_told, take=takes.notifier, drilled=False),
        Taker(name="module bus", concerns=lambda change: "bus" in change.parts, take=takes.bus),
        Taker(name="the orchestrator", concerns=lambda c: "health" in c.parts, take=takes.health),
        Taker(
            name="module resilience",
            concerns=lambda change: bool({"resilience", "features"} & change.parts),
            take=takes.resilience,
        ),
        Taker(name="more modules", concerns=lambda c: "modules" in c.parts, take=takes.modules),
        Taker(name="the detectors", concerns=_detectors, take=takes.detectors, drilled=False),
        Taker(name="module cameras", concerns=_cameras, take=takes.cameras),
        Taker(name="module mqtt", concerns=_home, take=takes.home, drilled=False),
    )


def _cameras(change: SettingsChange) -> bool:
    return bool(change.added or change.removed or change.changed)


def _detectors(change: SettingsChange) -> bool:
    return bool({"detector", "detectors"} & change.parts)


def _kept(change: SettingsChange) -> bool:
    return "retention" in change.parts or _cameras(change)


def _told(change: SettingsChange) -> bool:
    renamed = any("name" in what for what in change.changed.values())
    return "notify" in change.parts or renamed or bool(change.added)


def _home(change: SettingsChange) -> bool:
    return "mqtt" in change.parts or _cameras(change)


class Takers:
    """Each puts settings into effect, also those from before again."""

    def __init__(self, parts: Parts, modules: Orchestrator) -> None:
        self._parts = parts
        self._modules = modules

    async def product(self, settings: Settings, change: SettingsChange) -> Sequence[str]:
        """What is looked up each time; sites of cameras, and what people call them."""
        base = self._parts.base
        scope = SiteScope(site.id for site in settings.sites)
        places = [
            Camera(id=camera.id, site_id=camera.site, name=camera.title)
            for camera in settings.cameras
            if camera.id in {*change.added, *change.changed}
        ]
        if places:
            async with base.store.write() as unit:
                await unit.cameras(scope).save(places)
        for camera in settings.cameras:
            base.writer.place(camera.id, camera.site)
            base.recordings.place(camera.id, camera.site)
        base.settings = settings
        self._parts.board.rename({camera.id: camera.title for camera in settings.cameras})
        return ()

    async def retention(self, settings: Settings, change: SettingsChange) -> Sequence[str]:
        del change
        parts = self._parts
        parts.janitor.take(
            parts.base.keep(settings),
            parts.base.shelf(settings),
            every_s=settings.retention.check_every_s,
        )
        return ()

    async def notifier(self, settings: Settings, change: SettingsChange) -> Sequence[str]:
        """Made anew: messages that wait are in the store."""
        del change
        parts = self._parts
        fresh = parts.make_notifier(settings)

        def exchange() -> None:
            parts.notifier = fresh

        await self._modules.renew("notifier", exchange)
        return ("module notifier",)

    async def bus(self, settings: Settings, change: SettingsChange) -> Sequence[str]:
        del change
        self._parts.base.bus.limit(settings.bus.limits())
        self._parts.reporter.every_s = settings.bus.status_every_s
        return ()

    async def health(self, settings: Settings, change: SettingsChange) -> Sequence[str]:
        del change
        self._modules.limits = OrchestratorLimits(look_every_s=settings.health.every_s)
        self._modules.wake()
        return ()

    async def resilience(self, settings: Settings, change: SettingsChange) -> Sequence[str]:
        del change
        await self._modules.configure("resilience", settings.drills().model_dump())
        return ()

    async def modules(self, settings: Settings, change: SettingsChange) -> Sequence[str]:
        """Those that run; one that is new begins with the next start of the product."""
        del change
        running = self._modules.names
        for entry in map(entry_of, settings.modules):
            if entry.name in running:
                await self._modules.configure(entry.name, entry.own)
        return ()

    async def detectors(self, settings: Settings, change: SettingsChange) -> Sequence[str]:
        """Loaded beside those at work, which they replace while the cameras go on."""
        del change
        await asyncio.to_thread(fetch_models, settings, silent)
        named = named_detectors(settings)
        done = await self._parts.cameras.detect_with(named)
        return tuple(f"detector {name}" for name in done)

    async def cameras(self, settings: Settings, change: SettingsChange) -> Sequence[str]:
        """Those that are concerned; the others go on, and so does the stream of a camera of which
        only name, zones, lines or rules are different."""
        cameras = self._parts.cameras
        for name in change.removed:
            await cameras.drop(name)
        fresh = {camera.id: camera for camera in settings.cameras}
        for name in (*change.added, *change.changed):
            await cameras.put(fresh[name])
        return tuple(f"camera {name}" for name in (*change.added, *change.anew))

    async def home(self, settings: Settings, change: SettingsChange) -> Sequence[str]:
        """Other cameras over the same connections, or other connections."""
        home = self._parts.home
        if "mqtt" not in change.parts:
            home.take(settings)
            return ()
        fresh = home.make(settings)
        await self._modules.renew("mqtt", lambda: home.exchange(fresh))
        return ("module mqtt",)
