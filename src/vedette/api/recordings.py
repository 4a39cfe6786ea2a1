"""Recordings and live video of a camera: the timeline, any interval as a film, the live stream."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field

from vedette.api.context import ApiContext, CameraCard, context_of
from vedette.api.ports import Films, Watching
from vedette.api.ranges import ranged
from vedette.api.room import Room
from vedette.contracts.errors import InvalidInput, NotFound
from vedette.contracts.sink import GapCause
from vedette.kit.clock import from_us, to_us
from vedette.recording.timeline import Span, timeline
from vedette.store.events import EventFilter

router = APIRouter(prefix="/api/v1/cameras", tags=["recordings"])

LONGEST_DAYS = 7
MOST_SEGMENTS = 20_000
MOST_GAPS = 2_000
MOST_EVENTS = 500
MOST_WATCHING = 32
"""Live videos at once, of all cameras."""
MOST_TOLD = 50
"""Intervals that fit into a header."""

Begin = Annotated[AwareDatetime, Query(alias="from", description="With a time zone.")]
End = Annotated[AwareDatetime, Query(alias="to", description="Not included.")]


class SpanOut(BaseModel):
    """A stretch of time, either recorded or not."""

    recorded: bool
    began_at: datetime
    ended_at: datetime
    cause: GapCause | None = Field(default=None, description="Why there is no recording.")
    detail: str = ""
    lasts: bool = Field(default=False, description="A gap that is not over yet.")


class EventMark(BaseModel):
    """An event of the camera in that time."""

    id: str
    label: str
    rule_id: str
    severity: str
    started_at: datetime
    ended_at: datetime | None


class TimelineOut(BaseModel):
    """What is recorded of a camera, what is not, and why; and what happened."""

    camera_id: str
    began_at: datetime
    ended_at: datetime
    spans: tuple[SpanOut, ...]
    """In order, none over another; where nothing is known there is none."""
    events: tuple[EventMark, ...]
    """The newest, newest first."""
    complete_until: datetime | None
    """Set where there was too much for one answer: ask again from here."""


@router.get("/{camera_id}/timeline", summary="What is recorded, what is not, and why")
async def spans(request: Request, camera_id: str, begin: Begin, end: End) -> TimelineOut:
    context = context_of(request)
    card_of(context, camera_id)
    if not begin < end or (end - begin).days > LONGEST_DAYS:
        raise InvalidInput(f"`to` must be after `from`, by at most {LONGEST_DAYS} days")
    async with context.store.read() as unit:
        recorded = await unit.segments(context.scope).spans(
            camera_id, begin, end, limit=MOST_SEGMENTS
        )
        gaps = await unit.gaps(context.scope).between(camera_id, begin, end, limit=MOST_GAPS)
        wanted = EventFilter(cameras=(camera_id,), since=begin, until=end)
        events = (await unit.events(context.scope).find(wanted, limit=MOST_EVENTS)).events
    until_us = to_us(end)
    if len(recorded) == MOST_SEGMENTS:
        until_us = min(until_us, recorded[-1][0])
    if len(gaps) == MOST_GAPS:
        until_us = min(until_us, to_us(gaps[-1].began_at))
    line = timeline(
        recorded,
        gaps,
        begin_us=to_us(begin),
        end_us=until_us,
        now_us=to_us(context.clock.now()),
    )
    return TimelineOut(
        camera_id=camera_id,
        began_at=begin,
        ended_at=end,
        spans=tuple(_span(span) for span in line),
        events=tuple(
            EventMark(
                id=str(event.id),
                label=event.label,
                rule_id=event.rule_id,
                severity=event.severity,
                started_at=event.started_at,
                ended_at=event.ended_at,
            )
            for event in events
        ),
        complete_until=None if until_us == to_us(end) else from_us(until_us),
    )


@router.api_route(
    "/{camera_id}/recording.mp4",
    methods=["GET", "HEAD"],
    summary="Any recorded interval as a film, exact to the picture (Range is understood)",
    response_class=StreamingResponse,
)
async def film(request: Request, camera_id: str, begin: Begin, end: End) -> Response:
    context = context_of(request)
    card_of(context, camera_id)
    found = await films_of(context).film(context.scope, camera_id, to_us(begin), to_us(end))
    name = f"{camera_id}-{begin:%Y%m%dT%H%M%S}{found.extension}"
    headers = {
        "ETag": f'"{found.tag}"',
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'inline; filename="{name}"',
        "X-Vedette-Intervals": ", ".join(
            f"{_text(a)}/{_text(b)}" for a, b in found.intervals[:MOST_TOLD]
        ),
    }
    if found.next_us is not None:
        headers["X-Vedette-Next"] = _text(found.next_us)
    return ranged(request, found.content, media_type=found.media_type, headers=headers)


@router.get(
    "/{camera_id}/live.mp4",
    summary="Live video and sound, as the camera sends them",
    response_class=StreamingResponse,
)
async def live(request: Request, camera_id: str) -> Response:
    context = context_of(request)
    card_of(context, camera_id)
    source = context.streams().get(camera_id)
    if source is None:
        raise NotFound(f"camera {camera_id!r} has no live video")
    seats: Seats = request.app.state.seats
    with seats.taken() as threads:
        viewer = await asyncio.get_running_loop().run_in_executor(threads, source.subscribe)
    return StreamingResponse(
        _watch(context, seats, viewer),
        media_type=viewer.media_type,
        headers={"Cache-Control": "no-store"},
    )


class Seats:
    """Threads in which live video is waited for, so that no other answer has to wait."""

    def __init__(self, most: int = MOST_WATCHING) -> None:
        self._room = Room(most, f"{most} live videos are watched already; close one of them")
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="live")

    @contextmanager
    def taken(self) -> Iterator[ThreadPoolExecutor]:
        """A seat, and the threads to wait in.

        Raises:
            TooMany: there is none.
        """
        with self._room.taken():
            yield self._threads


async def _watch(context: ApiContext, seats: Seats, viewer: Watching) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    try:
        with seats.taken() as threads:
            while not context.stopping():
                data = await loop.run_in_executor(threads, next, viewer, b"")
                if not data:
                    return
                yield data
    finally:
        viewer.close()


def card_of(context: ApiContext, camera_id: str) -> CameraCard:
    """The camera of that id.

    Raises:
        NotFound: there is none.
    """
    cards = {card.id: card for card in context.cameras()}
    if camera_id not in cards:
        raise NotFound(f"no camera is called {camera_id!r}; there are: {', '.join(cards)}")
    return cards[camera_id]


def films_of(context: ApiContext) -> Films:
    if context.films is None:
        raise NotFound("nothing is recorded here")
    return context.films


def _span(span: Span) -> SpanOut:
    return SpanOut(
        recorded=span.recorded,
        began_at=from_us(span.began_us),
        ended_at=from_us(span.ended_us),
        cause=span.cause,
        detail=span.detail,
        lasts=span.lasts,
    )


def _text(at_us: int) -> str:
    return from_us(at_us).isoformat().replace("+00:00", "Z")
