"""The running product: what is opened, in which order, and closed again."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from vedette.app.basement import Basement
from vedette.app.cameras import Cameras, LocalCameras
from vedette.app.detectors import build_detectors, named_detectors, used_detectors
from vedette.app.door import address_of, listen
from vedette.app.folder import DataFolder
from vedette.app.house import House, Listener
from vedette.app.live_settings import LiveSettings
from vedette.app.rig import Outside
from vedette.app.settings import Settings
from vedette.app.settings_file import SettingsFile
from vedette.app.taps import Shelves
from vedette.app.worker_cameras import Office, WorkerCameras, keeper_of
from vedette.app.worker_plan import fetch_models, worker_count
from vedette.blobs.local import LocalBlobs
from vedette.kit.clock import Clock
from vedette.models.fetch import Progress, silent
from vedette.services.finish_clip import finish_part
from vedette.services.leftovers import Leftovers
from vedette.services.repair import Repair
from vedette.store.places import Camera, Site
from vedette.store.scope import SiteScope
from vedette.store.store import Store

__all__ = ["Listener", "Runtime"]


class Runtime:
    """One product. `run` returns when `stop` was called, or when a part failed for good."""

    def __init__(
        self,
        settings: Settings,
        data: Path,
        clock: Clock,
        *,
        file: SettingsFile | None = None,
        listeners: Sequence[Listener] = (),
        progress: Progress = silent,
        started: Callable[[str], None] = lambda address: None,
    ) -> None:
        """Take what it needs; nothing is opened yet.

        Args:
            file: where the settings come from, so that they can be changed while the product runs.
            started: told the address of the page once requests are answered.
        """
        self._settings = settings
        self._file = file
        self._folder = DataFolder(root=data)
        self._clock = clock
        self._listeners = tuple(listeners)
        self._progress = progress
        self._started = started
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """End `run`, closing open events and clips in order. Call it in the loop."""
        self._stop.set()

    async def run(self) -> None:
        """Start everything, wait for `stop`, and close everything.

        Raises:
            StorageFailed: the data folder or the store cannot be used.
            ModelUnavailable, InvalidConfig: see `build_detectors` and `build_camera`.
        """
        async with AsyncExitStack() as stack:
            stack.enter_context(self._folder.held())
            store = await Store.open(self._folder.database, self._clock)
            stack.push_async_callback(store.close)
            live = await self._begin_settings(store)
            listener = listen(self._settings.api.host, self._settings.api.port)
            stack.callback(listener.close)
            internal = self._listen_internally()
            if internal is not None:
                stack.callback(internal.close)
            scope = await self._take_over_places(store)
            blobs = LocalBlobs(self._folder.artifacts)
            base = Basement(self._settings, store, blobs, self._folder, self._clock)
            leftovers = Leftovers(
                store=store,
                keep=keeper_of(base.writer, base.recordings),
                finish_clip=finish_part,
                clock=self._clock,
                spools=self._folder.spools,
                parts=self._folder.parts,
                recorded=base.take_recordings,
            )
            async with base.writing():
                await leftovers.take_all()
            repair = Repair(store, blobs, parts=self._folder.parts, finish_clip=finish_part)
            await repair.run()
            await base.begin_recording()
            cameras = await stack.enter_async_context(self._cameras(base, leftovers))
            if self._stop.is_set():  # asked to stop while the model was loading
                return
            house = House(
                base,
                cameras,
                scope,
                listener,
                live=live,
                stopping=self._stop.is_set,
                gateway=internal,
            )
            await house.live(
                self._listeners, self._stop, lambda: self._open_for_all(address_of(listener))
            )

    def _listen_internally(self) -> socket.socket | None:
        """Where the notification gateway opens; None where there is none."""
        gateway = self._settings.notify.gateway
        if gateway is None:
            return None
        return listen(gateway.host, gateway.port, "notify.gateway.port")

    async def _begin_settings(self, store: Store) -> LiveSettings | None:
        """With what was changed while running, where that can be."""
        if self._file is None:
            return None
        live = LiveSettings(self._file, store, self._clock)
        self._settings = await live.begin()
        return live

    @asynccontextmanager
    async def _cameras(self, base: Basement, leftovers: Leftovers) -> AsyncIterator[Cameras]:
        """The cameras, ready to run; what they need is given back at the end."""
        settings = self._settings
        if worker_count(settings):
            await asyncio.to_thread(fetch_models, settings, self._progress)
            yield WorkerCameras(
                settings,
                Office(
                    keep=leftovers.keep,
                    bus=base.bus,
                    topics=base.bus.patterns,
                    leftovers=leftovers,
                    socket=self._folder.link,
                    recordings=self._folder.recordings,
                    clock=self._clock,
                ),
            )
            return
        detector = await asyncio.to_thread(
            build_detectors,
            named_detectors(settings),
            self._clock,
            self._progress,
            used=used_detectors(settings.cameras),
        )
        try:
            outside = Outside(
                sink=base.writer,
                bus=base.bus,
                detector=detector,
                parts=self._folder.parts,
                clock=self._clock,
                shelves=Shelves(folder=self._folder.recordings, sink=base.recordings),
            )
            yield LocalCameras(settings.cameras, outside)
        finally:
            detector.close()

    def _open_for_all(self, address: str) -> None:
        self._folder.note_address(address)
        self._started(address)

    async def _take_over_places(self, store: Store) -> SiteScope:
        settings = self._settings
        scope = SiteScope(site.id for site in settings.sites)
        async with store.write() as unit:
            await unit.sites(scope).save(
                [Site(id=s.id, name=s.name or s.id, enabled=s.enabled) for s in settings.sites]
            )
            await unit.cameras(scope).save(
                [Camera(id=c.id, site_id=c.site, name=c.title) for c in settings.cameras]
            )
        return scope
