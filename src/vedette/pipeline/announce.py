"""Announces what each stage did, as facts on the seeds' topics; free when nobody listens."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vedette.contracts.bus import Bus
from vedette.contracts.event import Event
from vedette.contracts.facts import (
    CameraState,
    CameraStatus,
    DetectedObject,
    DetectionFact,
    FrameFact,
    MotionFact,
    TamperFact,
)
from vedette.contracts.frame import Frame
from vedette.contracts.sight import Detections, Motion, Tracks
from vedette.contracts.span import CONTROL, Span, Value
from vedette.contracts.topics import SPAN, frame_topic, status_topic, tamper_topic
from vedette.kit.clock import Clock, from_us, to_us
from vedette.pipeline.sight import Sight, fraction_box
from vedette.pipeline.stopwatch import Lap

LATEST_US = 300_000_000
"""What was seen longer ago than this comes from a recording: its trace begins with the decoding."""


@dataclass(slots=True, kw_only=True)
class Announcer:
    """One camera's voice on the bus."""

    camera_id: str
    zone_ids: tuple[str, ...]
    bus: Bus
    clock: Clock
    component: str = CONTROL
    """The process that the camera is in."""
    session: str = ""
    unique_us: int | None = None
    """Who is still there after this long is announced as unique again; None: once."""
    _announced: dict[int, int] = field(default_factory=dict)
    """Tracks in view that were announced as unique, and when."""

    def correlation(self, frame: Frame) -> str:
        return f"{self.camera_id}/{self.session}/{frame.number}"

    def frame(self, frame: Frame) -> None:
        topic = frame_topic(self.camera_id)
        if self.bus.wanted(topic):
            fact = FrameFact(
                camera_id=self.camera_id,
                number=frame.number,
                at=from_us(frame.at_us),
                width=frame.width,
                height=frame.height,
                correlation_id=self.correlation(frame),
            )
            self.bus.publish(topic, fact)

    def motion(self, frame: Frame, motion: Motion) -> None:
        if motion.active and self.bus.wanted("process.motion.detected"):
            fact = MotionFact(
                camera_id=self.camera_id,
                at=from_us(frame.at_us),
                fraction=motion.fraction,
                boxes=tuple(fraction_box(row) for row in motion.boxes),
                correlation_id=self.correlation(frame),
            )
            self.bus.publish("process.motion.detected", fact)

    def detections(self, frame: Frame, found: Detections) -> None:
        if len(found) and self.bus.wanted("process.detected"):
            objects = tuple(
                DetectedObject(
                    label=found.labels[int(found.classes[row])],
                    score=float(found.scores[row]),
                    box=fraction_box(found.boxes[row]),
                )
                for row in range(len(found))
            )
            self._publish("process.detected", frame, objects)

    def zoned(self, sight: Sight) -> None:
        """Objects that were never announced before, and all objects with their zones."""
        present = set(sight.samples.ids.tolist())
        again_us = math.inf if self.unique_us is None else self.unique_us
        fresh = {
            track
            for track in present
            if track not in self._announced or sight.at_us - self._announced[track] >= again_us
        }
        self._announced |= dict.fromkeys(fresh, sight.at_us)
        for track in sight.samples.ended:
            self._announced.pop(track, None)
        if fresh and self.bus.wanted("process.motion.unique"):
            objects = self._objects(sight, fresh)
            self._publish("process.motion.unique", sight.frame, objects)
        if present and self.bus.wanted("process.motion.zoned"):
            objects = self._objects(sight, present)
            self._publish("process.motion.zoned", sight.frame, objects)

    def forget(self) -> None:
        """Every track was given up: none of them is announced again."""
        self._announced = {}

    def status(self, state: CameraState, detail: str = "", retry_in_s: float = 0.0) -> None:
        fact = CameraStatus(
            camera_id=self.camera_id,
            state=state,
            at=self.clock.now(),
            detail=detail,
            retry_in_s=retry_in_s,
        )
        self.bus.publish(status_topic(self.camera_id), fact)

    def tamper(self, kind: str, since_us: int, numbers: Mapping[str, float]) -> None:
        """What was done to the camera since then; an empty `kind`: all is well again."""
        fact = TamperFact(
            camera_id=self.camera_id, kind=kind, since=from_us(since_us), numbers=dict(numbers)
        )
        self.bus.publish(tamper_topic(self.camera_id), fact)

    def traced(self, frame: Frame, opened: Sequence[Event], laps: Sequence[Lap]) -> None:
        """How long each stage took of a picture that opened events."""
        if not self.bus.wanted(SPAN) or not laps:
            return
        now_us, now_s = to_us(self.clock.now()), self.clock.monotonic()

        def at_us(moment_s: float) -> int:
            return now_us - round((now_s - moment_s) * 1e6)

        first_us = at_us(laps[0].began_s)
        fresh = 0 <= first_us - frame.at_us < LATEST_US
        about: dict[str, Value] = {
            "camera": self.camera_id,
            "site": opened[0].site_id,
            "events": " ".join(str(event.id) for event in opened),
            "rules": " ".join(event.rule_id for event in opened),
        }
        since_us = frame.at_us if fresh else first_us
        self._span(frame, "frame", since_us, now_us, whole=True, attributes=about)
        for lap in laps:
            self._span(frame, lap.stage.value, at_us(lap.began_s), at_us(lap.ended_s))

    def _span(
        self,
        frame: Frame,
        name: str,
        began_us: int,
        ended_us: int,
        *,
        whole: bool = False,
        attributes: dict[str, Value] | None = None,
    ) -> None:
        span = Span(
            name=name,
            correlation_id=self.correlation(frame),
            component=self.component,
            began=from_us(began_us),
            ended=from_us(ended_us),
            whole=whole,
            attributes=attributes or {},
        )
        self.bus.publish(SPAN, span)

    def _objects(self, sight: Sight, wanted: set[int]) -> tuple[DetectedObject, ...]:
        tracks: Tracks = sight.tracks
        zones = dict(zip(sight.samples.ids.tolist(), sight.samples.zones.tolist(), strict=True))
        return tuple(
            DetectedObject(
                label=tracks.labels[int(tracks.classes[row])],
                score=float(tracks.scores[row]),
                box=fraction_box(tracks.boxes[row]),
                track_id=f"{self.camera_id}/{self.session}/{number}",
                attributes={
                    "zone_matches": [
                        z for i, z in enumerate(self.zone_ids) if zones[number] >> i & 1
                    ]
                },
            )
            for row, number in enumerate(tracks.ids.tolist())
            if number in wanted and number in zones
        )

    def _publish(self, topic: str, frame: Frame, objects: tuple[DetectedObject, ...]) -> None:
        fact = DetectionFact(
            camera_id=self.camera_id,
            at=from_us(frame.at_us),
            objects=objects,
            correlation_id=self.correlation(frame),
        )
        self.bus.publish(topic, fact)
