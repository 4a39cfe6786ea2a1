"""Does background jobs in this process, out of the store's table: none is lost with it."""

import asyncio
import logging
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from vedette.contracts.errors import InvalidInput, NotFound, StorageFailed, VedetteError
from vedette.contracts.job import Job, JobState
from vedette.jobs.port import Kind
from vedette.kit.bell import Bell
from vedette.kit.clock import Clock
from vedette.kit.supervise import backoff_s, keep_running
from vedette.services.job_attempt import Attempt
from vedette.store.store import Store

log = logging.getLogger(__name__)

LEASE_S = 60.0
LOOK_EVERY_S = 5.0
"""How long one may wait that nobody woke us for: whose time has come, or of a dead process."""
KILLED = "the product ended while this was being done"
MOST_LISTED = 500


class LocalJobs:
    """Implements `jobs.port.Jobs`; `run` in a task."""

    def __init__(
        self,
        store: Store,
        kinds: Mapping[str, Kind],
        clock: Clock,
        *,
        rng: random.Random,
        at_once: int = 1,
    ) -> None:
        """`at_once`: how many are done at the same time."""
        self._store = store
        self._kinds = dict(kinds)
        self._clock = clock
        self._rng = rng
        self._at_once = at_once
        self._bell = Bell(clock)
        self._stopping = False
        self._running: dict[UUID, Attempt] = {}
        self.counts: Mapping[JobState, int] = {}
        """By state, when one changed last or somebody looked."""

    async def enqueue(
        self,
        kind: str,
        arguments: Mapping[str, Any],
        *,
        site_id: str,
        priority: int = 0,
        job_id: UUID | None = None,
    ) -> Job:
        known = self._kinds.get(kind)
        if known is None:
            there = ", ".join(sorted(self._kinds)) or "none"
            raise InvalidInput(f"there is no kind of job {kind!r}; there are: {there}")
        known.check(arguments)
        now = self._clock.now()
        job = Job(
            id=job_id or uuid4(),
            kind=kind,
            site_id=site_id,
            arguments=dict(arguments),
            priority=priority,
            most_attempts=known.most_attempts,
            created_at=now,
            updated_at=now,
            next_at=now,
        )
        async with self._store.write() as unit:
            jobs = unit.jobs(await unit.every_site())
            await jobs.add(job)
            kept = await jobs.get(job.id)
        self._bell.ring()
        return kept

    async def get(self, job_id: UUID) -> Job:
        async with self._store.read() as unit:
            return await unit.jobs(await unit.every_site()).get(job_id)

    async def find(
        self, *, states: Sequence[JobState] = (), kind: str = "", limit: int = 50
    ) -> tuple[Job, ...]:
        async with self._store.read() as unit:
            jobs = unit.jobs(await unit.every_site())
            return await jobs.find(states, kind, min(limit, MOST_LISTED))

    async def cancel(self, job_id: UUID) -> Job:
        async with self._store.write() as unit:
            jobs = unit.jobs(await unit.every_site())
            await jobs.get(job_id)
            await jobs.cancel(job_id, now=unit.now)
            found = await jobs.get(job_id)
        if (attempt := self._running.get(job_id)) is not None:
            attempt.cancel()
        return found

    async def retry(self, job_id: UUID) -> Job:
        async with self._store.write() as unit:
            jobs = unit.jobs(await unit.every_site())
            state = (await jobs.get(job_id)).state
            if not await jobs.revive(job_id, now=unit.now):
                raise InvalidInput(
                    f"job {job_id} is {state.value}; what failed or was cancelled is done again"
                )
            found = await jobs.get(job_id)
        self._bell.ring()
        return found

    async def numbers(self) -> Mapping[JobState, int]:
        async with self._store.read() as unit:
            self.counts = await unit.jobs(await unit.every_site()).numbers()
        return self.counts

    async def run(self) -> None:
        """Do what is asked for until `close`; what an earlier life left comes first."""
        await keep_running("jobs", self._release, self._clock, rng=self._rng)
        async with asyncio.TaskGroup() as tasks:
            for number in range(self._at_once):
                name = f"jobs {number + 1}"
                tasks.create_task(keep_running(name, self._work, self._clock, rng=self._rng))

    def close(self) -> None:
        """Begin nothing new, and give back what is under way: it is begun anew at the next start.
        Call it in the loop."""
        self._stopping = True
        self._bell.ring()
        for attempt in self._running.values():
            attempt.interrupt()

    async def _release(self) -> None:
        if self._stopping:
            return
        with suppress(NotFound):  # no site yet, so no job either
            async with self._store.write() as unit:
                jobs = unit.jobs(await unit.every_site())
                await jobs.release(now=unit.now, why=KILLED)

    async def _work(self) -> None:
        while not self._stopping:
            self._bell.hush()
            job = await self._claim()
            await self.numbers()
            if job is not None:
                await self._do(job)
            elif not self._stopping:
                await self._bell.wait(LOOK_EVERY_S)

    async def _claim(self) -> Job | None:
        async with self._store.write() as unit:
            jobs = unit.jobs(await unit.every_site())
            return await jobs.claim(now=unit.now, lease_s=LEASE_S)

    async def _do(self, job: Job) -> None:
        kind = self._kinds.get(job.kind)
        if kind is None:
            error = InvalidInput(f"this version knows no kind of job {job.kind!r}")
            await self._settle(job, error)
            return
        attempt = Attempt(job, kind, self._store, self._clock, lease_s=LEASE_S)
        self._running[job.id] = attempt
        try:
            outcome = await attempt.run()
        finally:
            del self._running[job.id]
        if attempt.interrupted:
            await self._note(attempt.job, JobState.QUEUED, KILLED)
        elif attempt.cancelled:
            await self._note(attempt.job, JobState.CANCELLED, "")
        elif isinstance(outcome, Exception):
            await self._settle(attempt.job, outcome)
        else:
            done = attempt.job.model_copy(update={"result": dict(outcome), "progress": 1.0})
            await self._note(done, JobState.DONE, "")

    async def _settle(self, job: Job, error: Exception) -> None:
        """It failed: again after a while, unless that is useless or it was the last attempt."""
        useless = isinstance(error, InvalidInput | NotFound)
        name = type(error).__name__
        why = str(error) if isinstance(error, VedetteError) else f"{name}: {error}"
        if useless or job.attempts >= job.most_attempts:
            log.error("job %s (%s) has failed: %s", job.id, job.kind, why)
            await self._note(job, JobState.FAILED, why)
            return
        pause_s = backoff_s(job.attempts, self._rng)
        log.warning("job %s (%s): %s; again in %.1f s", job.id, job.kind, why, pause_s)
        await self._note(job, JobState.QUEUED, why, after_s=pause_s)

    async def _note(self, job: Job, state: JobState, why: str, *, after_s: float = 0.0) -> None:
        """Keep the outcome; where the store is away, again and again: the work is done already."""
        number = 0
        while True:
            number += 1
            try:
                async with self._store.write() as unit:
                    next_at = unit.now + timedelta(seconds=after_s)
                    await unit.jobs(await unit.every_site()).settle(
                        job.model_copy(update={"error": why}), state, now=unit.now, next_at=next_at
                    )
                return
            except StorageFailed as error:
                if self._stopping and number > 3:
                    log.error("what came of job %s cannot be noted: %s", job.id, error)
                    return
                await self._clock.sleep(backoff_s(number, self._rng))
