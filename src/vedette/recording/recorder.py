"""Records cameras without holding them up: each has a bounded inbox, one thread writes for all."""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.sink import GapCause
from vedette.kit.clock import Clock, to_us
from vedette.kit.supervise import guarded
from vedette.recording.reel import RecorderCounts, Reel

log = logging.getLogger(__name__)

MOST_BYTES = 32 * 1024 * 1024
"""Of one camera, waiting to be written: 30 s at 8 Mb/s."""
MOST_ITEMS = 10_000
TURN_S = 0.25
"""How long packets wait at most while the disk keeps up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lost:
    """The camera is away."""

    detail: str
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dropped:
    """Packets were left out at this place."""

    packets: int


_Item = tuple[StreamInfo, Packet] | _Lost | _Dropped


class Recorder:
    """The `PacketTap` of one camera; `work` is called by the thread that writes."""

    def __init__(
        self, reel: Reel, *, clock: Clock, most_bytes: int = MOST_BYTES, urge: threading.Event
    ) -> None:
        """Take what it needs.

        Args:
            urge: set when the inbox is half full.
        """
        self._reel = reel
        self._clock = clock
        self._most_bytes = most_bytes
        self._urge = urge
        self._lock = threading.Lock()
        self._waiting: deque[_Item] = deque()
        self._bytes = 0
        self._left_out = 0
        self._skipping = False

    @property
    def camera_id(self) -> str:
        return self._reel.plan.camera_id

    @property
    def counts(self) -> RecorderCounts:
        return self._reel.counts

    @property
    def waiting_bytes(self) -> int:
        return self._bytes

    def packet(self, info: StreamInfo, packet: Packet) -> None:
        """Take a packet of the camera's thread; where there is no room, up to the next keyframe
        all are left out, and that is a gap."""
        size = len(packet.data)
        with self._lock:
            full = self._bytes + size > self._most_bytes or len(self._waiting) >= MOST_ITEMS
            if self._skipping and packet.is_keyframe:
                self._skipping = full or self._bytes > self._most_bytes // 2
            if full or self._skipping:
                self._skipping = True
                self._left_out += 1
                return
            if self._left_out:
                self._waiting.append(_Dropped(packets=self._left_out))
                self._left_out = 0
            self._waiting.append((info, packet.bare()))
            self._bytes += size
            pressing = self._bytes > self._most_bytes // 2
        if pressing:
            self._urge.set()

    def lost(self, cause: str) -> None:
        """See `PacketTap`."""
        with self._lock:
            if not (self._waiting and isinstance(self._waiting[-1], _Lost)):
                self._waiting.append(_Lost(detail=cause, at_us=to_us(self._clock.now())))

    def work(self) -> int:
        """Write what waits; returns how many items that were."""
        count = 0
        while True:
            with self._lock:
                if not self._waiting:
                    break
                item = self._waiting.popleft()
                if isinstance(item, tuple):
                    self._bytes -= len(item[1].data)
            self._deal(item)
            count += 1
        self._reel.tick()
        return count

    def footage(self, begin_us: int, end_us: int) -> Sequence[tuple[Path, int]]:
        """Files of late with what was taken between two times, and the UTC of their first pictures.

        The last one may still be written. From any thread.
        """
        return [
            (path, started_us)
            for path, started_us, ended_us in self._reel.recent
            if started_us < end_us and ended_us > begin_us
        ]

    def close(self) -> None:
        """Write what waits, and complete the segment."""
        self.work()
        if self._left_out:
            self._reel.dropped(self._left_out)
        self._reel.close(to_us(self._clock.now()))

    def _deal(self, item: _Item) -> None:
        if isinstance(item, _Lost):
            self._reel.lost(GapCause.CAMERA_LOST, item.detail, item.at_us)
        elif isinstance(item, _Dropped):
            self._reel.dropped(item.packets)
        else:
            self._reel.packet(*item)


class RecordingDesk:
    """The thread that writes for all cameras of a process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._urge = threading.Event()
        self._stopped = False
        self._turning = threading.Lock()
        self._recorders: list[Recorder] = []
        self._thread = threading.Thread(target=self._serve, name="recording", daemon=True)

    @property
    def recorders(self) -> Sequence[Recorder]:
        return tuple(self._recorders)

    def add(self, reel: Reel, *, most_bytes: int = MOST_BYTES) -> Recorder:
        """One more camera; its tap."""
        recorder = Recorder(reel, clock=self._clock, most_bytes=most_bytes, urge=self._urge)
        self._recorders = [*self._recorders, recorder]
        return recorder

    def remove(self, recorder: Recorder) -> None:
        """Complete what a camera has recorded, and forget it; its tap is not called any more."""
        with self._turning:
            self._recorders = [each for each in self._recorders if each is not recorder]
        with guarded(f"recording of {recorder.camera_id}"):
            recorder.close()

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def turn(self) -> int:
        """Write once for every camera; a defect of one hurts no other. Returns how many items."""
        count = 0
        with self._turning:
            for recorder in self._recorders:
                with guarded(f"recording of {recorder.camera_id}"):
                    count += recorder.work()
        return count

    def close(self) -> None:
        """Write what waits, complete every segment, and end the thread."""
        self._stopped = True
        self._urge.set()
        if self._thread.ident is not None:
            self._thread.join()
        for recorder in self._recorders:
            with guarded(f"recording of {recorder.camera_id}"):
                recorder.close()

    def _serve(self) -> None:
        while not self._stopped:
            self.turn()
            self._clock.wait(self._urge, TURN_S)
            if not self._stopped:
                self._urge.clear()
