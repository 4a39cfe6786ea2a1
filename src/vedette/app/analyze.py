"""One recording through the real pipeline, as fast as it goes: events, tracks, files."""

import csv
import io
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vedette.app.build import Surroundings, build_camera
from vedette.app.camera_settings import CameraSettings, GateSettings, ModuleSettings
from vedette.app.collect import Collected, Collector, demand_writable, write_text
from vedette.app.detectors import DEFAULT, build_detectors
from vedette.blobs.names import NamesGiven, demand_pattern
from vedette.contracts.errors import ModelUnavailable, SourceLost, SourceRefused
from vedette.contracts.frame import Frame
from vedette.contracts.sight import NO_BOXES, Tracks
from vedette.contracts.sink import TrackRecord
from vedette.contracts.verdict import Verdict
from vedette.kit.clock import Clock
from vedette.models.fetch import Progress, silent
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.capture import at_once
from vedette.pipeline.stats import CameraStats
from vedette.plugins.registry import build
from vedette.track.smooth import Rows, complete

NO_ROWS = Rows(
    frames=np.zeros(0, dtype=np.int64),
    ids=np.zeros(0, dtype=np.int32),
    boxes=NO_BOXES,
    scores=np.zeros(0, dtype=np.float32),
    classes=np.zeros(0, dtype=np.int16),
)
HEADER = ("frame", "id", "left", "top", "width", "height", "score", "label")

Seen = Callable[[int, int], None]
"""Told of progress: frames so far, frames in all (0 where unknown)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What to do."""

    camera: CameraSettings
    detector: ModuleSettings
    more: Mapping[str, ModuleSettings] = field(default_factory=dict)
    """Other detectors that the camera names."""
    every_frame: bool = False
    json: Path | None = None
    tracks: Path | None = None
    artifacts: Path | None = None
    names: str | None = None
    """Pattern of the artifacts' names, all in one folder; None: by event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What came of it."""

    events: list[Collected]
    tracks: list[TrackRecord]
    passed_over: list[TrackRecord]
    """What was seen and nobody was followed for."""
    verdicts: Mapping[str, Sequence[Verdict]]
    """What was said of each of them, by its id."""
    stats: CameraStats
    rows: int
    """Rows of the tracks file."""
    looked_at: tuple[int, ...]
    """Numbers of the frames that the detector looked at."""
    took_s: float
    video_s: float
    """Length of what was looked at."""


@dataclass(slots=True, kw_only=True)
class TrackTable:
    """Collects what the tracker says of each frame, in pixels of the source."""

    labels: tuple[str, ...] = ()
    confirmed: set[int] = field(default_factory=set)
    same: dict[int, int] = field(default_factory=dict)
    """Number under which somebody was seen first, of those who came back."""
    _sizes: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Width and height by number of the frame: a camera may change them at any time."""
    _frames: list[int] = field(default_factory=list)
    _times_us: list[int] = field(default_factory=list)
    _rows: list[Rows] = field(default_factory=list)

    def watch(self, frame: Frame, tracks: Tracks) -> None:
        """Take the observed tracks of one frame, tentative ones included."""
        self.labels = tracks.labels
        self._sizes[frame.number] = (frame.width, frame.height)
        self.confirmed.update(tracks.ids[tracks.confirmed].tolist())
        for one in tracks.returned:
            self.same[one.id] = self.same.get(one.before, one.before)
        self._frames.append(frame.number)
        self._times_us.append(frame.at_us)
        seen = np.flatnonzero(tracks.observed)
        self._rows.append(
            Rows(
                frames=np.full(len(seen), frame.number, dtype=np.int64),
                ids=tracks.ids[seen],
                boxes=tracks.boxes[seen],
                scores=tracks.scores[seen],
                classes=tracks.classes[seen],
            )
        )

    @property
    def frames(self) -> tuple[int, ...]:
        """Numbers of the frames that were looked at, in order."""
        return tuple(self._frames)

    def whole(self) -> Rows:
        """Confirmed tracks with their beginnings and their gaps filled; needs a frame."""
        rows = Rows(
            frames=np.concatenate([r.frames for r in self._rows]),
            ids=np.concatenate([r.ids for r in self._rows]),
            boxes=np.concatenate([r.boxes for r in self._rows]),
            scores=np.concatenate([r.scores for r in self._rows]),
            classes=np.concatenate([r.classes for r in self._rows]),
        )
        return complete(
            rows.pick(np.isin(rows.ids, sorted(self.confirmed))),
            frames=np.array(self._frames, dtype=np.int64),
            at_us=np.array(self._times_us, dtype=np.int64),
        )

    def text(self) -> tuple[str, int]:
        """The file's content, and its number of rows."""
        rows = self.whole() if self._rows else NO_ROWS
        sizes = [self._sizes[frame] * 2 for frame in rows.frames.tolist()]
        pixels = rows.boxes.astype(np.float64) * np.array(sizes).reshape(-1, 4)
        sheet = io.StringIO(newline="")
        table = csv.writer(sheet, lineterminator="\n")
        table.writerow(HEADER)
        for row, (left, top, right, bottom) in enumerate(pixels.tolist()):
            place = (f"{v:.2f}" for v in (left, top, right - left, bottom - top))
            label = self.labels[int(rows.classes[row])]
            score = f"{float(rows.scores[row]):.4f}"
            number = int(rows.ids[row])
            known = self.same.get(number, number)
            table.writerow((int(rows.frames[row]), known, *place, score, label))
        return sheet.getvalue(), len(rows)


