"""What the HTTP door needs of the running product; handed in by the composition root."""

from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID

from fastapi import Request

from vedette.alerts.links import LinkSigner
from vedette.api.ranges import Content
from vedette.blobs.names import DEFAULT_PATTERN
from vedette.contracts.alert import Alert, AlertAction, AlertChange, AlertState, Mute
from vedette.contracts.config_change import ConfigRollback, ConfigSnapshot, ConfigUpdate
from vedette.contracts.delivery import Message
from vedette.contracts.errors import InvalidInput
from vedette.contracts.health import HealthSummary
from vedette.contracts.inbox import InboxMessage, InboxPage
from vedette.contracts.model import ModelExchange, ModelWish
from vedette.contracts.module import ModuleAnswer, ModuleRequest
from vedette.contracts.notice import DeliveryStatus
from vedette.contracts.push import PushSubscription
from vedette.contracts.status import ProductReport
from vedette.contracts.suggestion import Suggestions
from vedette.jobs.port import Jobs
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


class Watching(Protocol):
    """Live video on its way to one viewer: bytes until the end."""

    @property
    def media_type(self) -> str: ...

    def __next__(self) -> bytes:
        """The next bytes; blocks until there are some. StopIteration at the end."""
        ...

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None:
        """End it; also wakes who waits. From any thread."""
        ...


class LiveSource(Protocol):
    """The live video of a camera, packets copied."""

    def subscribe(self) -> Watching:
        """One more viewer. Blocks shortly.

        Raises:
            SourceLost: the camera sends nothing now.
            TooMany: there are as many viewers as there may be.
        """
        ...


class Film(Protocol):
    """A recorded interval, ready to be sent."""

    @property
    def content(self) -> Content: ...

    @property
    def media_type(self) -> str: ...

    @property
    def extension(self) -> str: ...

    @property
    def intervals(self) -> Sequence[tuple[int, int]]:
        """Begin and end (UTC, microseconds) of each unbroken stretch that it shows."""
        ...

    @property
    def next_us(self) -> int | None:
        """Where it had to end because the format changes."""
        ...

    @property
    def tag(self) -> str: ...


class Films(Protocol):
    """Joins recordings into films."""

    async def film(self, scope: SiteScope, camera_id: str, begin_us: int, end_us: int) -> Film:
        """What was recorded in an interval.

        Raises:
            InvalidInput: the interval is empty or too long.
            NotFound: nothing was recorded in it.
        """
        ...


def no_streams() -> Mapping[str, LiveSource]:
    """Where there is no live video."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraCard:
    """What the page shows of one camera."""

    id: str
    name: str
    state: str
    detail: str
    fps: float
    """Analysed frames per second."""


class Modules(Protocol):
    """What runs in this process, and its lifecycle."""

    async def look(self) -> HealthSummary:
        """How all modules are, asked at this moment."""
        ...

    async def restart(self, name: str) -> None:
        """End a module, and begin it anew; also one that waits or is quarantined.

        Raises:
            NotFound: there is none of that name.
            InvalidInput: it lives as long as the product.
        """
        ...

    async def quarantine(self, name: str, why: str) -> None:
        """Keep a module down until it is restarted. Raises as `restart`."""
        ...

    async def ask(self, request: ModuleRequest) -> ModuleAnswer:
        """Have a module answer a question.

        Raises:
            NotFound: there is none of that name.
            InvalidInput: it answers none, or not this one.
        """
        ...


class Post(Protocol):
    """The messages to people."""

    async def find(
        self,
        scope: SiteScope,
        *,
        statuses: Collection[DeliveryStatus] = (),
        channel: str = "",
        limit: int = 50,
    ) -> Sequence[Message]:
        """Messages of some sites, the newest first."""
        ...

    async def resend(self, scope: SiteScope, number: int) -> Message:
        """Have one that failed sent again.

        Raises:
            NotFound: there is none of that number.
            InvalidInput: it has not failed, or its channel is gone.
        """
        ...


class Alerts(Protocol):
    """What people do with alerts; see `services/alert_desk.py`."""

    async def find(
        self,
        scope: SiteScope,
        *,
        states: Collection[AlertState] = (),
        camera_id: str = "",
        limit: int = 50,
    ) -> Sequence[Alert]: ...

    async def get(self, scope: SiteScope, alert_id: UUID) -> tuple[Alert, Sequence[AlertChange]]:
        """Raises NotFound."""
        ...

    async def act(
        self,
        scope: SiteScope,
        alert_id: UUID,
        action: AlertAction,
        *,
        by: str,
        to: str = "",
        note: str = "",
    ) -> Alert:
        """Raises NotFound, WrongState."""
        ...

    async def mutes(self, scope: SiteScope) -> Sequence[Mute]: ...

    async def mute(
        self,
        scope: SiteScope,
        site_id: str,
        *,
        lasts: timedelta,
        camera_id: str | None = None,
        rule_id: str | None = None,
        by: str = "",
        note: str = "",
    ) -> Mute:
        """Raises InvalidInput."""
        ...

    async def unmute(self, scope: SiteScope, number: int) -> Mute:
        """Raises NotFound."""
        ...


class Advice(Protocol):
    """What could be changed; see `app/suggester.py`."""

    async def find(self, scope: SiteScope, *, lasts: timedelta, camera_id: str = "") -> Suggestions:
        """After what people said of events in the time until now. Raises InvalidInput."""
        ...


class Inbox(Protocol):
    """Messages that people read here; see `services/in_app.py`."""

    async def find(
        self, scope: SiteScope, *, unread: bool = False, before: int | None = None, limit: int = 50
    ) -> InboxPage: ...

    async def read(self, scope: SiteScope, number: int) -> InboxMessage:
        """Somebody has read it. Raises NotFound."""
        ...

    async def read_until(self, scope: SiteScope, last: int) -> int:
        """Somebody has read all up to this one; how many were new."""
        ...

    def listen(
        self, scope: SiteScope, after: int | None, stopping: Callable[[], bool]
    ) -> AsyncGenerator[InboxMessage | None]:
        """Those that come; None now and then, where nothing does."""
        ...


class Browsers(Protocol):
    """Browsers that want to be told; see `services/browsers.py`."""

    def public_key(self) -> str:
        """What they need to subscribe. Raises NotFound where nobody writes to them."""
        ...

    async def add(self, subscription: PushSubscription) -> None:
        """Raises NotFound, InvalidInput, TooMany."""
        ...

    async def remove(self, endpoint: str) -> None:
        """Raises NotFound."""
        ...


class LiveConfig(Protocol):
    """The settings, which can be changed while the product runs."""

    async def current(self) -> ConfigSnapshot:
        """The version in force."""
        ...

    async def update(self, wish: ConfigUpdate) -> ConfigSnapshot:
        """Put a change into effect, everywhere or nowhere.

        Raises:
            InvalidConfig, StorageFailed: it is not in force.
        """
        ...

    async def restore(self, number: int, *, author: str) -> ConfigSnapshot:
        """Put the changes of an earlier version over the files; 0: none. Raises as `update`."""
        ...

    async def drill(self) -> ConfigRollback:
        """Take the settings in force back on purpose."""
        ...


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
