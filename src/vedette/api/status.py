"""How everything is, in one answer: what `vedette status` shows."""

from fastapi import APIRouter, Request

from vedette.api.context import context_of
from vedette.contracts.status import ProductReport

router = APIRouter(prefix="/api/v1", tags=["health"])


@router.get("/status", summary="Cameras, workers and detectors, with their rates")
async def status(request: Request) -> ProductReport:
    return await context_of(request).report()
