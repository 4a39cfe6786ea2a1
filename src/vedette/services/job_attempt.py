"""One attempt at a job: it runs within its time, keeps its lease, tells how far it is, and ends."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

from vedette.contracts.errors import StorageFailed, VedetteError
from vedette.contracts.job import Job
from vedette.jobs.port import Kind
from vedette.kit.clock import Clock
from vedette.kit.supervise import guarded
from vedette.store.store import Store

BEATS = 4
"""So many within a lease."""
TELL_S = 0.5
"""Progress is stored at most this often."""


class Attempt:
    """Implements `jobs.port.Task`. Belongs to one loop; `tell` from any thread."""

    def __init__(self, job: Job, kind: Kind, store: Store, clock: Clock, *, lease_s: float) -> None:
        self.job = job
        self.stop = threading.Event()
        self.cancelled = False
        """Somebody wanted it to end."""
        self.interrupted = False
        """The product stops."""
        self._kind = kind
        self._store = store
        self._clock = clock
        self._lease_s = lease_s
        self._told = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[Mapping[str, Any] | Exception] | None = None

    def tell(self, progress: float, note: str = "") -> None:
        """See `jobs.port.Task`."""
        within = min(1.0, max(0.0, progress))
        self.job = self.job.model_copy(update={"progress": within, "note": note})
        self._loop.call_soon_threadsafe(self._told.set)

    def cancel(self) -> None:
        """Somebody wants it to end. Call it in the loop."""
        self.cancelled = True
        self._end()

    def interrupt(self) -> None:
        """The product stops. Call it in the loop."""
        self.interrupted = True
        self._end()

    async def run(self) -> Mapping[str, Any] | Exception:
        """What came of it, or why nothing did."""
        try:
            async with asyncio.TaskGroup() as tasks:
                beating = tasks.create_task(self._beat())
                self._task = tasks.create_task(self._work())
                await asyncio.wait([self._task])
                beating.cancel()
        finally:
            self.stop.set()
        return VedetteError("it was ended") if self._task.cancelled() else self._task.result()

    async def _work(self) -> Mapping[str, Any] | Exception:
        limit = asyncio.timeout(self._kind.limit_s)
        with guarded(f"job {self._kind.name}") as outcome:
            try:
                async with limit:
                    return await self._kind.run(self)
            except VedetteError as error:
                return error
            except TimeoutError as error:
                too_long = VedetteError(f"it took longer than {self._kind.limit_s:g} s")
                return too_long if limit.expired() else error
        return outcome.error or VedetteError("it was ended")

    async def _beat(self) -> None:
        """Keep the lease, and note how far it is, until it is over."""
        while True:
            await self._next()
            try:
                async with self._store.write() as unit:
                    jobs = unit.jobs(await unit.every_site())
                    goes_on = await jobs.beat(self.job, now=unit.now, lease_s=self._lease_s)
            except StorageFailed:
                continue  # the lease outlives a few of these
            if not goes_on:
                self.cancel()

    async def _next(self) -> None:
        """Until something is told, but not at once again; or the lease needs it."""
        self._told.clear()
        await self._clock.sleep(TELL_S)
        left_s = self._lease_s / BEATS - TELL_S
        while not self._told.is_set() and left_s > 0.0:
            await self._clock.sleep(TELL_S)
            left_s -= TELL_S

    def _end(self) -> None:
        self.stop.set()
        if self._task is not None:
            self._task.cancel()
