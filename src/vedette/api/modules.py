"""What runs in this process: restart a module, keep it down, ask it something."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from vedette.api.context import context_of
from vedette.contracts.health import ModuleHealth
from vedette.contracts.module import ModuleAnswer, ModuleRequest
from vedette.kit.ids import SLUG_PATTERN

router = APIRouter(prefix="/api/v1/modules", tags=["modules"])

Name = Annotated[str, Path(pattern=SLUG_PATTERN)]


class QuarantineWish(BaseModel):
    """Why a module is to stay down."""

    why: str = Field(default="somebody wanted it so", max_length=500)


class Question(BaseModel):
    """What a module is asked."""

    what: str = Field(min_length=1, max_length=100)
    arguments: dict[str, Any] = Field(default_factory=dict)


@router.get("", summary="Every module, in the order in which they begin")
async def find(request: Request) -> list[ModuleHealth]:
    return list((await context_of(request).modules.look()).modules)


@router.post("/{name}/restart", summary="End it, and begin it anew; releases a quarantined one")
async def restart(request: Request, name: Name) -> ModuleHealth:
    await context_of(request).modules.restart(name)
    return await _told(request, name)


@router.post("/{name}/quarantine", summary="Keep it down until it is restarted")
async def quarantine(request: Request, name: Name, wish: QuarantineWish) -> ModuleHealth:
    await context_of(request).modules.quarantine(name, wish.why)
    return await _told(request, name)


@router.post("/{name}/requests", summary="Ask it something")
async def ask(request: Request, name: Name, question: Question) -> ModuleAnswer:
    wish = ModuleRequest(module=name, what=question.what, arguments=question.arguments)
    return await context_of(request).modules.ask(wish)


async def _told(request: Request, name: str) -> ModuleHealth:
    summary = await context_of(request).modules.look()
    return next(each for each in summary.modules if each.name == name)
