"""The plain page: live pictures, events with snapshots, clips that play. Rendered here."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from vedette.alerts.wording import title_of
from vedette.api.context import ApiContext, context_of
from vedette.api.events import ArtifactUrl, artifact_url
from vedette.contracts.artifact import Artifact, ArtifactKind
from vedette.contracts.event import Event
from vedette.explain.story import story_of

router = APIRouter(include_in_schema=False)

TEMPLATES = Path(__file__).parent / "templates"
CARDS = 24
PAGES = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One event as the page shows it."""

    event: Event
    title: str
    duration_s: float
    picture: str | None
    preview: str | None
    clip: str | None
    clips: tuple[str, ...] = ()
    """All parts of a long event's clip, in order; the first is `clip`."""


def card_of(
    event: Event,
    artifacts: Sequence[Artifact],
    names: Mapping[str, str],
    url: ArtifactUrl = artifact_url,
) -> Card:
    urls = {artifact.kind: url(artifact) for artifact in artifacts}
    ended = event.ended_at
    parts = sorted((a for a in artifacts if a.kind is ArtifactKind.CLIP), key=lambda a: a.part)
    clips = tuple(url(a) for a in parts)
    return Card(
        event=event,
        title=title_of(event, names.get(event.camera_id, event.camera_id)),
        duration_s=(ended - event.started_at).total_seconds() if ended else 0.0,
        picture=urls.get(ArtifactKind.SNAPSHOT_ANNOTATED) or urls.get(ArtifactKind.SNAPSHOT),
        preview=urls.get(ArtifactKind.PREVIEW) or urls.get(ArtifactKind.GIF),
        clip=clips[0] if clips else None,
        clips=clips,
    )


@router.get("/")
async def home(request: Request, cursor: str | None = None) -> HTMLResponse:
    context = context_of(request)
    told = await context.report()
    tampered = {report.camera_id: report.tamper for report in told.cameras}
    cameras = [
        {
            **asdict(camera),
            "seen": context.pictures[camera.id].at_us > 0,
            "tamper": tampered.get(camera.id, ""),
        }
        for camera in context.cameras()
    ]
    return render("home.html", cameras=cameras, **await _cards(context, cursor))


@router.get("/events/{event_id}")
async def event(request: Request, event_id: UUID) -> HTMLResponse:
    return await event_page(context_of(request), event_id)


async def event_page(
    context: ApiContext, event_id: UUID, *, url: ArtifactUrl = artifact_url, alone: bool = False
) -> HTMLResponse:
    """The page of one event.

    Args:
        url: where the bytes of its files are.
        alone: for who may see nothing else: it leads nowhere, and names nobody who was told.
    Raises:
        NotFound: there is no such event, or no longer.
    """
    async with context.store.read() as unit:
        held = await unit.events(context.scope).get(event_id)
        artifacts = await unit.artifacts(context.scope).of_event(event_id)
        verdicts = [
            line
            for track_id in held.track_ids
            for line in await unit.verdicts(context.scope).of_track(track_id)
        ]
        told = [] if alone else await unit.notifications(context.scope).of_event(event_id)
    return render(
        "event.html",
        alone=alone,
        card=card_of(held, artifacts, _names(context), url),
        figures=_figures(held.numbers),
        story=story_of("", verdicts, told) if verdicts else None,
        files=[{"url": url(a), "kind": str(a.kind), "size": a.size_bytes} for a in artifacts],
    )


@router.get("/style.css")
async def style() -> Response:
    return asset("style.css", "text/css; charset=utf-8")


@router.get("/page.js")
async def script() -> Response:
    return asset("page.js", "text/javascript; charset=utf-8")


async def _cards(context: ApiContext, cursor: str | None) -> dict[str, Any]:
    async with context.store.read() as unit:
        page = await unit.events(context.scope).find(limit=CARDS, after=cursor)
        files = await unit.artifacts(context.scope).of_events([e.id for e in page.events])
    names = _names(context)
    return {"events": [card_of(e, files[e.id], names) for e in page.events], "next": page.next}


def _names(context: ApiContext) -> dict[str, str]:
    return {camera.id: camera.name for camera in context.cameras()}


def _figures(numbers: Mapping[str, Any]) -> dict[str, str]:
    """`{"dwell_s": 7.2123}` becomes `{"dwell": "7.21 s"}`."""
    shown = {}
    for key, value in numbers.items():
        name = key.removesuffix("_s")
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        shown[name.replace("_", " ")] = text if name == key else f"{text} s"
    return shown


def render(template: str, **values: Any) -> HTMLResponse:
    return HTMLResponse(PAGES.get_template(template).render(**values))


def asset(name: str, media_type: str) -> Response:
    return Response((TEMPLATES / name).read_bytes(), media_type=media_type)
