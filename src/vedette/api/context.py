"""What the HTTP door needs of the running product; handed in by the composition root."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request

from vedette.alerts.links import LinkSigner
from vedette.api.ports import (
    Advice,
    Alerts,
    Browsers,
    Films,
    Inbox,
    LiveConfig,
    LiveSource,
    Modules,
    Picture,
    Post,
    Reasons,
)
from vedette.blobs.names import DEFAULT_PATTERN
from vedette.contracts.errors import InvalidInput
from vedette.contracts.model import ModelExchange, ModelWish
from vedette.contracts.status import ProductReport
from vedette.jobs.port import Jobs
from vedette.kit.clock import Clock
from vedette.store.scope import SiteScope
from vedette.store.store import Store


def no_streams() -> Mapping[str, LiveSource]:
    """Where there is no live video."""
    return {}


async def refuse_exchange(wish: ModelWish) -> Sequence[ModelExchange]:
    """Where nothing detects."""
    raise InvalidInput(f"nothing detects here, so {wish.model!r} cannot be used")


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
class ApiContext:
    """Everything that routes may touch."""

    store: Store
    scope: SiteScope
    artifact_path: Callable[[str], Path]
    """Where the file of a storage path lies; refuses paths that leave the store."""
    pictures: Mapping[str, Picture]
    cameras: Callable[[], Sequence[CameraCard]]
    modules: Modules
    metrics: Callable[[], bytes]
    """Prometheus text format."""
    report: Callable[[], Awaitable[ProductReport]]
    """How everything is."""
    clock: Clock
    stopping: Callable[[], bool]
    """True as soon as the product stops: endless answers end."""
    exchange: Callable[[ModelWish], Awaitable[Sequence[ModelExchange]]] = refuse_exchange
    """Lets another model detect, in every process with cameras; raises what cannot be."""
    films: Films | None = None
    """The recordings; None where there are none."""
    streams: Callable[[], Mapping[str, LiveSource]] = no_streams
    """Live video, by camera."""
    settings: LiveConfig | None = None
    """None where they cannot be changed."""
    file_names: str = DEFAULT_PATTERN
    """What artifacts are called when they are saved."""
    post: Post | None = None
    """Messages to people; None where nobody is told of anything."""
    alerts: Alerts | None = None
    """What people were told of; None where nobody is."""
    inbox: Inbox | None = None
    """Messages that people read here; None where there are none."""
    browsers: Browsers | None = None
    """Browsers that are told; None where none is."""
    reasons: Reasons | None = None
    """Why something happened; None where nobody knows."""
    advice: Advice | None = None
    """Changes of settings; None where nobody proposes any."""
    links: LinkSigner | None = None
    """Knows the links of messages; None where there are none."""
    jobs: Jobs | None = None
    """Long work; None where nobody does any."""
    job_file: Callable[[str, str], Path] | None = None
    """Where a file lies that a job has made; refuses names that are none."""


def context_of(request: Request) -> ApiContext:
    """The context that `create_app` was given."""
    context: ApiContext = request.app.state.context
    return context
