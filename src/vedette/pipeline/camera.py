"""The hot path: everything that one camera does, top to bottom, in the order of the product."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from vedette.contracts.event import Event
from vedette.contracts.facts import CameraState
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, PacketTap, StreamInfo
from vedette.contracts.sample import Samples
from vedette.contracts.sight import Motion, Tracks
from vedette.contracts.sink import EventSink
from vedette.contracts.trigger import Beside
from vedette.contracts.verdict import RuleVerdict
from vedette.kit.clock import Clock, SystemClock, to_us
from vedette.kit.correlation import about
from vedette.media.ring import PacketRing
from vedette.motion.port import MotionGate
from vedette.pipeline.announce import Announcer
from vedette.pipeline.book import EventBook
from vedette.pipeline.decode_gate import DecodeGate
from vedette.pipeline.decoding import Decoding
from vedette.pipeline.effort import Effort
from vedette.pipeline.gate_plan import GateMode, GatePlan
from vedette.pipeline.guard import Guard
from vedette.pipeline.judging import Judging, Said
from vedette.pipeline.ledger import Ledger, keep
from vedette.pipeline.live import LiveView
from vedette.pipeline.look import Look
from vedette.pipeline.main_stream import Cost, MainStream
from vedette.pipeline.scene import Scene
from vedette.pipeline.sight import Sight, session_of
from vedette.pipeline.standing import AWAY, LOST, Standing
from vedette.pipeline.stats import CameraStats
from vedette.pipeline.stopwatch import Stopwatch, Timed
from vedette.rules.build import BuiltRule
from vedette.sources.port import Source, Stream
from vedette.zones.zones import Zones

log = logging.getLogger(__name__)

PUT_BACK_US = 5_000_000
"""A camera that comes back more than this before it went: the machine's clock was put back."""


def _always() -> DecodeGate:
    return DecodeGate(plan=GatePlan(mode=GateMode.ALWAYS))


