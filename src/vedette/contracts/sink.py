"""What the pipeline knows of the rest of the product: a place to hand events to."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
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
    part: int = 1
    """Of a clip in several parts."""
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
    confirmed_us: int = 0
    """Since when it counted; 0 where nobody noted that."""
    given_up_us: int = 0
    """Until when it counted: later than it was last seen; 0 where nobody noted that."""
    part: int = 0
    """Counts up where it is told before it is over: then without its path, and always only with
    what was said of it since the part before."""

    @property
    def whole_id(self) -> tuple[str, int]:
        """Of this part of it."""
        return self.id, self.part


class GapCause(StrEnum):
    """Why there is no recording."""

    CAMERA_LOST = "camera_lost"
    CAMERA_REFUSED = "camera_refused"
    DISK_FULL = "disk_full"
    WRITE_FAILED = "write_failed"
    DAMAGED = "damaged"
    """A crash or the disk took what was written."""
    STOPPED = "stopped"
    """Vedette did not run."""
    WORKER_LOST = "worker_lost"
    SWITCHED_OFF = "switched_off"
    """Recording was not wanted at that time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSegment:
    """A finished stretch of recording: its file is complete, synced, and at its final place."""

    camera_id: str
    started_us: int
    """UTC of its first picture."""
    ended_us: int
    """UTC of the end of its last picture."""
    path: str
    """Relative to the folder of recordings, with forward slashes."""
    media_type: str
    codec: str
    width: int
    height: int
    packets: int
    """Of video."""
    size_bytes: int
    sha256: str
    has_audio: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingGap:
    """A time without recording."""

    camera_id: str
    began_us: int
    ended_us: int | None
    """None while it lasts."""
    cause: GapCause
    detail: str = ""


class SegmentSink(Protocol):
    """Keeps the rows of recordings; called like `EventSink`. A gap is told when it begins, and
    again, with the same `began_us`, when it ends."""

    def segment(self, segment: NewSegment) -> None: ...

    def gap(self, gap: RecordingGap) -> None: ...


class EventSink(Protocol):
    """Keeps events; what it accepted is stored first and told afterwards.

    Called from camera threads. Returns at once unless its bounded queue is full; then the
    caller waits (events are rare, and none may be lost).
    """

    def submit(self, change: EventChange) -> None: ...

    def record(self, track: TrackRecord, verdicts: Sequence[Verdict]) -> None:
        """Keep a track and its ledger, finished or so far (`TrackRecord.part`)."""
        ...
