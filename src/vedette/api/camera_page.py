"""The page of one camera: live video, what is recorded, and a player for any moment of it."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from vedette.api.context import context_of
from vedette.api.page import asset, render
from vedette.api.recordings import card_of

router = APIRouter(include_in_schema=False)


@router.get("/cameras/{camera_id}")
async def camera(request: Request, camera_id: str) -> HTMLResponse:
    context = context_of(request)
    card = card_of(context, camera_id)
    return render("camera.html", camera=card, streams=camera_id in context.streams())


@router.get("/camera.js")
async def script() -> Response:
    return asset("camera.js", "text/javascript; charset=utf-8")
