"""Messages to people: what went out, waits, or was given up; have what failed sent again."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request

from vedette.api.context import ApiContext, context_of
from vedette.api.ports import Post
from vedette.contracts.delivery import Message
from vedette.contracts.errors import NotFound
from vedette.contracts.notice import DeliveryStatus

router = APIRouter(prefix="/api/v1/messages", tags=["messages"])


@router.get("", summary="What went out, waits, or was given up; the newest first")
async def find(
    request: Request,
    status: Annotated[list[DeliveryStatus], Query()] = [],  # noqa: B006 - FastAPI copies it
    channel: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Sequence[Message]:
    context = context_of(request)
    return await _post(context).find(context.scope, statuses=status, channel=channel, limit=limit)


@router.post("/{number}/resend", status_code=202, summary="Have what failed sent again")
async def resend(request: Request, number: int) -> Message:
    context = context_of(request)
    return await _post(context).resend(context.scope, number)


def _post(context: ApiContext) -> Post:
    if context.post is None:
        raise NotFound("nobody is told of anything here")
    return context.post
