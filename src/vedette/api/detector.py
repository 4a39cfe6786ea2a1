"""Lets another model detect while the cameras go on (`vedette models use`)."""

from fastapi import APIRouter, Request

from vedette.api.context import context_of
from vedette.contracts.model import ModelExchange, ModelWish

router = APIRouter(prefix="/api/v1", tags=["detector"])


@router.post("/detector", summary="Exchange a model; the old one goes on where the new one fails")
async def exchange(request: Request, wish: ModelWish) -> list[ModelExchange]:
    """One answer for each process that has cameras."""
    return list(await context_of(request).exchange(wish))
