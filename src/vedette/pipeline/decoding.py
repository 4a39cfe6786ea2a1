"""One opening of a stream, decoded as the gate says: in turns with reading, or in a thread."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from vedette.contracts.errors import SourceLost, VedetteError
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.kit.clock import Clock
from vedette.pipeline.ahead import Ahead
from vedette.pipeline.decode_gate import DecodeGate
from vedette.pipeline.deferred import Chosen, Deferred
from vedette.pipeline.effort import Effort
from vedette.pipeline.gate_plan import Order, Task
from vedette.pipeline.stats import CameraStats
from vedette.pipeline.stopwatch import Stopwatch, Timed
from vedette.sources.port import Stream

See = Callable[[Frame], None]


@dataclass(slots=True, kw_only=True)
class Decoding:
    """Stands between the packets of a camera and its stages."""

    camera_id: str
    gate: DecodeGate
    effort: Effort
    clock: Clock
    lock: threading.RLock
    """Of the gate."""
    see: See
    """Takes every frame, in order of time."""
    moves: Callable[[Frame], bool]
    """Says of a keyframe, before it is seen, whether it shows motion."""
    chosen: Chosen = lambda after_us, until_us: True
    """Says whether a frame is going to be looked at; others are decoded late, or never."""
    stats: CameraStats = field(default_factory=CameraStats)
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    again_us: int = -1
    """Frames up to here were seen before, and are decoded a second time for what follows them."""
    _clean: bool = True
    """The decoder is empty."""
    _prompt: bool | None = None
    """Each packet's own frame comes out with it; None while unknown."""
    _deferred: Deferred = field(init=False)
    _ahead: Ahead | None = None
    _stream: Stream | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._deferred = Deferred(chosen=self.chosen)

    @property
    def ahead(self) -> bool:
        """Reading does not wait for the pictures."""
        return self._ahead is not None

    @property
    def lag_s(self) -> float:
        """How long the oldest packet waits; 0.0 where reading waits for the pictures."""
        return 0.0 if self._ahead is None else self._ahead.lag_s

    @property
    def alive_s(self) -> float:
        """Monotonic time at which decoding surely did not hang."""
        return self.clock.monotonic() if self._ahead is None else self._ahead.alive_s

    def begin(self, stream: Stream) -> None:
        """Another opening of the camera.

        Raises:
            SourceLost: the thread of the last one still works on a picture.
        """
        if self._ahead is not None and self._ahead.hangs:
            raise SourceLost(f"{self.camera_id}: a picture of before is still being worked on")
        self._ahead = None
        self._stream, self._clean, self._prompt = stream, True, None
        self._deferred = Deferred(chosen=self.chosen)
        with self.lock:
            self.gate.begin(stream.info.codec)

    def end(self) -> None:
        """The camera is lost, or over: its stream, with a decoder's pictures, is not needed."""
        self._stream = None

    def take(self, info: StreamInfo, packet: Packet, bare: Packet, *, busy: bool) -> None:
        """One packet: decoded (now, or soon by the thread) if the gate says so.

        Args:
            bare: the same without its origin: what is kept, and what another thread may decode.
            busy: an event is open, so that this camera saves last.
        """
        if packet.is_audio:
            return
        level = 0  # a recording is looked at in full, however long that takes
        if self._ahead is not None:
            level = self.effort.level(self.lag_s, self.clock.monotonic(), busy=busy)
        with self.lock:
            if info.codec != self.gate.codec:
                self.gate.begin(info.codec)
            order = self.gate.take(bare, level)
        if order is None:
            return
        decoded = packet if self._ahead is None else bare
        if self._prompt and self.gate.may_skip:
            self._pass_on(self._deferred.take(order, decoded, info))
        elif len(order.packets) == 1 and decoded is not bare:
            self._pass_on(replace(order, packets=(decoded,)))
        else:
            self._pass_on(order)

    def catch_up(self) -> None:
        """No packet follows: what waited for one is decoded."""
        self._pass_on(self._deferred.rest())

    def run_ahead(self, read: Callable[[], bool]) -> None:
        """Decode in a thread of its own while `read` reads; returns when both are done.

        Args:
            read: calls `take`; False where it was interrupted, so that nothing more matters.
        """
        with Ahead(f"look-{self.camera_id}", self._carry_out, self.clock) as ahead:
            self._ahead = ahead
            try:
                complete = read()
            except VedetteError:
                ahead.finish()
                raise
            if complete:
                ahead.finish()

    def _pass_on(self, order: Order | None) -> None:
        """Have it carried out, in this thread or in the other one."""
        deferred, skipped = self._deferred, self.gate.skipped
        if deferred.unsampled or deferred.void:
            skipped["unsampled"] += deferred.unsampled
            skipped["void"] += deferred.void
            deferred.unsampled = deferred.void = 0
        if order is None:
            return
        if self._ahead is None:
            self._carry_out(order)
        else:
            self._hand_over(self._ahead, order)

    def _hand_over(self, ahead: Ahead, order: Order) -> None:
        dropped, broken = ahead.put(order)
        if dropped:
            with self.lock:
                self.gate.skipped["lag"] += dropped
                if broken:
                    self.gate.broke()

    def _carry_out(self, order: Order) -> None:
        """Decode what the gate ordered, unless it has opened or closed since."""
        stream = self._stream
        if stream is None or order.epoch != self.gate.epoch:
            self.gate.skipped["void"] += len(order.packets)
            return
        if order.fresh and not self._clean:
            stream.flush()
        if order.task is Task.GO_ON:
            if order.fresh and len(order.packets) > 1:
                self._again()
            self._decode(stream, order.packets, order.epoch)
        else:
            self._decode_alone(stream, order)

    def _decode(self, stream: Stream, packets: Sequence[Packet], epoch: int) -> None:
        """Decode packets that follow each other, as long as the gate stays as it is."""
        self._clean = False
        before_us, last = self.again_us, packets[-1]
        for packet in packets:
            if self._ahead is not None:
                self._ahead.turn()
            if packet is last or self._shows(before_us, packet.at_us):
                self._see_all(self._decoded(stream, packet), packet.at_us)
            else:
                self._skip(stream, packet)
            if self.gate.epoch != epoch:
                break
            before_us = packet.at_us
        if not self.gate.is_open:
            self._clean = True
            for frame in stream.flush():
                self._present(frame)

    def _present(self, frame: Frame) -> None:
        """Have it seen, where there is memory for that."""
        try:
            self.see(frame)
        except MemoryError as error:
            self._went_without(error)

    def _moves(self, frame: Frame) -> bool:
        try:
            return self.moves(frame)
        except MemoryError as error:
            self._went_without(error)
            return False

    def _went_without(self, error: MemoryError) -> None:
        """A camera leaves a picture out: for the next one there may be memory again."""
        if not self.ahead:
            raise error
        self.gate.skipped["memory"] += 1
        self.stats.problem(f"{self.camera_id}: a picture was left out: {error or 'no memory'}")

    def _decoded(self, stream: Stream, packet: Packet) -> Sequence[Frame]:
        """What comes out with a packet, timed."""
        self.stopwatch.picture()
        frames = stream.decode(packet)
        self.stopwatch.lap(Timed.DECODE)
        return frames

    def _see_all(self, frames: Sequence[Frame], at_us: int) -> None:
        """Also learns whether the decoder holds frames back (there are B frames): then nobody can
        say what a packet is decoded for."""
        for frame in frames:
            self._present(frame)
        if frames and self._prompt is not False:
            self._prompt = frames[-1].at_us == at_us

    def _shows(self, before_us: int, at_us: int) -> bool:
        """Somebody looks at the frame of this moment, as far as anybody can say."""
        return not self._prompt or (at_us > self.again_us and self.chosen(before_us, at_us))

    def _skip(self, stream: Stream, packet: Packet) -> None:
        """Decode for the sake of what follows."""
        skip = getattr(stream, "skip", None)
        count = skip(packet) if callable(skip) else len(stream.decode(packet))
        self.stats.frames += count
        self.stats.redecoded += count if packet.at_us <= self.again_us else 0

    def _decode_alone(self, stream: Stream, order: Order) -> None:
        """One keyframe, with an empty decoder before and after."""
        frames = [*self._decoded(stream, order.packets[0]), *stream.flush()]
        self._clean = True
        for frame in frames[-1:]:
            if order.task is Task.PROBE and self._moves(frame):
                self._open(stream, frame, order.epoch)
            else:
                self._present(frame)

    def _open(self, stream: Stream, frame: Frame, epoch: int) -> None:
        """A keyframe shows motion: look at what led to it, then go on from there."""
        packets: Sequence[Packet] = ()
        with self.lock:
            if self.gate.epoch == epoch:
                packets = self.gate.open("motion", frame.at_us, self.effort.now)
                epoch = self.gate.epoch
        if not packets:
            self._present(frame)
            return
        self._again()
        self._decode(stream, packets, epoch)

    def _again(self) -> None:
        self.again_us = -1 if self.gate.seen_us is None else self.gate.seen_us
