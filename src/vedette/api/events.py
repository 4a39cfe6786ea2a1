"""Events and the bytes of their artifacts."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from vedette.api.context import ApiContext, context_of
from vedette.blobs.names import file_name
from vedette.contracts.artifact import Artifact, ArtifactKind
from vedette.contracts.errors import NotFound
from vedette.contracts.event import Event, EventState, Severity
from vedette.store.events import EventFilter

router = APIRouter(prefix="/api/v1", tags=["events"])


class ArtifactOut(Artifact):
    """An artifact, and where its bytes are."""

    url: str


class EventOut(Event):
    """An event with its artifacts."""

    artifacts: tuple[ArtifactOut, ...] = ()


class EventsOut(BaseModel):
    """A page of events, newest first."""

    items: tuple[EventOut, ...]
    next: str | None
    """Give it as `cursor` to get the page after this one; null on the last."""


def artifact_url(artifact: Artifact) -> str:
    """Address of the bytes; changes with the revision, so that caches never lie."""
    base = f"/api/v1/events/{artifact.event_id}/artifacts/{artifact.kind}"
    return f"{base}?revision={artifact.revision}"


ArtifactUrl = Callable[[Artifact], str]
"""Where the bytes of an artifact are for who asks."""


def event_out(event: Event, artifacts: Sequence[Artifact]) -> EventOut:
    fields: dict[str, Any] = event.model_dump()
    shown = tuple(ArtifactOut(**a.model_dump(), url=artifact_url(a)) for a in artifacts)
    return EventOut(**fields, artifacts=shown)


class EventQuery(BaseModel):
    """Filters of the list; repeat one to allow several values."""

    model_config = ConfigDict(extra="forbid")

    camera: list[str] = Field(default_factory=list, description="Ids of cameras.")
    rule: list[str] = Field(default_factory=list, description="Ids of rules.")
    type: list[str] = Field(default_factory=list, description="enter, loiter, count ...")
    label: list[str] = Field(default_factory=list, description="person, car ...")
    zone: list[str] = Field(default_factory=list, description="Ids of zones.")
    severity: list[Severity] = Field(default_factory=list)
    state: list[EventState] = Field(default_factory=list)
    since: AwareDatetime | None = Field(default=None, description="Started then or later.")
    until: AwareDatetime | None = Field(default=None, description="Started before.")
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = Field(default=None, description="`next` of the page before.")

    def wanted(self) -> EventFilter:
        return EventFilter(
            cameras=tuple(self.camera),
            rules=tuple(self.rule),
            types=tuple(self.type),
            labels=tuple(self.label),
            zones=tuple(self.zone),
            severities=tuple(self.severity),
            states=tuple(self.state),
            since=self.since,
            until=self.until,
        )


@router.get("/events", summary="Events, newest first")
async def find(request: Request, query: Annotated[EventQuery, Query()]) -> EventsOut:
    context = context_of(request)
    async with context.store.read() as unit:
        page = await unit.events(context.scope).find(
            query.wanted(), limit=query.limit, after=query.cursor
        )
        files = await unit.artifacts(context.scope).of_events([e.id for e in page.events])
    items = tuple(event_out(event, files[event.id]) for event in page.events)
    return EventsOut(items=items, next=page.next)


@router.get("/events/{event_id}", summary="One event")
async def get(request: Request, event_id: UUID) -> EventOut:
    context = context_of(request)
    async with context.store.read() as unit:
        event = await unit.events(context.scope).get(event_id)
        files = await unit.artifacts(context.scope).of_event(event_id)
    return event_out(event, files)


def _revision(of_kind: Sequence[Artifact], revision: int) -> Artifact | None:
    """The one of that revision, else the better one that took its place."""
    exact = [a for a in of_kind if a.revision == revision]
    better = [a for a in of_kind if a.revision > revision]
    return next(iter((*exact, *better[::-1])), None)


@router.get(
    "/events/{event_id}/artifacts/{kind}",
    summary="The bytes of an artifact (Range is understood)",
    response_class=FileResponse,
)
async def artifact(
    request: Request, event_id: UUID, kind: ArtifactKind, revision: int | None = None
) -> Response:
    return await bytes_of(context_of(request), event_id, kind, revision)


async def bytes_of(
    context: ApiContext,
    event_id: UUID,
    kind: ArtifactKind,
    revision: int | None,
    *,
    url: ArtifactUrl = artifact_url,
) -> Response:
    """The bytes of an event's artifact; with a revision that was superseded, where the newest is.

    Raises:
        NotFound: there is none, or no longer.
    """
    async with context.store.read() as unit:
        event = await unit.events(context.scope).get(event_id)
        files = await unit.artifacts(context.scope).of_event(event_id)
    of_kind = [a for a in files if a.kind is kind]
    if not of_kind:
        raise NotFound(f"event {event_id} has no {kind}")
    newest = of_kind[-1] if revision is None else _revision(of_kind, revision)
    if newest is None:
        raise NotFound(f"event {event_id} has no {kind} {revision}")
    if revision is not None and revision != newest.revision:  # superseded since it was shown
        return RedirectResponse(url(newest), headers={"Cache-Control": "no-store"})
    path = context.artifact_path(newest.storage_path)
    if not path.is_file():
        raise NotFound(f"the {kind} of event {event_id} is no longer stored")
    caching = "private, no-cache" if revision is None else "private, max-age=31536000"
    name = file_name(event, kind, path.suffix, part=newest.part, pattern=context.file_names)
    headers = {
        "ETag": f'"{newest.sha256}"',
        "Cache-Control": caching,
        "Content-Disposition": f'inline; filename="{name}"',
    }
    return FileResponse(path, media_type=newest.media_type, headers=headers)
