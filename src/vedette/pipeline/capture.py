"""The media of one event: first pictures at once, better ones at the end, preview, and clip."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import StorageFailed
from vedette.contracts.event import Event
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.payload import FractionBox
from vedette.contracts.sink import EventChange, NewArtifact
from vedette.kit.clock import from_us, to_us
from vedette.media.best import BestPicture, Candidate
from vedette.media.picture import Mark, Outline, annotated, snapshot
from vedette.media.preview import Preview
from vedette.media.ring import PacketRing
from vedette.pipeline.animation import Animation, Later, now
from vedette.pipeline.clip_parts import ClipParts, ClipPlan, Footage
from vedette.pipeline.larger import Fetch, LargerPictures
from vedette.pipeline.sight import Sight, fraction_box

Work = Callable[[Callable[[], None]], None]
"""Runs a job: at once (analysis), or soon in a thread that no camera waits for."""

Deliver = Callable[[EventChange], None]

HOLD_US = 1_000_000
"""The packet ring holds a moment for longer than this, whatever its length."""


def at_once(job: Callable[[], None]) -> None:
    """The `Work` of an analysis: results do not depend on timing."""
    job()


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturePlan:
    """What a camera's events get, and where half-done files lie."""

    camera_title: str
    outlines: tuple[Outline, ...]
    parts: Path | None
    """Folder of clips in the making; None makes no media at all."""
    pre_roll_us: int
    post_roll_us: int
    max_clip_s: float
    clips: bool = True
    previews: bool = True
    quality: int = 90
    """Of snapshots, 1..100."""
    preview_width: int = 320
    """Of animations."""
    preview_s: float | None = None
    """How long an animation takes; None: as the event, faster."""
    work: Work = at_once
    later: Later = now
    """The same for animations, which can wait."""
    larger: Fetch | None = None
    """Pictures of the main stream, where what is looked at is a smaller one."""
    failed: Callable[[str], None] = lambda sentence: None
    """Told when media could not be made; the event stays."""


