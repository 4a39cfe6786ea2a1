"""What cameras need of the product: a place for events and recordings, and a bus."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from vedette.alerts.links import LinkSigner
from vedette.app.exports import MOST_EXPORT_S, Exports
from vedette.app.folder import DataFolder
from vedette.app.keys import LINKS_KEY, PUSH_KEY, key_file
from vedette.app.settings import Settings
from vedette.blobs.local import LocalBlobs
from vedette.bus.checked import CheckedBus
from vedette.bus.port import EventBus
from vedette.kit.clock import Clock
from vedette.media.segment import mend
from vedette.plugins.registry import build
from vedette.services.browsers import StoreBrowsers
from vedette.services.event_writer import EventWriter
from vedette.services.gateway import MessagePictures
from vedette.services.in_app import StoreInbox
from vedette.services.make_room import Shelf
from vedette.services.playback import Player
from vedette.services.recordings import RecordingKeeper
from vedette.services.relay import Relay
from vedette.services.repair_recordings import RecordingRepair
from vedette.services.retention import Retention
from vedette.store.store import Store


class Basement:
    """Begins before the cameras, and outlives them."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        blobs: LocalBlobs,
        folder: DataFolder,
        clock: Clock,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.store = store
        self.blobs = blobs
        adapter: EventBus = build(
            "bus", settings.bus.adapter, clock=clock, limits=settings.bus.limits()
        )
        self.bus = CheckedBus(adapter, clock)
        self.relay = Relay(store, self.bus, clock=clock)
        self.writer = EventWriter(
            store,
            blobs,
            sites={camera.id: camera.site for camera in settings.cameras},
            bus=self.bus,
            clock=clock,
            stored=self.relay.wake,
        )
        self.tapes = LocalBlobs(folder.recordings)
        self.signer = LinkSigner(key_file(folder.keys / LINKS_KEY))
        self.inbox = StoreInbox(store, clock)
        self.browsers = StoreBrowsers(store, key_file(folder.keys / PUSH_KEY))
        self.messages = MessagePictures(folder.messages)
        self.exports = Exports(Player(store, self.tapes, most_s=MOST_EXPORT_S), folder.exports)
        self.recordings = RecordingKeeper(
            store,
            sites={camera.id: camera.site for camera in settings.cameras},
            clock=clock,
        )

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Have events and recordings written before anything else runs."""
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(part.run()) for part in (self.writer, self.recordings)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def begin_recording(self) -> None:
        """Repair what a crash left of recordings, and say since when nothing was recorded.

        Raises:
            StorageFailed: the store or the folder cannot be used.
        """
        await RecordingRepair(self.store, self.tapes, mend=mend).run()
        wanted = (camera for camera in self.settings.cameras if camera.record.mode != "off")
        await self.recordings.begin(frozenset(camera.id for camera in wanted))

    async def take_recordings(self, life: str) -> None:
        """Finish what a worker was recording that has ended."""
        await RecordingRepair(self.store, self.tapes, mend=mend).take(life)

    @staticmethod
    def keep(settings: Settings) -> Retention:
        """What holds for all files."""
        return Retention(
            max_bytes=_bytes(settings.retention.max_gb),
            max_age=_days(settings.retention.max_days),
        )

    def shelf(self, settings: Settings) -> Shelf:
        """The recordings, as retention knows them."""
        return Shelf(
            blobs=self.tapes,
            limits={
                camera.id: Retention(
                    max_bytes=_bytes(camera.record.max_gb), max_age=_days(camera.record.max_days)
                )
                for camera in settings.cameras
                if camera.record.max_gb or camera.record.max_days
            },
            min_free_bytes=_bytes(settings.retention.min_free_gb) or 0,
            free_bytes=lambda: shutil.disk_usage(self.tapes.root).free,
        )


def _bytes(gigabytes: float | None) -> int | None:
    return None if gigabytes is None else round(gigabytes * 1000**3)


def _days(days: float | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)
