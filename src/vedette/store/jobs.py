"""The table of jobs: who waits, who runs with a lease, and what came of the others."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.errors import NotFound
from vedette.contracts.job import Job, JobState
from vedette.store.lease import is_over
from vedette.store.rows import insert_new
from vedette.store.scope import SiteScope
from vedette.store.tables import JOB

_J = JOB.c

_FIELDS = tuple(name for name in Job.model_fields if name != "schema_version")

AHEAD = timedelta(minutes=1)
"""What one step of priority is worth."""


class JobRepository:
    """The jobs of some sites, within one transaction."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def add(self, job: Job) -> bool:
        """Keep a new one; False where its id is known already."""
        self._scope.demand(job.site_id)
        row: dict[str, Any] = {name: getattr(job, name) for name in _FIELDS}
        row |= {
            "state": job.state.value,
            "rank": job.created_at - job.priority * AHEAD,
            "lease_until": None,
            "cancel_wanted": False,
        }
        return bool(await insert_new(self._conn, JOB, [row], key=("id",)))

    async def get(self, job_id: UUID) -> Job:
        """One job.

        Raises:
            NotFound: there is none of that id in these sites.
        """
        found = await self._jobs(self._select().where(_J.id == job_id))
        if not found:
            raise NotFound(f"there is no job {job_id}")
        return found[0]

    async def find(self, states: Sequence[JobState], kind: str, limit: int) -> tuple[Job, ...]:
        """The newest first."""
        query = self._select().order_by(_J.created_at.desc(), _J.id).limit(limit)
        if states:
            query = query.where(_J.state.in_([state.value for state in states]))
        if kind:
            query = query.where(_J.kind == kind)
        return await self._jobs(query)

    async def claim(self, *, now: datetime, lease_s: float) -> Job | None:
        """Take the one that is next, with a lease, and count the attempt.

        Next is what waited longest, each step of priority counting as a minute.
        """
        due = (
            select(_J.id)
            .where(
                self._scope.covers(_J.site_id),
                or_(
                    and_(_J.state == JobState.QUEUED.value, is_over(_J.next_at, now)),
                    and_(_J.state == JobState.RUNNING.value, is_over(_J.lease_until, now)),
                ),
            )
            .order_by(_J.rank, _J.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        taken = (
            update(JOB)
            .where(_J.id.in_(due))
            .values(
                state=JobState.RUNNING.value,
                attempts=_J.attempts + 1,
                started_at=now,
                updated_at=now,
                lease_until=now + timedelta(seconds=lease_s),
                progress=0.0,
                note="",
            )
            .returning(*(_J[name] for name in _FIELDS))
        )
        rows = (await self._conn.execute(taken)).mappings().all()
        return Job.model_validate(dict(rows[0])) if rows else None

    async def next_at(self) -> datetime | None:
        """When the earliest of those that wait may begin; None where none waits."""
        query = select(func.min(_J.next_at)).where(
            self._scope.covers(_J.site_id), _J.state == JobState.QUEUED.value
        )
        found: datetime | None = (await self._conn.execute(query)).scalar_one()
        return found

    async def beat(self, job: Job, *, now: datetime, lease_s: float) -> bool:
        """Note progress and keep the lease; False where it is to end."""
        held = (
            update(JOB)
            .where(*self._mine(job))
            .values(
                progress=job.progress,
                note=job.note,
                updated_at=now,
                lease_until=now + timedelta(seconds=lease_s),
            )
            .returning(_J.cancel_wanted)
        )
        wanted = (await self._conn.execute(held)).scalar_one_or_none()
        return wanted is False

    async def settle(
        self, job: Job, state: JobState, *, now: datetime, next_at: datetime | None = None
    ) -> bool:
        """Note how an attempt ended; False where the lease was lost to another.

        Args:
            job: with `result`, `error`, `progress` and `note`.
            next_at: where `state` is `queued`: not again before this.
        """
        ended = (
            update(JOB)
            .where(*self._mine(job))
            .values(
                state=state.value,
                progress=job.progress,
                note=job.note,
                result=job.result,
                error=job.error,
                updated_at=now,
                finished_at=now if state.over else None,
                next_at=next_at or now,
                lease_until=None,
                cancel_wanted=False,
            )
        )
        return (await self._conn.execute(ended)).rowcount == 1

    async def cancel(self, job_id: UUID, *, now: datetime) -> None:
        """What waits is cancelled at once; what runs is told at its next beat."""
        one = (self._scope.covers(_J.site_id), _J.id == job_id)
        waiting = (*one, _J.state == JobState.QUEUED.value)
        over = {"state": JobState.CANCELLED.value, "updated_at": now, "finished_at": now}
        await self._conn.execute(update(JOB).where(*waiting).values(**over))
        running = (*one, _J.state == JobState.RUNNING.value)
        await self._conn.execute(update(JOB).where(*running).values(cancel_wanted=True))

    async def revive(self, job_id: UUID, *, now: datetime) -> bool:
        """What failed or was cancelled waits again, as if new; False where it is neither."""
        ended = (JobState.FAILED.value, JobState.CANCELLED.value)
        again = (
            update(JOB)
            .where(self._scope.covers(_J.site_id), _J.id == job_id, _J.state.in_(ended))
            .values(
                state=JobState.QUEUED.value,
                attempts=0,
                progress=0.0,
                note="",
                error="",
                next_at=now,
                updated_at=now,
                finished_at=None,
            )
        )
        return (await self._conn.execute(again)).rowcount == 1

    async def release(self, *, now: datetime, why: str) -> int:
        """Whoever ran jobs is dead: they wait again, or have failed where that was their last
        attempt (one that kills the process must not do so for ever). How many ran."""
        running = (self._scope.covers(_J.site_id), _J.state == JobState.RUNNING.value)
        free = {"lease_until": None, "updated_at": now, "error": why}
        last = (*running, or_(_J.attempts >= _J.most_attempts, _J.cancel_wanted))
        failed = {"state": JobState.FAILED.value, "finished_at": now, "cancel_wanted": False}
        gone = await self._conn.execute(update(JOB).where(*last).values(**free, **failed))
        again = update(JOB).where(*running).values(**free, state=JobState.QUEUED.value, next_at=now)
        return gone.rowcount + (await self._conn.execute(again)).rowcount

    async def numbers(self) -> Mapping[JobState, int]:
        """How many there are in each state."""
        query = (
            select(_J.state, func.count()).where(self._scope.covers(_J.site_id)).group_by(_J.state)
        )
        found = {state: int(count) for state, count in await self._conn.execute(query)}
        return {state: found.get(state.value, 0) for state in JobState}

    async def forget(self, *, finished_before: datetime, limit: int) -> int:
        """Delete rows of jobs that ended before a moment."""
        old = (
            select(_J.id)
            .where(self._scope.covers(_J.site_id), _J.finished_at < finished_before)
            .limit(limit)
        )
        return (await self._conn.execute(delete(JOB).where(_J.id.in_(old)))).rowcount

    def _select(self) -> Select[Any]:
        return select(*(_J[name] for name in _FIELDS)).where(self._scope.covers(_J.site_id))

    async def _jobs(self, query: Select[Any]) -> tuple[Job, ...]:
        rows = (await self._conn.execute(query)).mappings()
        return tuple(Job.model_validate(dict(row)) for row in rows)

    def _mine(self, job: Job) -> tuple[Any, ...]:
        """That attempt, and no other."""
        return (
            self._scope.covers(_J.site_id),
            _J.id == job.id,
            _J.state == JobState.RUNNING.value,
            _J.attempts == job.attempts,
        )
