"""What home automations are told of cameras and events, whatever topics they listen to."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vedette.contracts.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeCamera:
    """A camera, as home automations know it."""

    id: str
    title: str
    labels: tuple[str, ...]
    """Classes that its rules speak of."""
    detects: bool = True
    """False: it is only shown and recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to be published."""

    topic: str
    payload: bytes
    state: bool = False
    """It says how something is, and is said again at each connection; empty takes it away."""
    retain: bool = False
    """The broker keeps it, we do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What is in view of a camera or in a zone, as far as open events tell."""

    open: tuple[Event, ...] = ()
    counts: Counter[str] = field(default_factory=Counter)
    """Objects by label: the tracks of open events, each once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toggle:
    """Somebody wants a camera to look for objects, or not to."""

    camera_id: str
    on: bool


class Voice(Protocol):
    """Says facts on the topics of one home automation. Pure: the same calls, the same messages."""

    def listens(self) -> Sequence[str]:
        """Topics that `hears` wants to know of."""
        ...

    def cameras(self, cameras: Sequence[HomeCamera]) -> Iterable[Message]:
        """These there are now; what was said of others is taken away."""
        ...

    def online(self, camera_id: str, online: bool) -> Iterable[Message]:
        """A camera came or went."""
        ...

    def event(self, event: Event, title: str, camera: Present, zone: Present) -> Iterable[Message]:
        """An event opened, changed or closed.

        Args:
            title: for people.
            camera: what is in view of its camera, this event taken into account.
            zone: the same for its zone.
        """
        ...

    def picture(self, camera_id: str, label: str, jpeg: bytes) -> Iterable[Message]:
        """A picture of an event is there."""
        ...

    def hears(self, topic: str, payload: bytes, kept: bool) -> "Toggle | Again | Iterable[Message]":
        """What a message of somebody else leads to."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Somebody has come who knows nothing: all states are to be said again."""


def present(events: Iterable[Event]) -> Present:
    """What open events tell of what is there."""
    opened = tuple(events)
    seen: dict[str, set[str]] = {}
    for event in opened:
        tracks = event.track_ids or (str(event.id),)
        seen.setdefault(event.label, set()).update(tracks)
    return Present(
        open=opened, counts=Counter({label: len(tracks) for label, tracks in seen.items()})
    )
