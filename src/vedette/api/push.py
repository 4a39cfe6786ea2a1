"""Browsers that want to be told: what they need for it, and their subscriptions."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from vedette.api.context import ApiContext, context_of
from vedette.api.page import asset
from vedette.api.ports import Browsers
from vedette.contracts.errors import NotFound
from vedette.contracts.push import PushKey, PushSubscription

router = APIRouter(tags=["push"])

PATH = "/api/v1/push"
SCRIPT = "text/javascript; charset=utf-8"


class Endpoint(BaseModel):
    """Which browser is meant."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    endpoint: str = Field(min_length=1, max_length=1000)


@router.get(f"{PATH}/key", summary="What a browser needs to subscribe")
async def key(request: Request) -> PushKey:
    return PushKey(key=_browsers(context_of(request)).public_key())


@router.post(f"{PATH}/subscriptions", status_code=201, summary="Have a browser told")
async def subscribe(request: Request, subscription: PushSubscription) -> None:
    await _browsers(context_of(request)).add(subscription)


@router.delete(f"{PATH}/subscriptions", status_code=204, summary="Have it told no more")
async def unsubscribe(request: Request, which: Endpoint) -> None:
    await _browsers(context_of(request)).remove(which.endpoint)


@router.get("/worker.js", include_in_schema=False)
async def worker() -> Response:
    return asset("worker.js", SCRIPT)


@router.get("/inbox.js", include_in_schema=False)
async def script() -> Response:
    return asset("inbox.js", SCRIPT)


def _browsers(context: ApiContext) -> Browsers:
    if context.browsers is None:
        raise NotFound("browsers are not told of anything here")
    return context.browsers
