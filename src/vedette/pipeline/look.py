"""The detector's look at a frame, and who is where after it; or nobody looks, and nobody moved."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

import numpy as np

from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.frame import Frame
from vedette.contracts.sight import NO_BOXES, Detections, Motion, Tracks
from vedette.pipeline.announce import Announcer
from vedette.pipeline.gate import LookGate
from vedette.pipeline.labels import LabelFilter
from vedette.pipeline.stats import CameraStats
from vedette.track.looks import describe
from vedette.track.port import Tracker

Watcher = Callable[[Frame, Tracks], None]
"""Told of every moment that the detector looked at."""


@dataclass(slots=True, kw_only=True)
class Look:
    """The stages detect and track of one camera. Belongs to the camera's thread."""

    camera_id: str
    gate: LookGate
    detect: Callable[[Frame], Future[Detections]]
    keep: LabelFilter
    tracker: Tracker
    announcer: Announcer
    stats: CameraStats
    watchers: tuple[Watcher, ...] = ()
    _tracks: Tracks | None = None

    def at(self, frame: Frame, motion: Motion) -> Tracks:
        """Detect and track; or, while nothing moves, take everything to be where it was."""
        before = self._tracks
        watching = before is not None and len(before) > 0
        if not self.gate.looks(motion, frame.at_us, watching=watching):
            tracks = self._unseen(frame.at_us)
        else:
            seen = self._detect(frame)
            tracks = self._unseen(frame.at_us) if seen is None else seen
        self._tracks = tracks
        return tracks

    def finish(self, at_us: int) -> Tracks:
        """Give up every track."""
        return self.tracker.finish(at_us)

    def forget(self) -> None:
        """What was in view is not known any more."""
        self._tracks = None
        self.gate.forget()

    def _detect(self, frame: Frame) -> Tracks | None:
        """What the detector sees, tracked; None when it failed (which is not "nothing there")."""
        try:
            found = self.keep(self.detect(frame).result())
        except ModelUnavailable as error:
            self.stats.detector_failures += 1
            self.stats.problem(f"{self.camera_id}: the detector failed: {error}")
            self.gate.failed()
            return None
        self.stats.looked += 1
        self.announcer.detections(frame, found)
        tracks = self.tracker.update(describe(frame, found), frame.at_us)
        for watcher in self.watchers:
            watcher(frame, tracks)
        return tracks

    def _unseen(self, at_us: int) -> Tracks:
        """The tracks as they were, at a moment when nobody could look."""
        if self._tracks is not None:
            nobody = np.zeros(len(self._tracks), dtype=bool)
            return replace(self._tracks, at_us=at_us, observed=nobody, ended=())
        return Tracks(
            at_us=at_us,
            ids=np.zeros(0, dtype=np.int32),
            boxes=NO_BOXES,
            scores=np.zeros(0, dtype=np.float32),
            classes=np.zeros(0, dtype=np.int16),
            observed=np.zeros(0, dtype=bool),
            confirmed=np.zeros(0, dtype=bool),
            first_us=np.zeros(0, dtype=np.int64),
            labels=(),
        )
