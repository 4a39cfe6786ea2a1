"""Jobs in the store: done once, told of, cancelled, tried again, given up, and begun anew."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from vedette.contracts.errors import InvalidInput, NotFound, StorageFailed
from vedette.contracts.job import Job, JobState
from vedette.jobs.port import Kind, Task
from vedette.kit.clock import Clock, SystemClock
from vedette.services import job_attempt, local_jobs
from vedette.services.local_jobs import LocalJobs
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock, until
from vedette.testing.store_samples import NOON, with_places


class Workshop:
    """Kinds of jobs that do as their arguments say."""

    def __init__(self) -> None:
        self.begun: list[Mapping[str, Any]] = []
        self.ended: list[str] = []
        self.gate = asyncio.Event()

    @property
    def kinds(self) -> dict[str, Kind]:
        def check(arguments: Mapping[str, Any]) -> None:
            if "wrong" in arguments:
                raise InvalidInput("`wrong` is wrong")

        return {
            "quick": Kind(name="quick", run=self.quick, check=check),
            "slow": Kind(name="slow", run=self.slow, most_attempts=2),
            "late": Kind(name="late", run=self.slow, limit_s=0.01, most_attempts=1),
        }

    async def quick(self, task: Task) -> Mapping[str, Any]:
        self.begun.append(task.job.arguments)
        error = task.job.arguments.get("error")
        if error == "defect":
            raise ZeroDivisionError("division by zero")
        if error == "useless":
            raise InvalidInput("this can never be")
        if error and task.job.attempts <= task.job.arguments.get("times", 99):
            raise StorageFailed(str(error))
        return {"answer": 42}

    async def slow(self, task: Task) -> Mapping[str, Any]:
        self.begun.append(task.job.arguments)
        task.tell(0.25, "a quarter")
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.ended.append("stopped" if task.stop.is_set() else "cancelled")
            raise
        return {}


@asynccontextmanager
async def running(
    folder: Path, workshop: Workshop, clock: Clock | None = None, at_once: int = 1
) -> AsyncIterator[LocalJobs]:
    clock = clock or FakeClock(NOON)
    fresh = not (folder / "vedette.db").exists()
    store = await Store.open(folder / "vedette.db", clock)
    if fresh:
        await with_places(store)
    rng = random.Random(1)  # noqa: S311 - jitter
    jobs = LocalJobs(store, workshop.kinds, clock, rng=rng, at_once=at_once)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(jobs.run())
            try:
                yield jobs
            finally:
                jobs.close()
    finally:
        await store.close()


async def over(jobs: LocalJobs, job: Job) -> Job:
    async with asyncio.timeout(20):
        while not (now := await jobs.get(job.id)).state.over:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return now


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


async def test_a_job_is_done_and_says_what_came_of_it(tmp_path: Path, workshop: Workshop) -> None:
    async with running(tmp_path, workshop) as jobs:
        asked = await jobs.enqueue("quick", {"n": 1}, site_id="home")
        done = await over(jobs, asked)
        numbers = await jobs.numbers()

    assert (asked.state, done.state, done.result) == (
        JobState.QUEUED,
        JobState.DONE,
        {"answer": 42},
    )
    assert (done.progress, done.attempts, done.error) == (1.0, 1, "")
    assert done.finished_at is not None
    assert numbers[JobState.DONE] == 1
    assert workshop.begun == [{"n": 1}]


async def test_the_same_id_twice_is_one_job(tmp_path: Path, workshop: Workshop) -> None:
    same = uuid4()
    async with running(tmp_path, workshop) as jobs:
        first = await jobs.enqueue("quick", {"n": 1}, site_id="home", job_id=same)
        await over(jobs, first)
        again = await jobs.enqueue("quick", {"n": 2}, site_id="home", job_id=same)

    assert (again.arguments, again.state) == ({"n": 1}, JobState.DONE)
    assert workshop.begun == [{"n": 1}]


@pytest.mark.parametrize(
    ("kind", "arguments", "site", "complaint"),
    [
        ("dig", {}, "home", "no kind of job 'dig'; there are: late, quick, slow"),
        ("quick", {"wrong": 1}, "home", "`wrong` is wrong"),
        ("quick", {}, "moon", "site 'moon' is outside"),
    ],
)
async def test_what_cannot_be_done_is_refused_at_once(
    tmp_path: Path,
    workshop: Workshop,
    kind: str,
    arguments: dict[str, Any],
    site: str,
    complaint: str,
) -> None:
    async with running(tmp_path, workshop) as jobs:
        with pytest.raises(InvalidInput, match=complaint):
            await jobs.enqueue(kind, arguments, site_id=site)
        assert await jobs.find() == ()
        with pytest.raises(NotFound):
            await jobs.get(uuid4())
        with pytest.raises(NotFound):
            await jobs.cancel(uuid4())


async def test_a_failure_is_tried_again_and_may_then_succeed(
    tmp_path: Path, workshop: Workshop
) -> None:
    async with running(tmp_path, workshop) as jobs:
        asked = await jobs.enqueue("quick", {"error": "no room", "times": 2}, site_id="home")
        done = await over(jobs, asked)

    assert (done.state, done.attempts) == (JobState.DONE, 3)


@pytest.mark.parametrize(
    ("error", "attempts", "why"),
    [
        ("no room", 3, "no room"),
        ("useless", 1, "this can never be"),
        ("defect", 3, "ZeroDivisionError: division by zero"),
    ],
)
async def test_what_fails_too_often_is_given_up_and_can_be_revived(
    tmp_path: Path, workshop: Workshop, error: str, attempts: int, why: str
) -> None:
    async with running(tmp_path, workshop) as jobs:
        dead = await over(jobs, await jobs.enqueue("quick", {"error": error}, site_id="home"))
        assert (dead.state, dead.attempts, dead.error) == (JobState.FAILED, attempts, why)
        assert [each.id for each in await jobs.find(states=[JobState.FAILED])] == [dead.id]
        await jobs.retry(dead.id)
        again = await over(jobs, dead)
        assert (again.state, again.attempts) == (JobState.FAILED, attempts)
        done = await over(jobs, await jobs.enqueue("quick", {}, site_id="home"))
        with pytest.raises(InvalidInput, match="is done"):
            await jobs.retry(done.id)

    assert len(workshop.begun) == 2 * attempts + 1


async def test_an_attempt_that_takes_too_long_is_given_up(
    tmp_path: Path, workshop: Workshop
) -> None:
    async with running(tmp_path, workshop) as jobs:
        dead = await over(jobs, await jobs.enqueue("late", {}, site_id="home"))

    assert (dead.state, dead.error) == (JobState.FAILED, "it took longer than 0.01 s")
    assert workshop.ended == ["cancelled"]


async def test_progress_is_seen_and_a_running_job_can_be_cancelled(
    tmp_path: Path, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_attempt, "TELL_S", 0.01)
    async with running(tmp_path, workshop, SystemClock()) as jobs:
        asked = await jobs.enqueue("slow", {}, site_id="home")
        async with asyncio.timeout(10):
            while (now := await jobs.get(asked.id)).progress == 0.0:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        assert (now.state, now.progress, now.note) == (JobState.RUNNING, 0.25, "a quarter")
        await jobs.cancel(asked.id)
        gone = await over(jobs, asked)

    assert gone.state is JobState.CANCELLED
    assert workshop.ended == ["stopped"]


async def test_one_that_waits_is_cancelled_at_once_and_what_is_over_stays(
    tmp_path: Path, workshop: Workshop
) -> None:
    async with running(tmp_path, workshop) as jobs:
        await jobs.enqueue("slow", {}, site_id="home")
        await until(lambda: len(workshop.begun) == 1)
        waiting = await jobs.enqueue("quick", {}, site_id="farm")
        assert (await jobs.cancel(waiting.id)).state is JobState.CANCELLED
        assert (await jobs.cancel(waiting.id)).state is JobState.CANCELLED
        await jobs.retry(waiting.id)
        workshop.gate.set()
        assert (await over(jobs, waiting)).state is JobState.DONE


async def test_a_stop_gives_back_what_is_under_way_and_the_next_start_does_it(
    tmp_path: Path, workshop: Workshop
) -> None:
    async with running(tmp_path, workshop) as jobs:
        asked = await jobs.enqueue("slow", {}, site_id="home")
        await until(lambda: len(workshop.begun) == 1)
    workshop.gate.set()
    async with running(tmp_path, workshop) as jobs:
        done = await over(jobs, asked)

    assert (done.state, done.attempts) == (JobState.DONE, 2)


async def test_a_job_that_kills_the_product_does_not_do_so_for_ever(
    tmp_path: Path, workshop: Workshop
) -> None:
    """As after kill -9: the row says `running`, and nobody runs it."""
    clock = FakeClock(NOON)
    store = await with_places(await Store.open(tmp_path / "vedette.db", clock))
    asked: list[Job] = []
    for attempts in (1, 2):
        job = Job(
            id=uuid4(),
            kind="slow",
            site_id="home",
            attempts=attempts - 1,
            most_attempts=2,
            created_at=NOON,
            updated_at=NOON,
            next_at=NOON,
        )
        async with store.write() as unit:
            jobs = unit.jobs(await unit.every_site())
            await jobs.add(job)
            taken = await jobs.claim(now=NOON, lease_s=60.0)
        assert taken is not None
        assert taken.attempts == attempts
        asked.append(job)
    await store.close()
    workshop.gate.set()
    async with running(tmp_path, workshop, clock) as local:
        first, second = [await over(local, job) for job in asked]

    assert (first.state, first.attempts) == (JobState.DONE, 2)
    assert (second.state, second.error) == (JobState.FAILED, local_jobs.KILLED)


async def test_urgent_ones_overtake_but_nobody_waits_for_ever(tmp_path: Path) -> None:
    store = await with_places(await Store.open(tmp_path / "vedette.db", FakeClock(NOON)))
    asked = [("old", 0.0, 0), ("urgent", 130.0, 2), ("more", 130.0, 3), ("new", 130.0, 0)]
    order = []
    async with store.write() as unit:
        jobs = unit.jobs(await unit.every_site())
        for kind, after_s, priority in asked:
            at = NOON + timedelta(seconds=after_s)
            times = {"created_at": at, "updated_at": at, "next_at": at}
            await jobs.add(Job(id=uuid4(), kind=kind, site_id="home", priority=priority, **times))
        later = NOON + timedelta(hours=1)
        while job := await jobs.claim(now=later, lease_s=600.0):
            order.append(job.kind)
    await store.close()

    assert order == ["more", "old", "urgent", "new"]


async def test_a_job_of_a_kind_that_is_gone_says_so(tmp_path: Path, workshop: Workshop) -> None:
    clock = FakeClock(NOON)
    store = await with_places(await Store.open(tmp_path / "vedette.db", clock))
    job = Job(
        id=uuid4(), kind="dig", site_id="home", created_at=NOON, updated_at=NOON, next_at=NOON
    )
    async with store.write() as unit:
        await unit.jobs(await unit.every_site()).add(job)
    await store.close()
    async with running(tmp_path, workshop, clock) as jobs:
        dead = await over(jobs, job)

    assert dead.error == "this version knows no kind of job 'dig'"
