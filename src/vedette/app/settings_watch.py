"""Hears updates of the settings on the bus, sees changes of the files, and makes drills."""

import asyncio
import logging

from vedette.app.live_settings import LiveSettings
from vedette.app.settings_file import SettingsFile
from vedette.bus.port import EventBus
from vedette.contracts.config_change import ConfigUpdate
from vedette.contracts.errors import VedetteError
from vedette.contracts.payload import Payload
from vedette.contracts.topics import CONFIG_UPDATE
from vedette.kit.clock import Clock

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""A file that was written is read once it is the same in two looks: editors write in pieces."""


class SettingsWatch:
    """`run` in a task."""

    def __init__(self, live: LiveSettings, file: SettingsFile, bus: EventBus, clock: Clock) -> None:
        self._live = live
        self._file = file
        self._bus = bus
        self._clock = clock

    async def run(self) -> None:
        """Watch until cancelled."""
        undo = self._bus.subscribe(CONFIG_UPDATE, self._hear, name="settings")
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch_files())
                tasks.create_task(self._drill())
        finally:
            undo()

    async def _watch_files(self) -> None:
        known = seen = self._file.signature()
        while True:
            await self._clock.sleep(LOOK_S)
            now = self._file.signature()
            if now == seen and now != known:
                known = now
                try:
                    await self._live.reread()
                except VedetteError as error:
                    log.error("the settings files were changed, and are not used: %s", error)
            seen = now

    async def _drill(self) -> None:
        while True:
            await self._clock.sleep(self._live.settings.resilience.drill_every_s)
            try:
                await self._live.drill()
            except VedetteError as error:
                log.error("a drill of taking settings back failed: %s", error)

    async def _hear(self, topic: str, fact: Payload) -> None:
        """Somebody wants other settings; why not is told on the bus already."""
        del topic
        if isinstance(fact, ConfigUpdate):
            try:
                await self._live.update(fact)
            except VedetteError as error:
                log.warning("other settings are refused: %s", error)
