"""Takes what a dead worker left: what it said last, its clips in the making, its open events.

A life of a worker has a folder for its spool and one for its parts, both called after it. The lock
of a spool is held as long as its worker lives, so that nobody takes the folders of a living one.
"""

import asyncio
import logging
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vedette.contracts.errors import InvalidInput, NotFound
from vedette.contracts.event import Event
from vedette.contracts.sink import EventChange
from vedette.kit.clock import Clock
from vedette.link.files import WorkerFolders
from vedette.link.lock import holder_of
from vedette.link.messages import Durable, durable_of
from vedette.link.spool import left_in
from vedette.link.wire import Decoder, LinkBroken
from vedette.services.mend_clips import FinishClip, mend_clips
from vedette.services.open_events import OpenEvents
from vedette.services.settle import interrupted
from vedette.store.store import Store

log = logging.getLogger(__name__)

ORPHAN_S = 8.0
"""How long a worker of a control process that died may take to finish its events."""
LOOK_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """Of one product."""

    store: Store
    keep: Callable[[Durable], Awaitable[None]]
    finish_clip: FinishClip
    clock: Clock
    spools: Path
    parts: Path
    recorded: Callable[[str], Awaitable[object]] | None = None
    """Finishes what a life was recording; told its name."""

    def folders(self, life: str) -> WorkerFolders:
        """The folders of one life."""
        return WorkerFolders(spool=self.spools / life, parts=self.parts / life)

    async def take_all(self) -> int:
        """Before any worker is started: take what those of the last run left.

        Returns:
            Number of messages that were stored.

        Raises:
            StorageFailed: the folders or the store cannot be used.
        """
        lives = {path.name for path in self.spools.glob("*") if path.is_dir()}
        lives |= {path.name for path in self.parts.glob("*") if path.is_dir()}
        count = 0
        for life in sorted(lives):
            folders = self.folders(life)
            await self._outlive(folders.spool)
            count += await self.take(folders, told=0, still_open=())
        return count

    async def take(self, folders: WorkerFolders, *, told: int, still_open: Iterable[Event]) -> int:
        """Take what one dead worker left, and remove its folders.

        Args:
            told: number of its last message that is stored.
            still_open: its events that were open then.

        Raises:
            StorageFailed: something cannot be read or stored now; the folders stay.
        """
        open_events = OpenEvents(still_open)
        count = 0
        for said in self._said(folders, told):
            try:
                await self.keep(said)
            except InvalidInput as error:
                log.error("what a worker left in its spool is refused: %s", error)
                continue
            count += 1
            if isinstance(said, EventChange):
                open_events.note(said.event)
        if self.recorded is not None:
            await self.recorded(folders.spool.name)
        whole = await self._mend(folders)
        for event in open_events:
            await self.keep(EventChange(event=interrupted(event)))
        if whole:
            await asyncio.to_thread(shutil.rmtree, folders.parts, ignore_errors=True)
        await asyncio.to_thread(shutil.rmtree, folders.spool, ignore_errors=True)
        if count:
            log.warning("%d messages of a worker were taken from its spool", count)
        return count

    def _said(self, folders: WorkerFolders, told: int) -> Iterator[Durable]:
        decoder = Decoder()
        try:
            for payload in left_in(folders.spool):
                for frame in decoder.feed(payload):
                    if frame.seq > told:
                        try:
                            yield durable_of(frame, folders, check=True)
                        except InvalidInput as error:
                            log.error("what a worker left in its spool is refused: %s", error)
        except LinkBroken as error:
            log.error("the spool %s cannot be read to its end: %s", folders.spool, error)

    async def _mend(self, folders: WorkerFolders) -> bool:
        """Finish its clips; False where some must wait (disk full) for the next start."""
        if not folders.parts.is_dir():
            return True
        try:
            async with self.store.read() as unit:
                scope = await unit.every_site()
        except NotFound:
            return True
        mended = await mend_clips(
            folders.parts,
            store=self.store,
            scope=scope,
            finish=self.finish_clip,
            keep=self.keep,
        )
        if mended.finished or mended.lost:
            log.warning("of a dead worker's clips %s", mended)
        return not mended.waiting

    async def _outlive(self, spool: Path) -> None:
        """Wait until the worker of a spool has ended; one that does not is ended."""
        until_s = self.clock.monotonic() + ORPHAN_S
        while (pid := holder_of(spool)) is not None:
            if self.clock.monotonic() > until_s:
                log.warning("the worker %d of the last run does not end; it is killed", pid)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await self.clock.sleep(LOOK_S)