def analyze(
    analysis: Analysis, clock: Clock, *, seen: Seen, progress: Progress = silent
) -> Findings:
    """Look at a whole recording and write what was asked for.

    Raises:
        SourceRefused: the source is no video, or not a single frame could be read.
        SourceLost: an address that cannot be reached.
        ModelUnavailable, InvalidConfig, StorageFailed
    """
    for path in (analysis.json, analysis.tracks):
        if path is not None:
            demand_writable(path)
    if analysis.artifacts is not None:
        demand_writable(analysis.artifacts / "any")
    began = clock.monotonic()
    table = TrackTable()
    pattern = analysis.names and demand_pattern(analysis.names)
    names = NamesGiven(pattern=pattern) if pattern else None
    collector = Collector(folder=analysis.artifacts, names=names)
    named = {DEFAULT: analysis.detector, **analysis.more}
    detector = build_detectors(named, clock, progress, used=analysis.camera.detect.detectors)
    with detector, tempfile.TemporaryDirectory(prefix="vedette-") as scratch:
        pipeline = build_camera(
            analysis.camera.model_copy(update={"gate": GateSettings(mode="always")}),
            Surroundings(
                clock=clock,
                bus=build("bus", {"type": "memory"}, clock=clock),
                sink=collector,
                detector=detector,
                work=at_once,
                parts=Path(scratch) if analysis.artifacts is not None else None,
                every_frame=analysis.every_frame,
                watchers=(table.watch,),
                frames=seen,
            ),
        )
        pipeline.finish(_watch(pipeline))
    stats = pipeline.stats
    if stats.frames == 0:
        raise SourceRefused(f"{pipeline.source}: not a single picture could be decoded")
    if stats.detector_failures and not stats.looked:
        raise ModelUnavailable(f"the detector answered for no frame: {stats.problems[-1]}")
    rows = 0
    if analysis.tracks is not None:
        text, rows = table.text()
        write_text(analysis.tracks, text)
    if analysis.json is not None:
        write_text(analysis.json, "".join(f"{line}\n" for line in collector.lines()))
    followed = collector.tracks.values()
    return Findings(
        events=collector.in_order(),
        tracks=[t for t in followed if t.samples and _number(t) in table.confirmed],
        passed_over=[t for t in followed if not t.samples],
        verdicts=collector.verdicts,
        stats=stats,
        rows=rows,
        looked_at=table.frames,
        took_s=clock.monotonic() - began,
        video_s=(stats.last_frame_us - stats.first_frame_us) / 1e6,
    )


def _watch(pipeline: CameraPipeline) -> str:
    """Look until the source ends; a live one, until it is lost or somebody interrupts."""
    seen = pipeline.stats
    try:
        pipeline.watch(threading.Event())
    except KeyboardInterrupt:
        if not pipeline.source.live:
            raise
        return "stopped"
    except SourceLost as lost:
        if seen.frames == 0:
            raise
        seen.problem(str(lost))
        return "camera_lost"
    return "source_ended"


def _number(track: TrackRecord) -> int:
    return int(track.id.rpartition("/")[2])
