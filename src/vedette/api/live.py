"""The live picture of a camera: one JPEG, or a stream of them."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from vedette.api.context import ApiContext, context_of
from vedette.api.ports import Picture
from vedette.contracts.errors import NotFound

router = APIRouter(tags=["live"])

BOUNDARY = "picture"
LONGEST_S = 3600.0
"""A stream ends after this; the page opens it again."""
LOOK_S = 0.05
"""How often a stream asks for a new picture."""


def picture_of(request: Request, camera_id: str) -> Picture:
    pictures = context_of(request).pictures
    if camera_id not in pictures:
        raise NotFound(f"no camera is called {camera_id!r}; there are: {', '.join(pictures)}")
    return pictures[camera_id]


@router.get("/live/{camera_id}.jpg", summary="The latest picture, annotated")
def still(request: Request, camera_id: str) -> Response:
    jpeg = picture_of(request, camera_id).jpeg()
    if jpeg is None:
        raise NotFound(f"camera {camera_id!r} has not delivered a picture yet")
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@router.get("/live/{camera_id}.mjpg", summary="The live picture as MJPEG")
async def moving(request: Request, camera_id: str) -> StreamingResponse:
    picture = picture_of(request, camera_id)
    return StreamingResponse(
        _pictures(request, context_of(request), picture),
        media_type=f"multipart/x-mixed-replace; boundary={BOUNDARY}",
        headers={"Cache-Control": "no-store"},
    )


async def _pictures(
    request: Request, context: ApiContext, picture: Picture
) -> AsyncIterator[bytes]:
    clock = context.clock
    began, shown_us = clock.monotonic(), 0
    while clock.monotonic() - began < LONGEST_S and not context.stopping():
        if await request.is_disconnected():
            return
        if picture.at_us != shown_us:
            shown_us = picture.at_us
            jpeg = await run_in_threadpool(picture.jpeg)
            if jpeg is not None:
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}"
                yield head.encode() + b"\r\n\r\n" + jpeg + b"\r\n"
        await clock.sleep(LOOK_S)
