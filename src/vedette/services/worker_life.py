"""One life of one worker process, from its start to what it leaves behind."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from vedette.contracts import errors
from vedette.contracts.errors import InvalidInput, VedetteError
from vedette.contracts.sink import EventChange
from vedette.link.box import at_work
from vedette.link.control_end import Line
from vedette.link.messages import Durable, Story
from vedette.link.wire import Frame
from vedette.services.open_events import OpenEvents
from vedette.services.worker_process import WorkerProcess

log = logging.getLogger(__name__)

STUCK_LOOK_S = 1.0
"""How long a worker with a stuck loop is looked at before it is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """How patient the supervisor is."""

    hang_s: float = 2.5
    """A worker that has not beaten for so long hangs; it beats twice a second."""
    starved: float = 5.0
    """So many times longer where it waits for a processor: killing it would not help."""
    begin_s: float = 20.0
    """The same while it loads its model."""
    start_s: float = 60.0
    """From its assignment until all its cameras are built."""
    stop_s: float = 20.0
    leave_s: float = 25.0
    """From the end of the product on: what dead workers left is taken until then, and the rest at
    the next start. More than `stop_s`."""
    abort_s: float = 0.3
    """For writing to the log where it hangs."""
    quick_s: float = 60.0
    """A life shorter than this is a failure of its seat."""
    most_seats: int = 16
    """Also when workers that keep dying are taken apart."""
    memory_bytes: int = 0
    """A worker that uses more is replaced in order; 0: no limit."""
    breaks: int = 5
    """A worker that breaks the rules of the link so often is ended."""
    spare: bool = True


@dataclass(slots=True, kw_only=True, eq=False)
class Life:
    """What the control process knows of one worker process."""

    line: Line
    process: WorkerProcess
    limits: WorkerLimits
    keeping: asyncio.Task[None]
    """Stores what it says."""
    began_s: float
    beat_s: float
    ready: bool = False
    cameras: set[str] = field(default_factory=set)
    """All that it ever had: it may speak of no others."""
    open_events: OpenEvents = field(default_factory=OpenEvents)
    stuck: dict[str, float] = field(default_factory=dict)
    failure: VedetteError | None = None
    """Why it could not begin."""
    stuck_after_s: float = 15.0
    _stuck_first: tuple[float, float] | None = None
    """When a stuck loop was told of first, and how long it had waited for a processor by then."""
    _quiet: tuple[float, float] | None = None
    """When it fell silent, and how long it had waited for a processor by then."""

    def heard(self, frame: Frame, now_s: float) -> bool:
        """Take a beat or a word about itself; True for a beat with everybody's figures.

        Raises:
            InvalidInput: it makes no sense.
        """
        if frame.kind == "beat":
            self.beat_s = now_s
            stuck = frame.head.get("stuck")
            self.stuck = stuck if isinstance(stuck, dict) else self.stuck
            return isinstance(frame.head.get("cameras"), dict)
        if frame.kind == "ready" and not frame.head.get("camera"):
            self.ready = True
        elif frame.kind == "failed" and frame.head.get("what") == "assign":
            self.failure = _error_of(frame)
        elif frame.kind == "failed":
            log.error("worker %s: %s", self.line.name, frame.head.get("sentence"))
        elif frame.kind not in {"ready", "dropped", "bye"}:
            raise InvalidInput(f"a worker says {frame.kind!r}, which nobody here understands")
        return False

    async def keep(self, said: Durable, store: Callable[[Durable], Awaitable[None]]) -> None:
        """Store what it says of its own cameras.

        Raises:
            InvalidInput: it speaks of a camera that it never had, or it cannot be stored.
            StorageFailed: it cannot be stored now.
        """
        camera_id = _camera_of(said)
        if camera_id not in self.cameras:
            raise InvalidInput(f"it speaks of camera {camera_id!r}, which it does not have")
        await store(said)
        if isinstance(said, EventChange):
            self.open_events.note(said.event)

    def trouble(self, now_s: float) -> str:
        """Why it must be replaced, in words; empty while all is well."""
        limits = self.limits
        if self.process.ended:
            return f"it {self.process.how}"
        if self._hangs(now_s):
            return f"it has not given a sign of life for {now_s - self.beat_s:.1f} s"
        if not self.ready and now_s - self.began_s > limits.start_s:
            return f"it did not begin within {limits.start_s:g} s"
        if self.stuck and not self._starves_with(max(self.stuck.values()), now_s):
            names = ", ".join(f"{name} for {spent_s:.0f} s" for name, spent_s in self.stuck.items())
            return f"the loop of a camera hangs: {names}"
        if self.line.breaks >= limits.breaks:
            return "it breaks the rules of the link"
        return ""

    def _starves_with(self, stuck_s: float, now_s: float) -> bool:
        """True where a loop is slow because the whole worker waits for a processor.

        Judged over the time since it was told of first; until then nobody knows.
        """
        first = self._stuck_first
        if first is None or now_s - first[0] > stuck_s:
            self._stuck_first = now_s, self.process.starved_s()
            return True
        since_s, starved_s = first
        if now_s - since_s < STUCK_LOOK_S:
            return True
        starved = self.process.starved_s() - starved_s > (now_s - since_s) / 2
        return starved and stuck_s < self.stuck_after_s * self.limits.starved

    def _hangs(self, now_s: float) -> bool:
        """True where it is silent although it could speak."""
        silent_s = now_s - self.beat_s
        limit_s = self.limits.hang_s if self.ready else self.limits.begin_s
        if silent_s < limit_s / 3:
            self._quiet = None
            return False
        if self.process.stopped:
            return True
        if self._quiet is None:
            self._quiet = now_s, self.process.starved_s()
        if silent_s <= limit_s:
            return False
        since_s, starved_s = self._quiet
        starved = self.process.starved_s() - starved_s > (now_s - since_s) / 2
        return not starved or silent_s > limit_s * self.limits.starved

    @property
    def too_large(self) -> bool:
        limit = self.limits.memory_bytes
        return bool(limit) and self.process.rss_bytes() > limit

    def suspects(self) -> list[str]:
        """Cameras that were at work when it died."""
        busy = at_work(self.line.folders.spool)
        return [name for name in busy if name in self.cameras]


def _camera_of(said: Durable) -> str:
    if isinstance(said, EventChange):
        return said.event.camera_id
    return said.track.camera_id if isinstance(said, Story) else said.camera_id


def _error_of(frame: Frame) -> VedetteError:
    """The error that a worker tells of, as one of ours."""
    kind = getattr(errors, str(frame.head.get("error")), VedetteError)
    known = isinstance(kind, type) and issubclass(kind, VedetteError)
    return (kind if known else VedetteError)(str(frame.head.get("sentence", "")))
