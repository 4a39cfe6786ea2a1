"""The book of open events: a rule's verdict opens, changes or closes an event with its media."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from vedette.contracts.event import Event, EventState, Severity
from vedette.contracts.lifecycle import Lifecycle, RetentionClass
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.sink import EventChange, EventSink, NewArtifact
from vedette.contracts.verdict import RuleAction, RuleVerdict
from vedette.kit.clock import from_us
from vedette.kit.ids import event_id
from vedette.pipeline.clip_parts import Footage
from vedette.pipeline.last_picture import Last, LastPicture
from vedette.pipeline.media_limit import MediaLimit, NoMedia
from vedette.pipeline.sight import Sight
from vedette.rules.build import BuiltRule

log = logging.getLogger(__name__)

MEND_US = 15_000_000
"""Clips that could not be completed are tried again this often."""
MOST_OWING = 200
"""Of one camera; what goes beyond is mended at the next start."""


class Capture(Protocol):
    """Makes the media of one event (see `pipeline/capture.py`)."""

    footage: Footage | None
    """Recordings, for a pre-roll that the packet ring does not hold any more."""

    def opening(self, event: Event, sight: Sight) -> tuple[NewArtifact, ...]:
        """The first pictures, at once."""
        ...

    def see(self, event: Event, sight: Sight, track: int) -> None:
        """Look for a better picture, and collect the preview."""
        ...

    def packet(
        self,
        event: Event,
        info: StreamInfo,
        packet: Packet,
        deliver: Callable[[EventChange], None],
    ) -> None:
        """Extend the clip; hand over a part of it that is complete."""
        ...

    def closing(self, event: Event, deliver: Callable[[EventChange], None]) -> None:
        """Make the best pictures and the preview, and hand them to `deliver`."""
        ...

    def finished(self, at_us: int) -> bool:
        """True when the post-roll is complete at this time."""
        ...

    def finish(self, event: Event, deliver: Callable[[EventChange], None]) -> None:
        """Complete the clip, and hand it to `deliver`."""
        ...

    @property
    def owes(self) -> bool:
        """True while a clip that could not be completed waits to be mended."""
        ...

    def mend(self, event: Event, deliver: Callable[[EventChange], None]) -> None:
        """Try again to complete what could not be."""
        ...


@dataclass(slots=True, kw_only=True)
class _Open:
    """An event with its media; kept after closing until its clip is complete."""

    event: Event
    capture: Capture
    track: int


class Opened(NamedTuple):
    """An event that began just now."""

    event: Event
    track: int
    files: bool
    """It gets pictures and a clip; False where there were too many."""


@dataclass(slots=True, kw_only=True)
class EventBook:
    """The events of one camera. Belongs to the camera's thread."""

    site_id: str
    camera_id: str
    sink: EventSink
    begin_capture: Callable[[Event, int], Capture]
    """Starts the media of an event; told the time of its first sample."""
    footage: Footage | None = None
    """Recordings, for a pre-roll that the packet ring does not hold any more."""
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    """How long the files of the camera's events are kept, where the rule says nothing else."""
    limit: MediaLimit = field(default_factory=MediaLimit)
    """How many events get files."""
    last: Last = lambda: None
    """The last picture of the camera."""
    session: str = ""
    opened: int = 0
    _open: dict[tuple[str, str], _Open] = field(default_factory=dict)
    _ending: list[_Open] = field(default_factory=list)
    _owing: deque[_Open] = field(default_factory=lambda: deque(maxlen=MOST_OWING))
    """Over, but with a clip that could not be completed (a full disk)."""
    _mended_us: int = 0

    @property
    def busy(self) -> bool:
        """True while an event is open or a clip is not complete."""
        return bool(self._open or self._ending)

    def apply(self, rule: BuiltRule, verdicts: Sequence[RuleVerdict], sight: Sight) -> list[Opened]:
        """Do what a rule demands at this moment; returns what opened."""
        opened: list[Opened] = []
        for verdict in verdicts:
            key = (rule.id, verdict.key)
            match verdict.action:
                case RuleAction.OPEN:
                    opened.append(self._begin(rule, verdict, sight))
                case RuleAction.UPDATE if key in self._open:
                    self._update(self._open[key], verdict, sight)
                case RuleAction.CLOSE if key in self._open:
                    self._close(self._open.pop(key), verdict)
                case _:
                    pass  # REJECT concerns only the ledger
        return opened

    def see(self, sight: Sight) -> None:
        """Offer this moment's picture to every open event."""
        for held in self._open.values():
            held.capture.see(held.event, sight, held.track)

    def packet(self, info: StreamInfo, packet: Packet) -> None:
        """Extend every clip, and complete those whose post-roll is over."""
        deliver = self.sink.submit
        for held in self._open.values():
            held.capture.packet(held.event, info, packet, deliver)
        for held in list(self._ending):
            held.capture.packet(held.event, info, packet, deliver)
            if held.capture.finished(packet.at_us):
                self._ending.remove(held)
                held.capture.finish(held.event, deliver)
                self._owing.append(held)
        if self._owing and abs(packet.at_us - self._mended_us) >= MEND_US:
            self._mended_us = packet.at_us
            self._mend()

    def _mend(self) -> None:
        """Try again to complete what could not be; forget what is complete."""
        for held in list(self._owing):
            if held.capture.owes:
                held.capture.mend(held.event, self.sink.submit)
            else:
                self._owing.remove(held)

    def close_all(self, rule: BuiltRule, verdicts: Sequence[RuleVerdict]) -> None:
        """Close what a rule still holds open, because the camera ends."""
        for verdict in verdicts:
            if held := self._open.pop((rule.id, verdict.key), None):
                self._close(held, verdict)

    def finish(self) -> None:
        """Complete every clip now, whatever its post-roll."""
        for held in self._ending:
            held.capture.finish(held.event, self.sink.submit)
            self._owing.append(held)
        self._ending.clear()
        self._mend()

    def _begin(self, rule: BuiltRule, verdict: RuleVerdict, sight: Sight) -> Opened:
        first_us, track = verdict.first_us, verdict.track
        event = Event(
            id=event_id(self.site_id, self.camera_id, rule.id, verdict.key, first_us),
            site_id=self.site_id,
            camera_id=self.camera_id,
            rule_id=rule.id,
            event_type=rule.kind,
            severity=rule.severity,
            label=rule.label or sight.label_of(track) or _first_label(sight),
            zone_id=rule.zone,
            line_id=rule.line,
            message=rule.message,
            dedupe_key=verdict.key,
            track_ids=(self.track_id(track),) if track else (),
            state=EventState.OPEN,
            started_at=from_us(first_us),
            opened_at=from_us(verdict.at_us),
            updated_at=from_us(verdict.at_us),
            score=sight.score_of(track),
            box=sight.box_of(track),
            numbers=dict(verdict.numbers),
            correlation_id=f"{self.camera_id}/{self.session}/{sight.frame.number}",
            lifecycle=_lifecycle(self.lifecycle, rule),
        )
        critical = event.severity is Severity.CRITICAL
        files = self.limit.allows(verdict.at_us, critical=critical)
        capture = self._capture(rule, event, first_us) if files else NoMedia()
        capture.footage = self.footage
        self._open[(rule.id, verdict.key)] = _Open(event=event, capture=capture, track=track)
        self.opened += 1
        log.info(
            "%s: %s of rule %s opened event %s", self.camera_id, event.label, rule.id, event.id
        )
        self.sink.submit(EventChange(event=event, artifacts=capture.opening(event, sight)))
        return Opened(event, track, files)

    def _capture(self, rule: BuiltRule, event: Event, first_us: int) -> Capture:
        """One picture where there is nothing to film."""
        return LastPicture(last=self.last) if rule.blind else self.begin_capture(event, first_us)

    def _update(self, held: _Open, verdict: RuleVerdict, sight: Sight) -> None:
        held.event = held.event.model_copy(
            update={
                "updated_at": from_us(verdict.at_us),
                "score": sight.score_of(held.track) or held.event.score,
                "numbers": {**held.event.numbers, **verdict.numbers},
            }
        )
        self.sink.submit(EventChange(event=held.event))

    def _close(self, held: _Open, verdict: RuleVerdict) -> None:
        ended = from_us(verdict.at_us)
        update: dict[str, Any] = {
            "state": EventState.CLOSED,
            "updated_at": ended,
            "ended_at": ended,
            "end_reason": verdict.code,
            "numbers": {**held.event.numbers, **verdict.numbers},
        }
        held.event = held.event.model_copy(update=update)
        self.sink.submit(EventChange(event=held.event))
        held.capture.closing(held.event, self.sink.submit)
        self._ending.append(held)

    def track_id(self, number: int) -> str:
        return f"{self.camera_id}/{self.session}/{number}"


def _lifecycle(camera: Lifecycle, rule: BuiltRule) -> Lifecycle:
    """What the rule says, else what the camera says."""
    tag = rule.tag or camera.tag
    if rule.keep:
        return Lifecycle(retention_class=RetentionClass.KEEP, tag=tag)
    return camera.model_copy(update={"tag": tag})


def _first_label(sight: Sight) -> str:
    """Class of the first object in view: for events that are about many objects."""
    classes = sight.samples.classes
    return sight.samples.labels[int(classes[0])] if len(classes) else "object"
