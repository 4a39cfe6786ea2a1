"""Keeps room on the disk for the current moment: the oldest recordings go, whatever their age."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vedette.blobs.local import LocalBlobs
from vedette.services.repair_recordings import unlink_garbage
from vedette.services.retention import Retention
from vedette.store.scope import SiteScope
from vedette.store.store import Store

log = logging.getLogger(__name__)

PAGE = 100
URGENT_BYTES = 64 * 1024 * 1024
"""Freed at least, where a write has failed although the disk says that it has room (a quota)."""


@dataclass(slots=True, kw_only=True)
class Shelf:
    """The recordings, as retention knows them."""

    blobs: LocalBlobs
    limits: Mapping[str, Retention] = field(default_factory=dict)
    """By camera, where it has limits of its own."""
    min_free_bytes: int = 0
    """What has to stay free on the disk of the recordings."""
    free_bytes: Callable[[], int] = lambda: 2**62
    """What is free there now; may raise OSError."""
    _last_free: int | None = None
    """What was free when it was last known."""

    def free(self) -> int:
        """Free bytes; where they cannot be had, what was known last."""
        try:
            self._last_free = self.free_bytes()
        except OSError as error:
            log.warning("the free space of the disk of recordings is not known: %s", error)
        return 2**62 if self._last_free is None else self._last_free

    def freed(self, size_bytes: int) -> None:
        """Something was deleted."""
        if self._last_free is not None:
            self._last_free += size_bytes


async def make_room(
    store: Store, scope: SiteScope, shelf: Shelf, *, urgent: bool
) -> tuple[int, int]:
    """Delete the oldest recordings until enough is free.

    Args:
        urgent: a write failed, so something must go.
    Returns:
        Number of files unlinked, and their bytes.
    Raises:
        StorageFailed: the store cannot be used.
    """
    count, freed = 0, 0
    while True:
        free = await asyncio.to_thread(shelf.free)
        need = max(shelf.min_free_bytes - free, URGENT_BYTES - freed if urgent else 0)
        if need <= 0:
            return count, freed
        chosen, size = [], 0
        async with store.write() as unit:
            for segment in await unit.segments(scope).oldest(limit=PAGE):
                if size >= need:
                    break
                chosen.append(segment.id)
                size += segment.size_bytes
            await unit.segments(scope).discard(chosen, "room")
        gone, gone_bytes = await unlink_garbage(store, shelf.blobs, scope)
        shelf.freed(gone_bytes)
        count, freed = count + gone, freed + gone_bytes
        if not gone:
            log.error("the disk of the recordings is nearly full, and no recording is left to go")
            return count, freed
