"""Alerts: look, acknowledge, assign, resolve; and what is muted."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from vedette.api.context import ApiContext, context_of
from vedette.api.ports import Alerts
from vedette.contracts.alert import Alert, AlertAction, AlertChange, AlertState, Mute
from vedette.contracts.errors import InvalidInput, NotFound
from vedette.contracts.payload import Slug

router = APIRouter(prefix="/api/v1", tags=["alerts"])

Name = Annotated[str, Field(max_length=100)]
Note = Annotated[str, Field(max_length=400)]


class AlertDeed(BaseModel):
    """Who does something with an alert; accounts come with issue 6."""

    model_config = ConfigDict(extra="forbid")

    by: Name = ""
    note: Note = ""


class Assignment(AlertDeed):
    """Whose matter it is; nobody's where empty."""

    to: Name = ""


class MuteWish(AlertDeed):
    """What nobody is to be told of for a while."""

    camera_id: Slug | None = None
    rule_id: Slug | None = None
    site_id: Slug | None = None
    """The only site there is, where absent."""
    lasts_s: float = Field(gt=0, le=366 * 86400)


class AlertStory(BaseModel):
    """An alert with what was done with it."""

    alert: Alert
    history: Sequence[AlertChange]


@router.get("/alerts", summary="What people were told of, the newest first")
async def find(
    request: Request,
    state: Annotated[list[AlertState], Query()] = [],  # noqa: B006 - FastAPI copies it
    camera: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Sequence[Alert]:
    context = context_of(request)
    return await _desk(context).find(context.scope, states=state, camera_id=camera, limit=limit)


@router.get("/alerts/{alert_id}", summary="One alert with its history")
async def get(request: Request, alert_id: UUID) -> AlertStory:
    context = context_of(request)
    alert, history = await _desk(context).get(context.scope, alert_id)
    return AlertStory(alert=alert, history=history)


@router.post("/alerts/{alert_id}/acknowledge", summary="Say that somebody knows")
async def acknowledge(request: Request, alert_id: UUID, deed: AlertDeed) -> Alert:
    return await _act(request, alert_id, AlertAction.ACKNOWLEDGED, deed)


@router.post("/alerts/{alert_id}/assign", summary="Make it somebody's matter")
async def assign(request: Request, alert_id: UUID, deed: Assignment) -> Alert:
    return await _act(request, alert_id, AlertAction.ASSIGNED, deed, to=deed.to)


@router.post("/alerts/{alert_id}/resolve", summary="Say that it is done with")
async def resolve(request: Request, alert_id: UUID, deed: AlertDeed) -> Alert:
    return await _act(request, alert_id, AlertAction.RESOLVED, deed)


@router.post("/alerts/{alert_id}/reopen", summary="Say that it was not done with")
async def reopen(request: Request, alert_id: UUID, deed: AlertDeed) -> Alert:
    return await _act(request, alert_id, AlertAction.REOPENED, deed)


@router.get("/mutes", summary="What is muted now")
async def mutes(request: Request) -> Sequence[Mute]:
    context = context_of(request)
    return await _desk(context).mutes(context.scope)


@router.post("/mutes", status_code=201, summary="Tell nobody of something for a while")
async def mute(request: Request, wish: MuteWish) -> Mute:
    context = context_of(request)
    desk = _desk(context)
    return await desk.mute(
        context.scope,
        wish.site_id or _only_site(context),
        lasts=timedelta(seconds=wish.lasts_s),
        camera_id=wish.camera_id,
        rule_id=wish.rule_id,
        by=wish.by,
        note=wish.note,
    )


@router.delete("/mutes/{number}", summary="Tell of it again")
async def unmute(request: Request, number: int) -> Mute:
    context = context_of(request)
    return await _desk(context).unmute(context.scope, number)


async def _act(
    request: Request, alert_id: UUID, action: AlertAction, deed: AlertDeed, *, to: str = ""
) -> Alert:
    context = context_of(request)
    return await _desk(context).act(
        context.scope, alert_id, action, by=deed.by, to=to, note=deed.note
    )


def _only_site(context: ApiContext) -> str:
    sites = list(context.scope)
    if len(sites) != 1:
        raise InvalidInput(f"say which site: `site_id` is one of {', '.join(sites)}")
    return sites[0]


def _desk(context: ApiContext) -> Alerts:
    if context.alerts is None:
        raise NotFound("nobody is told of anything here")
    return context.alerts
