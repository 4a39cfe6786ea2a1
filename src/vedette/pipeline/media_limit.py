"""How many events of a camera get files; the others are only told of and kept."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from vedette.contracts.event import Event
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.sink import EventChange, NewArtifact
from vedette.pipeline.clip_parts import Footage
from vedette.pipeline.sight import Sight

MINUTE_US = 60_000_000
CRITICAL = 5
"""Critical events may be so many times as many."""


@dataclass(slots=True, kw_only=True)
class MediaLimit:
    """Of one camera; belongs to its thread. Times are those of its pictures."""

    most_a_minute: int = 60
    _begun_us: deque[int] = field(default_factory=deque)

    def allows(self, at_us: int, *, critical: bool) -> bool:
        """Whether one more event gets files; it is counted where it does."""
        while self._begun_us and abs(at_us - self._begun_us[0]) >= MINUTE_US:
            self._begun_us.popleft()
        most = self.most_a_minute * (CRITICAL if critical else 1)
        if len(self._begun_us) >= most:
            return False
        self._begun_us.append(at_us)
        return True


@dataclass(slots=True)
class NoMedia:
    """The `Capture` of an event that gets no files."""

    footage: Footage | None = None
    owes: bool = False

    def opening(self, event: Event, sight: Sight) -> tuple[NewArtifact, ...]:
        return ()

    def see(self, event: Event, sight: Sight, track: int) -> None:
        """Nobody keeps it."""

    def packet(
        self,
        event: Event,
        info: StreamInfo,
        packet: Packet,
        deliver: Callable[[EventChange], None],
    ) -> None:
        """Nobody keeps it."""

    def closing(self, event: Event, deliver: Callable[[EventChange], None]) -> None:
        """There is nothing to make."""

    def finished(self, at_us: int) -> bool:
        return True

    def finish(self, event: Event, deliver: Callable[[EventChange], None]) -> None:
        """There is nothing to complete."""

    def mend(self, event: Event, deliver: Callable[[EventChange], None]) -> None:
        """There is nothing to mend."""
