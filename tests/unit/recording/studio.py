"""A recorder with real files and a clock that stands still; the rows end up in lists."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.servers.av_packets import Footage, numbers_of
from vedette.blobs.local import LocalBlobs
from vedette.contracts.errors import StorageFailed
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.sink import NewSegment, RecordingGap
from vedette.media.segment import SegmentWriter
from vedette.recording.port import NewFile
from vedette.recording.recorder import MOST_BYTES, Recorder, RecordingDesk
from vedette.recording.reel import RecordPlan, Reel
from vedette.testing.fakes import FakeClock

SECOND = 1_000_000


@dataclass(slots=True)
class RowSink:
    """A `SegmentSink` in memory."""

    segments: list[NewSegment] = field(default_factory=list)
    gaps: list[RecordingGap] = field(default_factory=list)
    refuses: bool = False

    def segment(self, segment: NewSegment) -> None:
        self._demand_open()
        self.segments.append(segment)

    def gap(self, gap: RecordingGap) -> None:
        self._demand_open()
        self.gaps.append(gap)

    def _demand_open(self) -> None:
        if self.refuses:
            raise StorageFailed("the product is stopping")

    @property
    def gap_rows(self) -> list[RecordingGap]:
        """The latest word on each gap."""
        return list({gap.began_us: gap for gap in self.gaps}.values())


class Studio:
    """One camera that is recorded."""

    def __init__(
        self,
        folder: Path,
        *,
        segment_s: float = 2.0,
        live: bool = True,
        most_bytes: int = MOST_BYTES,
        new_file: NewFile = SegmentWriter,
    ) -> None:
        self.clock = FakeClock()
        self.blobs = LocalBlobs(folder)
        self.sink = RowSink()
        self.desk = RecordingDesk(self.clock)
        plan = RecordPlan(
            site_id="home", camera_id="yard", segment_us=round(segment_s * SECOND), live=live
        )
        self.recorder: Recorder = self.desk.add(
            Reel(
                plan=plan,
                blobs=self.blobs,
                new_file=new_file,
                sink=self.sink,
                clock=self.clock,
            ),
            most_bytes=most_bytes,
        )

    def play(self, footage: Footage, packets: Iterable[Packet] | None = None) -> None:
        """Give it packets, and let it write each at once."""
        for packet in footage.packets if packets is None else packets:
            self.give(footage.info, packet)

    def give(self, info: StreamInfo, packet: Packet) -> None:
        self.recorder.packet(info, packet)
        self.desk.turn()

    def file(self, number: int) -> Path:
        """The file of a segment."""
        return self.blobs.local_path(self.sink.segments[number].path)

    def shown(self) -> list[list[int]]:
        """The numbers of the pictures, segment by segment."""
        return [numbers_of(str(self.file(n))) for n in range(len(self.sink.segments))]

    @property
    def left_over(self) -> list[str]:
        """What lies in the folder of files in the making."""
        return sorted(path.name for path in self.blobs.left_over())


def moved(packet: Packet, seconds: float) -> Packet:
    """The same, later in the world but not in its own ticks."""
    return replace(packet, at_us=packet.at_us + round(seconds * SECOND))
