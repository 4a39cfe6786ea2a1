"""What the pipeline knows of the rest of the product: a place to hand events to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.event import Event
from vedette.contracts.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArtifact:
    """Media that is ready to be kept: bytes in memory, or a finished file to be moved."""

    kind: ArtifactKind
    revision: int
    extension: str
    """With the dot: `.jpg`, `.mp4`."""
    media_type: str
    started_us: int
    duration_s: float = 0.0
    width: int = 0
    height: int = 0
    data: bytes | None = None
    file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventChange:
    """One step in the life of an event, with the media that became ready with it."""

    event: Event
    artifacts: tuple[NewArtifact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRecord:
    """A finished track with its path, quantised: raw material of explain and backtest."""

    id: str
    """`camera/session/number`."""
    camera_id: str
    label: str
    t0_us: int
    t1_us: int
    median_score: float
    best_score: float
    samples: int
    path: bytes
    """Compressed columns: time offset in ms (u32), box (4 x u16), score (u16)."""
    zones: tuple[str, ...] = ()
    """Ids of the zones that it touched."""


class EventSink(Protocol):
    """Keeps events; what it accepted is stored first and told afterwards.

    Called from camera threads. Returns at once unless its bounded queue is full; then the
    caller waits (events are rare, and none may be lost).
    """

    def submit(self, change: EventChange) -> None: ...

    def record(self, track: TrackRecord, verdicts: Sequence[Verdict]) -> None:
        """Keep a finished track and its ledger."""
        ...
