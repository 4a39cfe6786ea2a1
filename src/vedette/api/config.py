"""The settings of the running product: in force, changed, and as they were."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from vedette.api.context import ApiContext, context_of
from vedette.api.ports import LiveConfig
from vedette.config.difference import differences
from vedette.config.document import MISSING
from vedette.contracts.config_change import ConfigRollback, ConfigSnapshot, ConfigUpdate
from vedette.contracts.errors import InvalidInput
from vedette.kit.redact import hidden
from vedette.store.config_versions import ConfigVersion

router = APIRouter(prefix="/api/v1/config", tags=["settings"])


class ConfigWish(BaseModel):
    """What is to be different; see `ConfigUpdate`."""

    changes: dict[str, Any]
    author: str = Field(default="", max_length=100)
    expected: int | None = Field(default=None, description="The version that it was made for.")
    id: UUID | None = Field(default=None, description="The same twice is one change.")


class Version(BaseModel):
    """One version of the settings."""

    number: int
    at: AwareDatetime
    author: str
    origin: str
    fingerprint: str
    changes: dict[str, Any] = Field(description="All that lay over the files; without secrets.")


class Difference(BaseModel):
    """One key that is different."""

    key: str
    old: Any = None
    new: Any = None


@router.get("", summary="The settings in force; secrets as stars")
async def current(request: Request) -> ConfigSnapshot:
    return await _live(context_of(request)).current()


@router.patch("", summary="Change them: everywhere or nowhere; the answer says what began anew")
async def change(request: Request, wish: ConfigWish) -> ConfigSnapshot:
    context = context_of(request)
    update = ConfigUpdate(
        id=wish.id or uuid4(),
        at=context.clock.now(),
        author=wish.author,
        changes=wish.changes,
        expected=wish.expected,
    )
    return await _live(context).update(update)


@router.get("/versions", summary="All versions, the newest first")
async def versions(
    request: Request, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> list[Version]:
    async with context_of(request).store.read() as unit:
        return [_shown(each) for each in await unit.config_versions().find(limit=limit)]


@router.get("/versions/{number}", summary="One version")
async def version(request: Request, number: int) -> Version:
    async with context_of(request).store.read() as unit:
        return _shown(await unit.config_versions().get(number))


@router.get("/versions/{old}/difference/{new}", summary="What is different between two versions")
async def difference(request: Request, old: int, new: int) -> list[Difference]:
    async with context_of(request).store.read() as unit:
        one = await unit.config_versions().get(old)
        other = await unit.config_versions().get(new)
    found = differences(one.shown, other.shown)
    return [Difference(key=key, old=_there(was), new=_there(now)) for key, was, now in found]


@router.post("/versions/{number}/restore", summary="Put its changes in force again; 0: none")
async def restore(request: Request, number: int, author: str = "") -> ConfigSnapshot:
    return await _live(context_of(request)).restore(number, author=author)


@router.post("/drill", summary="Take the settings back on purpose; nothing is different afterwards")
async def drill(request: Request) -> ConfigRollback:
    return await _live(context_of(request)).drill()


def _live(context: ApiContext) -> LiveConfig:
    if context.settings is None:
        raise InvalidInput("this product has no settings file, so nothing can be changed")
    return context.settings


def _shown(version: ConfigVersion) -> Version:
    return Version(
        number=version.number,
        at=version.at,
        author=version.author,
        origin=version.origin,
        fingerprint=version.fingerprint,
        changes=hidden(version.changes),
    )


def _there(value: Any) -> Any:
    return None if value is MISSING else value