@dataclass(slots=True, kw_only=True)
class EventCapture:
    """Belongs to the camera's thread; encoding is given to `plan.work`."""

    plan: CapturePlan
    first_us: int
    """Time of the first sample of the event."""
    _best: BestPicture = field(default_factory=BestPicture)
    _preview: Preview = field(default_factory=Preview)
    footage: Footage | None = None
    """Recordings, for a pre-roll that the ring does not hold any more."""
    _clip: ClipParts | None = None
    _clip_until_us: int | None = None
    _box: FractionBox | None = None
    """Where the object was in the best picture, where that is not the first one."""
    _preview_size: tuple[int, int] | None = None
    _larger: LargerPictures | None = None

    def __post_init__(self) -> None:
        self._preview.width = self.plan.preview_width
        self._preview.length_s = self.plan.preview_s
        if self.plan.larger is not None:
            hold_us = max(HOLD_US, self.plan.pre_roll_us // 2)
            self._larger = LargerPictures(fetch=self.plan.larger, hold_us=hold_us)

    def begin_clip(self, event: Event, ring: PacketRing) -> None:
        """Start the clip with the pre-roll."""
        if not (self.plan.clips and self.plan.parts and ring.info):
            return
        self._clip = ClipParts(
            plan=ClipPlan(
                folder=self.plan.parts,
                max_s=self.plan.max_clip_s,
                work=self.plan.work,
                failed=self.plan.failed,
            ),
            event_id=event.id,
            ring=ring,
            from_us=self.first_us - self.plan.pre_roll_us,
        )
        self._clip.begin()

    def opening(self, event: Event, sight: Sight) -> tuple[NewArtifact, ...]:
        """The first pictures, at once: a person may be told with them."""
        if self.plan.parts is None:
            return ()
        self.see(event, sight, _track_of(event))
        marks = _marks(event, sight)
        try:
            plain = self._plain(sight.frame)
            drawn = self._annotated(event, sight.frame, marks)
        except (StorageFailed, MemoryError) as error:
            self.plan.failed(f"event {event.id} begins without a picture: {error or 'no memory'}")
            return ()
        return (
            _picture(ArtifactKind.SNAPSHOT, 1, sight.frame, plain),
            _picture(ArtifactKind.SNAPSHOT_ANNOTATED, 1, sight.frame, drawn),
        )

    def see(self, event: Event, sight: Sight, track: int) -> None:
        """Look for a better picture, and collect the preview."""
        if self.plan.parts is None:
            return
        row = sight.row_of(track) if track else _strongest(sight)
        if row is not None and sight.tracks.observed[row]:
            box = fraction_box(sight.tracks.boxes[row])
            self._best.offer(sight.frame, box, float(sight.tracks.scores[row]))
        self._save_larger(event, sight.frame.at_us)
        if self.plan.previews:
            self._preview_size = self._preview_size or _size(sight.frame)
            if _size(sight.frame) == self._preview_size:  # an animation has one size
                self._preview.add(sight.frame)

    def packet(self, event: Event, info: StreamInfo, packet: Packet, deliver: Deliver) -> None:
        """Extend the clip."""
        if self._clip is not None:
            self._clip.footage = self.footage
            self._clip.packet(event, info, packet, deliver)

    @property
    def owes(self) -> bool:
        """True while a clip that could not be completed waits to be mended."""
        return self._clip is not None and self._clip.owes

    def mend(self, event: Event, deliver: Deliver) -> None:
        """Try again to complete what could not be."""
        if self._clip is not None:
            self._clip.mend(self._with_box(event), deliver)

    def closing(self, event: Event, deliver: Deliver) -> None:
        """Make the best pictures and the preview, and hand them to `deliver`."""
        ended = event.ended_at or event.updated_at
        self._clip_until_us = to_us(ended) + self.plan.post_roll_us
        if self.plan.parts is None:
            return
        best, self._best = self._best, BestPicture()
        preview, self._preview = self._preview, Preview()
        better = best.best if best.revision > 1 or self._larger else None
        if better is not None and best.revision > 1:
            self._box = better.box
        pictured = self._with_box(event)
        again = best.revision > 1
        if better is not None:
            self.plan.work(lambda: self._pictures(pictured, better, deliver, again=again))
        if len(preview):
            self._animate(pictured, preview, deliver)

    def finished(self, at_us: int) -> bool:
        """True when the post-roll is complete, or the clip takes no more."""
        if self._clip is None or not self._clip.taking:
            return True
        return self._clip_until_us is not None and at_us >= self._clip_until_us

    def finish(self, event: Event, deliver: Deliver) -> None:
        """Complete the clip, and hand it to `deliver`."""
        if self._clip is not None:
            self._clip.finish(self._with_box(event), deliver)

    def _with_box(self, event: Event) -> Event:
        return event if self._box is None else event.model_copy(update={"box": self._box})

    def _save_larger(self, event: Event, now_us: int) -> None:
        """Have the main stream's picture made before its packets are gone."""
        larger, best = self._larger, self._best.best
        if larger is None or best is None or not larger.due(best, now_us):
            return

        def job() -> None:
            try:
                larger.make(best, lambda found: self._better(event, found))
            except StorageFailed as error:
                self.plan.failed(f"a picture of event {event.id} could not be made: {error}")

        self.plan.work(job)

    def _pictures(
        self,
        event: Event,
        better: Candidate,
        deliver: Deliver,
        *,
        again: bool,
    ) -> None:
        """Args:
        again: it is another moment than that of the first pictures.
        """
        artifacts: list[NewArtifact] = []
        try:
            if self._larger is not None:
                artifacts += self._larger.make(better, lambda found: self._better(event, found))
            if again and not artifacts:
                artifacts += self._better(event, better)
        except StorageFailed as error:
            self.plan.failed(f"pictures of event {event.id} could not be made: {error}")
        if artifacts:
            deliver(EventChange(event=event, artifacts=tuple(artifacts)))

    def _animate(self, event: Event, preview: Preview, deliver: Deliver) -> None:
        animation = Animation(
            event=event,
            preview=preview,
            first_us=self.first_us,
            deliver=deliver,
            failed=self.plan.failed,
        )
        if not self.plan.later(animation):
            animation.left_out()

    def _better(self, event: Event, best: Candidate) -> list[NewArtifact]:
        marks = [Mark(box=best.box, label=event.label, score=event.score)]
        frame = best.frame
        return [
            _picture(ArtifactKind.SNAPSHOT, 2, frame, self._plain(frame)),
            _picture(
                ArtifactKind.SNAPSHOT_ANNOTATED, 2, frame, self._annotated(event, frame, marks)
            ),
        ]

    def _annotated(self, event: Event, frame: Frame, marks: list[Mark]) -> bytes:
        moment = from_us(frame.at_us)
        caption = f"{self.plan.camera_title} - {event.rule_id} - {moment:%Y-%m-%d %H:%M:%S} UTC"
        return annotated(
            frame,
            marks=marks,
            outlines=self.plan.outlines,
            caption=caption,
            quality=max(1, self.plan.quality - 5),
        )

    def _plain(self, frame: Frame) -> bytes:
        return snapshot(frame, quality=self.plan.quality)


def _size(frame: Frame) -> tuple[int, int]:
    return frame.width, frame.height


def _picture(kind: ArtifactKind, revision: int, frame: Frame, data: bytes) -> NewArtifact:
    return NewArtifact(
        kind=kind,
        revision=revision,
        extension=".jpg",
        media_type="image/jpeg",
        started_us=frame.at_us,
        width=frame.width,
        height=frame.height,
        data=data,
    )


def _track_of(event: Event) -> int:
    """Number of the event's track; 0 for an event about many objects."""
    return int(event.track_ids[0].rpartition("/")[2]) if event.track_ids else 0


def _strongest(sight: Sight) -> int | None:
    """Row of the observed, confirmed track with the highest score."""
    rows = np.flatnonzero(sight.tracks.observed & sight.tracks.confirmed)
    return int(rows[np.argmax(sight.tracks.scores[rows])]) if rows.size else None


def _marks(event: Event, sight: Sight) -> list[Mark]:
    """The event's object strong, other objects of the same class weak; all strong for a count."""
    track = _track_of(event)
    tracks = sight.tracks
    marks = []
    for row in np.flatnonzero(tracks.confirmed).tolist():
        label = tracks.labels[int(tracks.classes[row])]
        mine = int(tracks.ids[row]) == track
        if mine or label == event.label:
            marks.append(
                Mark(
                    box=fraction_box(tracks.boxes[row]),
                    label=label,
                    score=float(tracks.scores[row]),
                    strong=mine or not track,
                )
            )
    return marks
