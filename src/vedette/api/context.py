"""What the HTTP door needs of the running product; handed in by the composition root."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fastapi import Request

from vedette.contracts.errors import InvalidInput
from vedette.contracts.model import ModelExchange, ModelWish
from vedette.contracts.status import ProductReport
from vedette.kit.clock import Clock
from vedette.store.scope import SiteScope
from vedette.store.store import Store


class Picture(Protocol):
    """The latest picture of a camera."""

    @property
    def at_us(self) -> int:
        """Its time; 0 before the first."""
        ...

    def jpeg(self) -> bytes | None:
        """The picture, annotated; None before the first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraCard:
    """What the page shows of one camera."""

    id: str
    name: str
    state: str
    detail: str
    fps: float
    """Analysed frames per second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One answer to "is it well?"."""

    name: str
    ok: bool
    detail: str = ""


async def refuse_exchange(wish: ModelWish) -> Sequence[ModelExchange]:
    """Where nothing detects."""
    raise InvalidInput(f"nothing detects here, so {wish.model!r} cannot be used")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiContext:
    """Everything that routes may touch."""

    store: Store
    scope: SiteScope
    artifact_path: Callable[[str], Path]
    """Where the file of a storage path lies; refuses paths that leave the store."""
    pictures: Mapping[str, Picture]
    cameras: Callable[[], Sequence[CameraCard]]
    checks: Callable[[], Sequence[Check]]
    """Readiness, by part."""
    metrics: Callable[[], bytes]
    """Prometheus text format."""
    report: Callable[[], ProductReport]
    """How everything is."""
    clock: Clock
    stopping: Callable[[], bool]
    """True as soon as the product stops: endless answers end."""
    exchange: Callable[[ModelWish], Awaitable[Sequence[ModelExchange]]] = refuse_exchange
    """Lets another model detect, in every process with cameras; raises what cannot be."""


def context_of(request: Request) -> ApiContext:
    """The context that `create_app` was given."""
    context: ApiContext = request.app.state.context
    return context
