"""Why people were told of something, or were not: stories, and what the camera saw then."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel

from vedette.api.context import ApiContext, context_of
from vedette.api.events import artifact_url
from vedette.api.ports import Explained, Reasons
from vedette.contracts.errors import InvalidInput, NotFound

router = APIRouter(prefix="/api/v1", tags=["reasons"])

What = Annotated[str, Query(max_length=200, description="Id of an event, an alert or a track.")]
Camera = Annotated[str, Query(max_length=100, description="Instead of it, with `at`.")]
At = Annotated[AwareDatetime | None, Query(description="A moment of the camera, with a time zone.")]
Around = Annotated[float, Query(ge=0, le=3600, description="Seconds before and after it.")]


class LineOut(BaseModel):
    """One sentence of a story."""

    at: datetime
    stage: str
    text: str


class StoryOut(BaseModel):
    """The answer first, then how it came to that."""

    about: str
    camera_id: str
    at: datetime
    answers: tuple[str, ...]
    remedies: tuple[str, ...]
    """Settings that stood in the way, as they would have to be."""
    lines: tuple[LineOut, ...]
    pictures: tuple[str, ...]
    """Addresses of the pictures of its events; `/api/v1/explain.jpg` has that of its moment."""


@router.get("/explain", summary="Why something happened, or did not")
async def explain(
    request: Request, of: What = "", camera: Camera = "", at: At = None, around_s: Around = 10.0
) -> list[StoryOut]:
    found = await _found(context_of(request), of, camera, at, around_s)
    return [
        StoryOut(
            about=each.story.about,
            camera_id=each.camera_id,
            at=each.at,
            answers=each.story.answers,
            remedies=each.story.remedies,
            lines=tuple(
                LineOut(at=line.at, stage=line.stage, text=line.text) for line in each.story.lines
            ),
            pictures=tuple(artifact_url(picture) for picture in each.pictures),
        )
        for each in found
    ]


@router.get(
    "/explain.jpg",
    summary="What the camera saw at that moment, out of its recording",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
async def picture(
    request: Request, of: What = "", camera: Camera = "", at: At = None, around_s: Around = 10.0
) -> Response:
    context = context_of(request)
    found = await _found(context, of, camera, at, around_s)
    content = await _reasons(context).picture(context.scope, found)
    headers = {"Cache-Control": "private, no-cache"}
    return Response(content=content, media_type="image/jpeg", headers=headers)


async def _found(
    context: ApiContext, of: str, camera: str, at: datetime | None, around_s: float
) -> Sequence[Explained]:
    """At least one.

    Raises:
        InvalidInput: it is neither an id nor a moment.
        NotFound: there is nothing to tell.
    """
    reasons = _reasons(context)
    if of and not camera and at is None:
        return [await reasons.of(context.scope, of)]
    if camera and at is not None and not of:
        return await reasons.of_moment(context.scope, camera, at, timedelta(seconds=around_s))
    raise InvalidInput("say either `of`, the id of an event, alert or track, or `camera` and `at`")


def _reasons(context: ApiContext) -> Reasons:
    if context.reasons is None:
        raise NotFound("nothing is explained here")
    return context.reasons
