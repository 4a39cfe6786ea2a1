"""What the HTTP door asks of the rest of the product, one port for each matter."""

from collections.abc import (
    AsyncGenerator,
    Callable,
    Collection,
    Iterator,
    Sequence,
)
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from vedette.api.ranges import Content
from vedette.contracts.alert import Alert, AlertAction, AlertChange, AlertState, Mute
from vedette.contracts.artifact import Artifact
from vedette.contracts.config_change import ConfigRollback, ConfigSnapshot, ConfigUpdate
from vedette.contracts.delivery import Message
from vedette.contracts.health import HealthSummary
from vedette.contracts.inbox import InboxMessage, InboxPage
from vedette.contracts.module import ModuleAnswer, ModuleRequest
from vedette.contracts.notice import DeliveryStatus
from vedette.contracts.push import PushSubscription
from vedette.contracts.suggestion import Suggestions
from vedette.explain.story import Story
from vedette.store.scope import SiteScope


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


class Explained(Protocol):
    """A story, with what shows it."""

    @property
    def story(self) -> Story: ...
    @property
    def camera_id(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def pictures(self) -> Sequence[Artifact]: ...


class Reasons(Protocol):
    """Why something happened, or did not; see `services/reasons.py`."""

    async def of(self, scope: SiteScope, what: str) -> Explained:
        """One event, alert or track. Raises InvalidInput, NotFound."""
        ...

    async def of_moment(
        self, scope: SiteScope, camera_id: str, at: datetime, around: timedelta
    ) -> Sequence[Explained]:
        """Every object that a camera saw then, at least one. Raises NotFound."""
        ...

    async def picture(self, scope: SiteScope, found: Sequence[Any]) -> bytes:
        """JPEG of their moment, out of the recording. Raises NotFound, StorageFailed."""
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
