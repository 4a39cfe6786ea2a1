"""Suggestions of the running product, by the settings that are in force; one request at a time."""

import asyncio
from datetime import timedelta

from vedette.app.live_settings import LiveSettings
from vedette.app.settings import Settings
from vedette.app.suggest import own_rules, suggest, what_was_said
from vedette.contracts.suggestion import Suggestions
from vedette.kit.clock import Clock
from vedette.store.scope import SiteScope
from vedette.store.store import Store


class Suggester:
    """Judges stored tracks in a thread of its own; implements `api.context.Advice`."""

    def __init__(
        self, store: Store, settings: Settings, live: LiveSettings | None, clock: Clock
    ) -> None:
        """Take what it needs.

        Args:
            settings: those of the start, for where they cannot be changed.
            live: the settings, where they can be changed.
        """
        self._store = store
        self._settings = settings
        self._live = live
        self._clock = clock
        self._one = asyncio.Lock()

    async def find(self, scope: SiteScope, *, lasts: timedelta, camera_id: str = "") -> Suggestions:
        """What could be changed after what people said in the time until now.

        Raises:
            InvalidInput: there is no such camera.
            StorageFailed: the store cannot be read.
        """
        async with self._one:
            until = self._clock.now()
            settings, own = self._in_force()
            cases = await what_was_said(
                self._store,
                scope,
                settings,
                own,
                since=until - lasts,
                until=until,
                camera=camera_id,
            )
            return await asyncio.to_thread(suggest, cases)

    def _in_force(self) -> tuple[Settings, dict[str, frozenset[str]]]:
        if self._live is not None:
            return self._live.settings, own_rules(self._live.document, self._live.file.file)
        every = {c.id: frozenset(str(r["id"]) for r in c.rules) for c in self._settings.cameras}
        return self._settings, every