@dataclass(slots=True, kw_only=True)
class CameraPipeline:
    """One camera. `watch` is one attempt; `keep_watching` (keeper.py) tries again.

    A recording is read and looked at in turns. A camera is read by one thread, which keeps its
    packets (ring, clips, taps) and never waits for the pictures; those are another thread's.
    """

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
    gate: DecodeGate = field(default_factory=_always)
    effort: Effort = field(default_factory=Effort)
    clock: Clock = field(default_factory=SystemClock)
    guard: Guard | None = None
    """Notices when somebody covers, defocuses or turns the camera."""
    main: MainStream | None = None
    """The large stream where `source` is a small one: its packets are the ones that are kept."""
    ahead: bool | None = None
    """Whether reading goes on while pictures are looked at; None: where the source is live."""
    taps: tuple[PacketTap, ...] = ()
    """Others who take every packet: the recorder, live viewers."""
    beside: tuple[Beside, ...] = ()
    """Others who run while the camera is watched: its own events, which call `trigger`."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    """Of `ring`, `book` and `gate`: both threads use them."""
    counted: Callable[[int, int], None] = lambda frames, in_all: None
    """Told of each decoded frame: how many so far, and in all (0 where unknown)."""
    _frames_in_all: int = 0
    _session: str = ""
    _last_us: int = -1
    _just_opened: bool = False
    _next: Scene | None = None
    _judging: Judging = field(init=False)
    _standing: Standing = field(init=False)
    _stream: Stream | None = None
    _decoding: Decoding = field(init=False)

    @property
    def stopwatch(self) -> Stopwatch:
        """How long each stage takes."""
        return self.look.stopwatch

    def __post_init__(self) -> None:
        self._judging = Judging(zones=self.zones, rules=self.rules)
        self._standing = Standing(stats=self.stats, announcer=self.announcer)
        self._decoding = Decoding(
            camera_id=self.camera_id,
            gate=self.gate,
            effort=self.effort,
            clock=self.clock,
            lock=self.lock,
            see=self.see,
            moves=lambda frame: self.motion.probe(frame).active,
            chosen=self.look.gate.chooses,
            stats=self.stats,
            stopwatch=self.stopwatch,
        )
        self.stats.skipped = self.gate.skipped
        self.book.last = self.live.last
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
            self._begin_stream(stream)
            self.status(CameraState.ONLINE)
            if self.source.live if self.ahead is None else self.ahead:
                self._decoding.run_ahead(lambda: self._read(stream, stop))
            else:
                self._read(stream, stop)
            if not stop.is_set():
                for frame in stream.flush():
                    self.see(frame)
        finally:
            self._stream = None
            self._decoding.end()
            stream.close()
            if self.main is None:
                with self.lock:
                    self.book.finish()

    def interrupt(self) -> None:
        """End a `watch` that waits for its camera; called from another thread."""
        if (stream := self._stream) is not None:
            stream.close()

    def trigger(self, name: str, at_us: int, *, active: bool) -> None:
        """Somebody else (the camera itself, by ONVIF) saw something begin, or end; any thread.

        The gate opens with the next packet; what is decoded then begins with the last frame that
        was seen. `at_us`: since when, by our clock; a trigger is forgotten after a minute.
        """
        with self.lock:
            self.gate.trigger(name, at_us, active=active)

    def judge_by(self, scene: Scene) -> None:
        """Other zones and rules from the next picture on; the stream and its tracks go on. From any
        thread."""
        self._next = scene

    def take(self, stream: Stream, packet: Packet) -> None:
        """One packet: kept for clips, then decoded and looked at if the gate says so."""
        self.stats.packets += not packet.is_audio
        self.stats.bytes += len(packet.data)
        bare = packet.bare()
        if self.main is None:
            self.keep(stream.info, bare)
        self._decoding.take(stream.info, packet, bare, busy=self.book.busy)
        self.stats.progress_s = self._decoding.alive_s
        if packet.is_keyframe:
            self.stats.pressure = self.effort.now
            self.stats.ring_bytes, self.stats.ring_s = self.ring.bytes, self.ring.seconds
            self.gate.note_in(self.stats)

    def away(self, cause: str) -> None:
        """No pictures come: rules about the camera itself are asked all the same."""
        at_us = to_us(self.clock.now())
        if not self._session:
            self._begin(at_us)
        sight = Sight.blank(Samples.nothing(self.camera_id, at_us, cause), self.stats.frames)
        with self.lock:
            self._do(self._judging.step(sight.samples), sight)
            self.stats.events = self.book.opened

    def lost(self, cause: str) -> None:
        """No packet will be kept before the camera comes back."""
        for tap in self.taps:
            tap.lost(cause)

    def keep(self, info: StreamInfo, packet: Packet) -> None:
        """What is never left out: ring, clips, taps."""
        bare = packet.bare()
        if self.main is not None:
            self.stats.main_packets += not packet.is_audio
            self.stats.main_bytes += len(packet.data)
        with self.lock:
            self.ring.add(info, bare)
            self.book.packet(info, bare)
        for tap in self.taps:
            tap.packet(info, bare)

    def see(self, frame: Frame) -> None:
        """One frame: motion -> detect -> track -> zones -> rules -> media."""
        self.stats.frames += 1
        if frame.at_us <= self._last_us and not self._begins_anew(frame.at_us):
            self._count_old(frame.at_us)
            return
        self._just_opened = False
        if self.stats.first_frame_us < 0:
            self.stats.first_frame_us = frame.at_us
        self._last_us = self.stats.last_frame_us = self.gate.seen_us = frame.at_us
        self.counted(self.stats.frames, self._frames_in_all)
        self.look.gate.thin(self.effort.thinning)
        if not self.look.gate.samples(frame.at_us):
            return
        if not self._session:
            self._begin(frame.at_us)
        self.stats.analysed += 1
        with about(self.announcer.correlation(frame)):
            self._analyse(frame)

    def _analyse(self, frame: Frame) -> None:
        """Through the stages; what they log is about this frame."""
        if self._next is not None:
            self._exchange(self._next)
        self.announcer.frame(frame)
        self.stopwatch.begin()
        motion = self.motion.look(frame)
        tampering = None if self.guard is None else self.guard.look(frame)
        self.stopwatch.lap(Timed.MOTION)
        self.announcer.motion(frame, motion)
        tracks = self.look.at(frame, motion)
        self.ledger.follow(tracks, motion)
        self.ledger.note(self.look.verdicts)
        samples, verdicts = self._judging.locate(tracks, self.stats.tamper)
        self.ledger.note(verdicts)
        sight = Sight(frame=frame, tracks=tracks, samples=samples)
        self.announcer.zoned(sight)
        with self.lock:
            said = list(self._judging.step(sight.samples))
            self.stopwatch.lap(Timed.JUDGE)
            opened = self._do(said, sight)
            if self.guard is not None and tampering is not None:
                self.guard.tell(tampering, sight)
            self.stats.events = self.book.opened
            self.book.see(sight)
        self.stopwatch.lap(Timed.EVENT)
        if opened:
            self.announcer.traced(frame, opened, self.stopwatch.laps)
        self.stopwatch.laps.clear()
        self.ledger.sample(tracks, samples)
        self._end_tracks(tracks)
        self.live.put(frame, tracks)
        self._tell_gate(frame, motion, tracks)

    def forget(self, code: str) -> None:
        """Close every event and give up every track: nobody knows what happened meanwhile, but that
        the camera is lost."""
        if not self._session:
            return
        over = code != LOST
        with self.lock:
            for built, verdicts in self._judging.finish(self._last_us, code, also_blind=over):
                self._explain(built, verdicts)
                self.book.close_all(built, verdicts)
            if self.guard is not None:
                self.guard.forget(self._last_us, code)
        self._end_tracks(self.look.finish(self._last_us))
        self._restart(also_blind=over)

    def finish(self, code: str) -> None:
        """The camera is over: its source ended (`source_ended`), or we stop (`stopped`)."""
        self.forget(code)
        with self.lock:
            self.book.finish()
        self.status(CameraState.ENDED, code)

    def status(self, state: CameraState, detail: str = "", retry_in_s: float = 0.0) -> None:
        """Note and announce how the camera is, or the stream of it that is looked at."""
        self._standing.looked(state, detail, retry_in_s)

    def main_status(self, state: CameraState, detail: str = "") -> None:
        """The same of the stream that is only kept; called by its thread."""
        with self.lock:
            if state is not CameraState.ONLINE:
                self.book.finish()  # clips get no more packets
            if state in AWAY:
                self.ring.clear()  # new clips must not begin with the old days
        if state in AWAY:
            self.stats.main_reconnects += 1
            self.stats.problem(detail)
            self.lost(detail)
        self._standing.kept(state, detail)

    def picture(self, at_us: int, cost: Cost | None = None) -> Frame | None:
        """The main stream's frame of a moment, where pictures come from a smaller one. Slow."""
        return None if self.main is None else self.main.picture(at_us, cost)

    def _begin_stream(self, stream: Stream) -> None:
        self._frames_in_all = stream.info.frames
        self.stats.source = stream.stats
        self._just_opened = True
        self._decoding.begin(stream)

    def _read(self, stream: Stream, stop: threading.Event) -> bool:
        """Take every packet; False where it was asked to stop."""
        for packet in stream.packets():
            self.take(stream, packet)
            if stop.is_set():
                break
        if not stop.is_set():
            self._decoding.catch_up()
        return not stop.is_set()  # it also ends where `interrupt` closed it

    def _tell_gate(self, frame: Frame, motion: Motion, tracks: Tracks) -> None:
        if self._decoding.ahead:
            self.stats.lag_s = (to_us(self.clock.now()) - frame.at_us) / 1e6
        with self.lock:
            unsettled, watching = not tracks.confirmed.all(), len(tracks) > 0
            self.gate.saw(frame.at_us, motion, unsettled=unsettled, watching=watching)

    def _exchange(self, scene: Scene) -> None:
        self._next = None
        self.zones, self.rules = scene.zones, scene.rules
        with self.lock:
            said = self._judging.exchange(scene.zones, scene.rules, self._last_us, "reconfigured")
            for built, verdicts in said:
                self._explain(built, verdicts)
                self.book.close_all(built, verdicts)
            self.book.begin_capture = scene.begin_capture
            self.ring.max_s = scene.ring_s
        self.ledger.zone_ids = self.announcer.zone_ids = scene.zones.config.zone_ids
        self.live.draw = scene.draw

    def _count_old(self, at_us: int) -> None:
        if at_us <= self._decoding.again_us:
            self.stats.redecoded += 1
        else:
            self.stats.stale += 1

    def _begins_anew(self, at_us: int) -> bool:
        """True where the clock was put back while a live camera was away; else it would be blind
        until the clock is where it was."""
        if not (self._just_opened and self.source.live and self._last_us - at_us > PUT_BACK_US):
            return False
        self.forget("clock_put_back")
        with self.lock:
            self.book.finish()
        self._session = ""
        return True

    def _begin(self, at_us: int) -> None:
        self._session = session_of(at_us)
        self.book.session = self.announcer.session = self._session

    def _restart(self, *, also_blind: bool = True) -> None:
        """Remember nothing of the scene."""
        self.look.forget()
        self.announcer.forget()
        self._judging.restart(also_blind=also_blind)

    def _do(self, said: Iterable[Said], sight: Sight) -> list[Event]:
        """What the rules demand; returns the events that opened."""
        opened: list[Event] = []
        for built, verdicts in said:
            self._explain(built, verdicts)
            for event, track, files in self.book.apply(built, verdicts, sight):
                numbers = {"rule": built.id, "event": str(event.id)}
                code = "captured" if files else "too_many"
                self.ledger.add(track, "media", sight.at_us, code, numbers)
                keep(self.sink, self.ledger.so_far(sight.tracks, track, self.book.track_id(track)))
                opened.append(event)
        return opened

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
            track_id = self.book.track_id(ended.id)
            keep(self.sink, self.ledger.end(ended, track_id, tracks.at_us))
