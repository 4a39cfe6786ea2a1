"""The detector's look at a frame, and who is where after it; or nobody looks, and nobody moved.

A look is at the whole frame, closer at parts of it (`regions.py`), or both. What stands still is
looked at rarely, also while others move.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

import numpy as np

from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.frame import Frame
from vedette.contracts.sight import NO_BOXES, Bools, Detections, Motion, Tracks
from vedette.contracts.verdict import Verdict
from vedette.detect.crop import crop
from vedette.pipeline.announce import Announcer
from vedette.pipeline.gate import LookGate
from vedette.pipeline.labels import LabelFilter, ScoreFilter
from vedette.pipeline.passed_over import PassedOver
from vedette.pipeline.regions import Plan, Regions, inside
from vedette.pipeline.stats import CameraStats
from vedette.pipeline.still import Stillness
from vedette.pipeline.stopwatch import Stopwatch, Timed
from vedette.pipeline.together import merged
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
    sure: ScoreFilter
    tracker: Tracker
    passed_over: PassedOver
    announcer: Announcer
    stats: CameraStats
    watchers: tuple[Watcher, ...] = ()
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    """Of the camera: all its stages are timed by it."""
    regions: Regions = field(default_factory=Regions)
    still_recheck_s: float = 10.0
    """What stands still is looked at this often."""
    pressed: Callable[[], bool] = lambda: False
    """True while there is no time for closer looks."""
    verdicts: tuple[Verdict, ...] = ()
    """What the last moment says of tracks, for the ledger."""
    _tracks: Tracks | None = None
    _still: Stillness = field(default_factory=Stillness)
    _whole_us: int | None = None
    """When the whole frame was looked at last; None: look now."""

    def at(self, frame: Frame, motion: Motion) -> Tracks:
        """Detect and track; or, while nothing moves, take everything to be where it was."""
        self.verdicts = ()
        before = self._tracks
        still = np.zeros(0, dtype=np.bool_)
        if before is not None:
            still = self._still.of(replace(before, at_us=frame.at_us))
        watching = len(still) > 0 and (not still.all() or self._due(frame.at_us))
        if not self.gate.looks(motion, frame.at_us, watching=watching):
            tracks = self._unseen(frame.at_us)
        else:
            plan = self._plan(frame, motion, still)
            seen = self._detect(frame, motion, plan)
            tracks = self._unseen(frame.at_us) if seen is None else seen
        aspect = frame.width / frame.height
        tracks = tracks if tracks.aspect == aspect else replace(tracks, aspect=aspect)
        self._tracks = tracks
        self.stopwatch.lap(Timed.TRACK)
        return tracks

    def finish(self, at_us: int) -> Tracks:
        """Give up every track."""
        self.passed_over.end()
        tracks, _ = self.sure(self.tracker.finish(at_us))
        return tracks

    def forget(self) -> None:
        """What was in view is not known any more."""
        self._tracks = None
        self._whole_us = None
        self._still.forget()
        self.regions.forget()
        self.gate.forget()

    def _due(self, at_us: int) -> bool:
        """True when even what stands still is to be looked at."""
        return self._whole_us is None or at_us - self._whole_us >= self.still_recheck_s * 1e6

    def _plan(self, frame: Frame, motion: Motion, still: Bools) -> Plan:
        """Also while the windows show all that moves, the whole frame is looked at now and then:
        who is too far away to move a pixel is found there."""
        if self.pressed():
            return Plan(whole=True, windows=NO_BOXES)
        recheck_us = min(self.gate.recheck_s, self.still_recheck_s) * 1e6
        whole = self._whole_us is None or frame.at_us - self._whole_us >= recheck_us
        whole = whole or self.gate.every_frame or motion.code == "learning"
        return self.regions.plan(frame, motion, self._tracks, still, whole=whole)

    def _detect(self, frame: Frame, motion: Motion, plan: Plan) -> Tracks | None:
        """What the detector sees, tracked; None when it failed (which is not "nothing there")."""
        try:
            found, cut = self._ask(frame, plan)
        except ModelUnavailable as error:
            self._failed(error)
            self.gate.failed()
            return None
        finally:
            self.stopwatch.lap(Timed.DETECT)
        self.stats.looked += 1
        self.stats.closer_looks += len(plan.windows)
        if plan.whole:
            self._whole_us = frame.at_us
        elif cut:
            self._whole_us = None  # something larger than its motion: look at all of it
        self.regions.learn(motion, found, plan.windows, frame.at_us)
        self.announcer.detections(frame, found)
        tracks = self.tracker.update(describe(frame, found), frame.at_us)
        self.passed_over.see(found, tracks, frame.at_us)
        self._still.see(tracks, _looked_for(tracks, plan))
        tracks, verdicts = self.sure(tracks)
        self.verdicts = (*verdicts, *self._returned(tracks))
        for watcher in self.watchers:
            watcher(frame, tracks)
        return tracks

    def _ask(self, frame: Frame, plan: Plan) -> tuple[Detections, bool]:
        """What the detector sees in the frame and its parts; whether an edge cut something.

        All is asked at once, so that it goes through the detector together.
        """
        crops = [crop(frame, window) for window in plan.windows]
        asked = [self.detect(part.frame) for part in crops]
        whole = self.keep(self.detect(frame).result()) if plan.whole else None
        parts = []
        for part, answer in zip(crops, asked, strict=True):
            try:
                parts.append((part, self.keep(answer.result())))
            except ModelUnavailable as error:
                if whole is None:
                    raise
                self._failed(error)
        if whole is not None and not parts:
            return whole, False
        found, cut = merged(whole, parts)
        return replace(found, areas=plan.areas), cut

    def _failed(self, error: ModelUnavailable) -> None:
        self.stats.detector_failures += 1
        self.stats.problem(f"{self.camera_id}: the detector failed: {error}")

    def _returned(self, tracks: Tracks) -> tuple[Verdict, ...]:
        return tuple(
            Verdict(
                camera_id=self.camera_id,
                track=one.id,
                stage="track",
                at_us=tracks.at_us,
                code="returned",
                numbers={
                    "before": one.before,
                    "away_s": round(one.away_s, 3),
                    "alike": round(one.alike, 4),
                },
            )
            for one in tracks.returned
        )

    def _unseen(self, at_us: int) -> Tracks:
        """The tracks as they were, at a moment when nobody could look."""
        if self._tracks is not None:
            nobody = np.zeros(len(self._tracks), dtype=bool)
            return replace(
                self._tracks,
                at_us=at_us,
                observed=nobody,
                ended=(),
                returned=(),
                keypoints=None,
            )
        return Tracks.none(at_us)


def _looked_for(tracks: Tracks, plan: Plan) -> Bools:
    """(n,) which tracks would have been seen where they are."""
    if plan.whole:
        return np.ones(len(tracks), dtype=np.bool_)
    return inside(tracks.boxes, plan.windows)
