"""Suggestions: the change of settings that spares events marked false, or sees what was missed."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request

from vedette.api.context import context_of
from vedette.contracts.errors import NotFound
from vedette.contracts.suggestion import Suggestions

router = APIRouter(prefix="/api/v1", tags=["rules"])


@router.get("/suggestions", summary="What could be changed after what people said of events")
async def find(
    request: Request,
    camera: str = "",
    days: Annotated[float, Query(gt=0, le=366)] = 7.0,
) -> Suggestions:
    """Tries changes on all tracks of these days: a month of a busy camera takes minutes."""
    context = context_of(request)
    if context.advice is None:
        raise NotFound("nothing is suggested here")
    lasts = timedelta(days=days)
    return await context.advice.find(context.scope, lasts=lasts, camera_id=camera)
