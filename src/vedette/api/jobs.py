"""Long work: ask for it, look at it, cancel it, have it tried again, fetch what it made."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from vedette.api.context import ApiContext, context_of
from vedette.contracts.errors import InvalidInput, NotFound
from vedette.contracts.job import Job, JobState
from vedette.contracts.payload import Slug
from vedette.jobs.port import Jobs

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


class JobWish(BaseModel):
    """What is to be done."""

    kind: Slug
    arguments: dict[str, Any] = Field(default_factory=dict)
    priority: int = Field(default=0, ge=-10, le=10)
    site_id: Slug | None = Field(
        default=None, description="Absent: that of the camera in the arguments, or the only one."
    )
    id: UUID | None = Field(default=None, description="The same twice is one job.")


@router.post("", status_code=202, summary="Have something done in the background")
async def ask(request: Request, wish: JobWish) -> Job:
    context = context_of(request)
    site_id = await _site_of(context, wish)
    job = await _jobs(context).enqueue(
        wish.kind, wish.arguments, site_id=site_id, priority=wish.priority, job_id=wish.id
    )
    return _seen(context, job)


@router.get("", summary="What is done, waits or has failed; the newest first")
async def find(
    request: Request,
    state: Annotated[list[JobState], Query()] = [],  # noqa: B006 - FastAPI copies it
    kind: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[Job]:
    context = context_of(request)
    found = await _jobs(context).find(states=state, kind=kind, limit=limit)
    return [job for job in found if job.site_id in context.scope]


@router.get("/{job_id}", summary="One job")
async def get(request: Request, job_id: UUID) -> Job:
    context = context_of(request)
    return _seen(context, await _jobs(context).get(job_id))


@router.post("/{job_id}/cancel", summary="End it, at once or as soon as it can")
async def cancel(request: Request, job_id: UUID) -> Job:
    await get(request, job_id)
    return await _jobs(context_of(request)).cancel(job_id)


@router.post("/{job_id}/retry", summary="Have what failed or was cancelled done again")
async def retry(request: Request, job_id: UUID) -> Job:
    await get(request, job_id)
    return await _jobs(context_of(request)).retry(job_id)


@router.get("/{job_id}/files/{name}", summary="A file that it made", response_class=FileResponse)
async def file(request: Request, job_id: UUID, name: str) -> FileResponse:
    context = context_of(request)
    job = await get(request, job_id)
    made = {each.get("name"): each for each in job.result.get("files", ())}
    if name not in made or context.job_file is None:
        raise NotFound(f"job {job_id} has made no file {name!r}")
    path = context.job_file(str(job_id), name)
    if not path.is_file():
        raise NotFound(f"{name} is not kept any more; have it made again")
    return FileResponse(path, media_type=str(made[name].get("media_type", "")), filename=name)


def _jobs(context: ApiContext) -> Jobs:
    if context.jobs is None:
        raise NotFound("nothing is done in the background here")
    return context.jobs


def _seen(context: ApiContext, job: Job) -> Job:
    """The job, where it may be seen."""
    if job.site_id not in context.scope:
        raise NotFound(f"there is no job {job.id}")
    return job


async def _site_of(context: ApiContext, wish: JobWish) -> str:
    camera_id = wish.arguments.get("camera_id")
    if wish.site_id is None and isinstance(camera_id, str):
        async with context.store.read() as unit:
            sites = {c.id: c.site_id for c in await unit.cameras(context.scope).find()}
        if camera_id not in sites:
            raise NotFound(f"no camera is called {camera_id!r}; there are: {', '.join(sites)}")
        return sites[camera_id]
    if wish.site_id is None and len(context.scope) > 1:
        raise InvalidInput(f"name the site: {', '.join(context.scope)}")
    site_id = wish.site_id or next(iter(context.scope))
    context.scope.demand(site_id)
    return site_id
