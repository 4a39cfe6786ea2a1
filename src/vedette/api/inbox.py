"""Messages that people read here: look, mark as read, hear of new ones."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from vedette.api.context import ApiContext, context_of
from vedette.api.page import render
from vedette.api.ports import Inbox
from vedette.api.room import Room
from vedette.contracts.errors import NotFound
from vedette.contracts.inbox import InboxMessage, InboxPage

router = APIRouter(tags=["inbox"])

PATH = "/api/v1/inbox"
MOST_LISTENERS = 100


class ReadUntil(BaseModel):
    """Up to which message somebody has read."""

    model_config = ConfigDict(extra="forbid")

    last: int = Field(ge=0)


class ReadCount(BaseModel):
    """How many of them were new."""

    read: int


def listeners() -> Room:
    """For those who listen to one door."""
    return Room(
        MOST_LISTENERS, f"{MOST_LISTENERS} listen already; ask for {PATH} now and then instead"
    )


@router.get(PATH, summary="Messages, the newest first")
async def find(
    request: Request,
    unread: bool = False,
    before: Annotated[int | None, Query(ge=0)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> InboxPage:
    context = context_of(request)
    return await _inbox(context).find(context.scope, unread=unread, before=before, limit=limit)


@router.post(f"{PATH}/read", summary="Mark all up to one as read")
async def read_until(request: Request, wish: ReadUntil) -> ReadCount:
    context = context_of(request)
    return ReadCount(read=await _inbox(context).read_until(context.scope, wish.last))


@router.post(f"{PATH}/{{number}}/read", summary="Mark one as read")
async def read(request: Request, number: int) -> InboxMessage:
    context = context_of(request)
    return await _inbox(context).read(context.scope, number)


@router.get(f"{PATH}/stream", summary="New messages as they come (server-sent events)")
async def stream(
    request: Request,
    after: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[str, Header()] = "",
) -> StreamingResponse:
    """Goes on after `Last-Event-ID`, or `after`; else with what is new."""
    context = context_of(request)
    known = int(last_event_id) if last_event_id.isdecimal() else after
    room: Room = request.app.state.listeners
    room.demand()
    news = _inbox(context).listen(context.scope, known, context.stopping)
    return StreamingResponse(
        _told(request, room, news),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store"},
    )


async def _told(
    request: Request, room: Room, news: AsyncGenerator[InboxMessage | None]
) -> AsyncIterator[bytes]:
    """As the HTML standard has server-sent events (section 9.2)."""
    with room.taken():
        try:
            yield b": messages as they come\n\n"
            async for each in news:
                if await request.is_disconnected():
                    return
                if each is None:
                    yield b": nothing new\n\n"
                else:
                    data = each.model_dump_json()
                    yield f"id: {each.number}\nevent: message\ndata: {data}\n\n".encode()
        finally:
            await news.aclose()


@router.get("/inbox", include_in_schema=False)
async def page(request: Request, before: Annotated[int | None, Query(ge=0)] = None) -> HTMLResponse:
    context = context_of(request)
    found = await _inbox(context).find(context.scope, before=before)
    return render("inbox.html", page=found, newest=max((m.number for m in found.items), default=0))


def _inbox(context: ApiContext) -> Inbox:
    if context.inbox is None:
        raise NotFound("no messages are kept here")
    return context.inbox
