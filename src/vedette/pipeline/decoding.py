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
from vedette.pipeline.effort import Effort
from vedette.pipeline.gate_plan import Order, Task
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
    again_us: int = -1
    """Frames up to here were seen before, and are decoded a second time for what follows them."""
    _clean: bool = True
    """The decoder is empty."""
    _ahead: Ahead | None = None
    _stream: Stream | None = field(default=None, init=False)

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
        self._stream, self._clean = stream, True
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
        if self._ahead is None:
            whole = len(order.packets) == 1 and packet is not bare
            self._carry_out(replace(order, packets=(packet,)) if whole else order)
        else:
            self._hand_over(self._ahead, order)

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
            if len(order.packets) > 1:
                self._again()
            self._decode(stream, order.packets, order.epoch)
        else:
            self._decode_alone(stream, order)

    def _decode(self, stream: Stream, packets: Sequence[Packet], epoch: int) -> None:
        """Decode packets that follow each other, as long as the gate stays as it is."""
        self._clean = False
        for packet in packets:
            if self._ahead is not None:
                self._ahead.turn()
            for frame in stream.decode(packet):
                self.see(frame)
            if self.gate.epoch != epoch:
                break
        if not self.gate.is_open:
            self._clean = True
            for frame in stream.flush():
                self.see(frame)

    def _decode_alone(self, stream: Stream, order: Order) -> None:
        """One keyframe, with an empty decoder before and after."""
        frames = [*stream.decode(order.packets[0]), *stream.flush()]
        self._clean = True
        for frame in frames[-1:]:
            if order.task is Task.PROBE and self.moves(frame):
                self._open(stream, frame, order.epoch)
            else:
                self.see(frame)

    def _open(self, stream: Stream, frame: Frame, epoch: int) -> None:
        """A keyframe shows motion: look at what led to it, then go on from there."""
        packets: Sequence[Packet] = ()
        with self.lock:
            if self.gate.epoch == epoch:
                packets = self.gate.open("motion", frame.at_us, self.effort.now)
                epoch = self.gate.epoch
        if not packets:
            self.see(frame)
            return
        self._again()
        self._decode(stream, packets, epoch)

    def _again(self) -> None:
        self.again_us = -1 if self.gate.seen_us is None else self.gate.seen_us
