"""The hot path: everything that one camera does, top to bottom, in the order of the product."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from vedette.contracts.facts import CameraState
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, PacketTap
from vedette.contracts.sight import Tracks
from vedette.contracts.sink import EventSink
from vedette.contracts.verdict import RuleVerdict
from vedette.media.ring import PacketRing
from vedette.motion.port import MotionGate
from vedette.pipeline.announce import Announcer
from vedette.pipeline.book import EventBook
from vedette.pipeline.ledger import Ledger
from vedette.pipeline.live import LiveView
from vedette.pipeline.look import Look
from vedette.pipeline.sight import Sight, session_of
from vedette.pipeline.stats import CameraStats
from vedette.rules.build import BuiltRule
from vedette.sources.port import Source, Stream
from vedette.zones.zones import Zones

log = logging.getLogger(__name__)

PUT_BACK_US = 5_000_000
"""A camera that comes back more than this before it went: the machine's clock was put back."""


@dataclass(slots=True, kw_only=True)
class CameraPipeline:
    """One camera. `watch` is one attempt; `keep_watching` (keeper.py) tries again."""

    camera_id: str
    source: Source
    ring: PacketRing
    motion: MotionGate
    look: Look
    zones: Zones
    rules: tuple[BuiltRule, ...]
    book: EventBook
    ledger: Ledger
    sink: EventSink
    announcer: Announcer
    live: LiveView
    stats: CameraStats = field(default_factory=CameraStats)
    taps: tuple[PacketTap, ...] = ()
    """Others who take every packet: the recorder, live viewers."""
    counted: Callable[[int, int], None] = lambda frames, in_all: None
    """Told of each decoded frame: how many so far, and in all (0 where unknown)."""
    _frames_in_all: int = 0
    _session: str = ""
    _last_us: int = -1
    _just_opened: bool = False
    _zone_state: Any = None
    _rule_states: list[Any] = field(default_factory=list)
    _stream: Stream | None = None

    def __post_init__(self) -> None:
        self._restart()

    def watch(self, stop: threading.Event) -> None:
        """Open the source and look until it ends or `stop` is set.

        Raises:
            SourceLost: try again later.
            SourceRefused: trying again is useless.
        """
        self.status(CameraState.CONNECTING)
        stream = self.source.open()
        self._stream = stream
        try:
            if stop.is_set():  # set while it opened, when `interrupt` found nothing to close
                return
            self._frames_in_all = stream.info.frames
            self._just_opened = True
            self.status(CameraState.ONLINE)
            for packet in stream.packets():
                self.take(stream, packet)
                if stop.is_set():
                    return
            for frame in stream.flush():
                self.see(frame)
        finally:
            self._stream = None
            stream.close()
            self.book.finish()

    def interrupt(self) -> None:
        """End a `watch` that waits for its camera; called from another thread."""
        if (stream := self._stream) is not None:
            stream.close()

    def take(self, stream: Stream, packet: Packet) -> None:
        """One packet: kept for clips, then decoded and looked at."""
        self.stats.packets += 1
        self.stats.bytes += len(packet.data)
        self.ring.add(stream.info, packet)
        self.book.packet(stream.info, packet)
        for tap in self.taps:
            tap.packet(stream.info, packet)
        for frame in stream.decode(packet):
            self.see(frame)

    def see(self, frame: Frame) -> None:
        """One frame: motion -> detect -> track -> zones -> rules -> media."""
        self.stats.frames += 1
        if frame.at_us <= self._last_us and not self._begins_anew(frame.at_us):
            self.stats.stale += 1
            return
        self._just_opened = False
        if self.stats.first_frame_us < 0:
            self.stats.first_frame_us = frame.at_us
        self._last_us = self.stats.last_frame_us = frame.at_us
        self.counted(self.stats.frames, self._frames_in_all)
        if not self.look.gate.samples(frame.at_us):
            return
        if not self._session:
            self._begin(frame.at_us)
        self.stats.analysed += 1
        self.announcer.frame(frame)
        motion = self.motion.look(frame)
        self.announcer.motion(frame, motion)
        tracks = self.look.at(frame, motion)
        self.ledger.follow(tracks, motion)
        self._zone_state, samples, verdicts = self.zones.step(self._zone_state, tracks)
        self.ledger.note(verdicts)
        sight = Sight(frame=frame, tracks=tracks, samples=samples)
        self.announcer.zoned(sight)
        self._judge(sight)
        self.stats.events = self.book.opened
        self.book.see(sight)
        self.ledger.sample(tracks, samples)
        self._end_tracks(tracks)
        self.live.put(frame, tracks)

    def forget(self, code: str) -> None:
        """Close every event and give up every track: nobody knows what happened meanwhile."""
        if not self._session:
            return
        for state, built in zip(self._rule_states, self.rules, strict=True):
            verdicts = built.rule.finish(state, self._last_us, code)
            self._explain(built, verdicts)
            self.book.close_all(built, verdicts)
        self._end_tracks(self.look.finish(self._last_us))
        self._restart()

    def finish(self, code: str) -> None:
        """The camera is over: its source ended (`source_ended`), or we stop (`stopped`)."""
        self.forget(code)
        self.book.finish()
        self.status(CameraState.ENDED, code)

    def status(self, state: CameraState, detail: str = "", retry_in_s: float = 0.0) -> None:
        """Note and announce how the camera is."""
        self.stats.state = state
        self.stats.detail = detail
        self.announcer.status(state, detail, retry_in_s)

    def _begins_anew(self, at_us: int) -> bool:
        """True where the clock was put back while a live camera was away; else it would be blind
        until the clock is where it was."""
        if not (self._just_opened and self.source.live and self._last_us - at_us > PUT_BACK_US):
            return False
        self.forget("clock_put_back")
        self.book.finish()
        self._session = ""
        return True

    def _begin(self, at_us: int) -> None:
        self._session = session_of(at_us)
        self.book.session = self.announcer.session = self._session

    def _restart(self) -> None:
        """Remember nothing of the scene."""
        self.look.forget()
        self.announcer.forget()
        self._zone_state = self.zones.start()
        self._rule_states = [built.rule.start() for built in self.rules]

    def _judge(self, sight: Sight) -> None:
        for index, built in enumerate(self.rules):
            state, verdicts = built.rule.step(self._rule_states[index], sight.samples)
            self._rule_states[index] = state
            self._explain(built, verdicts)
            for event, track in self.book.apply(built, verdicts, sight):
                numbers = {"rule": built.id, "event": str(event.id)}
                self.ledger.add(track, "media", sight.at_us, "captured", numbers)

    def _explain(self, built: BuiltRule, verdicts: Sequence[RuleVerdict]) -> None:
        """Note what a rule said of each track, also when it said no."""
        for verdict in verdicts:
            if verdict.track:
                numbers = {"rule": built.id, **verdict.numbers}
                code = f"{verdict.action}:{verdict.code}"
                self.ledger.add(verdict.track, "rules", verdict.at_us, code, numbers)

    def _end_tracks(self, tracks: Tracks) -> None:
        for ended in tracks.ended:
            self.stats.tracks += ended.confirmed
            story = self.ledger.end(ended, self.book.track_id(ended.id))
            self.sink.record(story.record, story.verdicts)
