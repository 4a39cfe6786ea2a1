"""Cuts one camera's packets into segments, and tells the gaps. Belongs to the writing thread.

Order of writing (see docs/adr/0024): a temporary name, fsync, rename, fsync of the folder, and only
then the sink is told, which inserts the row.
"""

import errno
import logging
import random
from dataclasses import dataclass, field
from pathlib import Path

from vedette.blobs.port import Blobs
from vedette.contracts.errors import StorageFailed
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.recording import Written
from vedette.contracts.sink import GapCause, NewSegment, RecordingGap, SegmentSink
from vedette.kit.clock import Clock
from vedette.kit.supervise import backoff_s
from vedette.recording.names import SegmentName
from vedette.recording.port import NewFile, SegmentFile

log = logging.getLogger(__name__)

LATE_SOUND_US = 500_000
"""Sound may come this much after the pictures that it belongs to."""
HOLE_US = 3_000_000
"""Pictures that are further apart than this, and than three times the usual, leave a gap."""
IDLE_S = 10.0
"""A camera that sends nothing for this long has its segment closed."""
LONGEST_FACTOR, LONGEST_EXTRA_US = 2, 60_000_000
"""A segment ends at a keyframe; without one, at the latest after this."""
RECENT = 32
"""Files that are remembered for clips."""
FOR_EVER_US = 2**62
SAME_MOMENT = 1000
"""How often the same moment can be recorded (a file played again)."""
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPlan:
    """What is recorded of a camera, and where."""

    site_id: str
    camera_id: str
    segment_us: int
    live: bool = True
    """The camera's time is the wall clock's; False for files."""
    run: str = "main"
    """Name of the process that records: its files in the making lie apart from others'."""


@dataclass(slots=True, kw_only=True)
class RecorderCounts:
    """Since the start; written by one thread, read by any."""

    segments: int = 0
    bytes: int = 0
    failures: int = 0
    """Segments that could not be written, or not wholly."""
    dropped: int = 0
    """Packets that were left out because the disk could not keep up."""
    gaps: int = 0
    last_end_us: int = -1
    """End of what is recorded; -1 before the first."""


@dataclass(slots=True, kw_only=True)
class Reel:
    """Packets in, files and gaps out."""

    plan: RecordPlan
    blobs: Blobs
    new_file: NewFile
    sink: SegmentSink
    clock: Clock
    counts: RecorderCounts = field(default_factory=RecorderCounts)
    recent: tuple[tuple[Path, int, int], ...] = ()
    """The latest files with begin and end, the one in the making last; read by any thread."""
    _open: SegmentFile | None = None
    _late: SegmentFile | None = None
    """The segment before, which waits for its last sound."""
    _info: StreamInfo | None = None
    _gap: RecordingGap | None = None
    _cut: bool = False
    """Begin a new segment at the next keyframe, whatever the length of this one."""
    _end_us: int = -1
    """End of the last picture that came; -1 before the first."""
    _last_us: int = -1
    _usual_us: int = 0
    _heard_s: float = 0.0
    _failures: int = 0
    _retry_s: float = 0.0
    _chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311

    def packet(self, info: StreamInfo, packet: Packet) -> None:
        """Record one packet. Never raises for the disk: that becomes a gap."""
        self._heard_s = self.clock.monotonic()
        if packet.is_audio:
            self._sound(info, packet)
            return
        if self._late is not None and packet.at_us - self._late.end_us > LATE_SOUND_US:
            self._finish_late()
        self._look_for_hole(packet)
        if packet.is_keyframe and self._wants_cut(info, packet):
            self._begin(info, packet)
        elif self._open is not None and not self._fits(info, packet):
            self._finish_open()
        if self._open is not None:
            self._add(self._open, info, packet)
        if self._open is not None:
            self._end_us = self._open.end_us

    def lost(self, cause: GapCause, detail: str, at_us: int) -> None:
        """No packets come: close the segment, and begin a gap.

        Args:
            at_us: when that was noticed (UTC); used where nothing has been recorded yet.
        """
        self._finish_open()
        self._finish_late()
        self._last_us = -1
        if self._end_us >= 0:
            self._begin_gap(cause, detail, self._end_us)
        elif self.plan.live:
            self._begin_gap(cause, detail, at_us)

    def dropped(self, packets: int) -> None:
        """Packets were left out because this thread could not keep up."""
        self.counts.dropped += packets
        self._finish_open()
        self._finish_late()
        if self._end_us >= 0:
            words = "the disk could not keep up with the cameras"
            self._begin_gap(GapCause.WRITE_FAILED, words, self._end_us)

    def tick(self) -> None:
        """Called now and then: a camera that is silent has its segment closed."""
        if self._open is None and self._late is None:
            return
        if self.clock.monotonic() - self._heard_s <= IDLE_S + 3 * self._usual_us / 1e6:
            return
        if self.plan.live:
            self.lost(GapCause.CAMERA_LOST, "the camera sends nothing", 0)
        else:  # the film is over
            self._finish_open()
            self._finish_late()

    def close(self, at_us: int) -> None:
        """Complete what is open; an open gap ends here, and the next one begins."""
        self._finish_open()
        self._finish_late()
        if self._gap is not None and self.plan.live:
            self._end_gap(at_us)

    def _sound(self, info: StreamInfo, packet: Packet) -> None:
        if self._late is not None and self._open is not None:
            if packet.at_us < self._open.start_us:
                self._add(self._late, info, packet)
                return
            self._finish_late()
        if self._open is not None:
            self._add(self._open, info, packet)

    def _look_for_hole(self, packet: Packet) -> None:
        """Pictures are missing in between: note it, and cut soon."""
        apart = packet.at_us - self._last_us
        if self._last_us >= 0 and self._open is not None:
            if apart > max(HOLE_US, 3 * self._usual_us):
                words = f"the camera sent nothing for {apart / 1e6:.1f} s"
                self._begin_gap(GapCause.CAMERA_LOST, words, self._end_us)
                self._end_gap(packet.at_us)
                self._cut = True
            self._usual_us = max(0, apart)
        self._last_us = packet.at_us

    def _wants_cut(self, info: StreamInfo, packet: Packet) -> bool:
        """At this keyframe?"""
        if self._open is None:
            return self.clock.monotonic() >= self._retry_s
        full = packet.at_us - self._open.start_us >= self.plan.segment_us
        behind = packet.at_us < self._open.end_us - self.plan.segment_us  # time was set back
        return full or behind or self._cut or info is not self._info

    def _fits(self, info: StreamInfo, packet: Packet) -> bool:
        """False where the open segment cannot take this picture, and no keyframe is here."""
        if self._open is None:
            return False
        if info is not self._info:
            if not self._open.takes(info):
                return False
            self._info = info
        longest = self.plan.segment_us * LONGEST_FACTOR + LONGEST_EXTRA_US
        if packet.at_us - self._open.start_us < longest:
            return True
        words = f"the camera sends no keyframe for {longest // 1_000_000} s"
        self._begin_gap(GapCause.WRITE_FAILED, words, self._end_us)
        return False

    def _begin(self, info: StreamInfo, packet: Packet) -> None:
        self._finish_late()
        self._late, self._open = self._open, None
        if info.audio is None or (self._late and not self._late.takes(info)):
            self._finish_late()
        self._cut = False
        self._info = info
        part = f"{self.plan.run}/{self._name(packet.at_us, '').part()}"
        try:
            self._open = self.new_file(self.blobs.temporary(part), info, packet.at_us)
        except StorageFailed as error:
            self._failed(error, self._end_us if self._end_us >= 0 else packet.at_us)
            return
        self._remember(self._open.path, packet.at_us, FOR_EVER_US)
        if self._gap is not None:
            self._end_gap(packet.at_us)

    def _remember(self, path: Path, started_us: int, ended_us: int) -> None:
        """One more file of late, in place of what it was while it was made."""
        others = [each for each in self.recent if each[1] != started_us]
        self.recent = (*others[-RECENT:], (path, started_us, ended_us))

    def _name(self, start_us: int, extension: str) -> SegmentName:
        return SegmentName(
            site_id=self.plan.site_id,
            camera_id=self.plan.camera_id,
            started_us=start_us,
            extension=extension,
        )

    def _add(self, file: SegmentFile, info: StreamInfo, packet: Packet) -> None:
        try:
            file.add(info, packet)
        except StorageFailed as error:
            if file is self._late:
                self._finish_late()
                return
            self._finish_open()
            self._failed(error, self._end_us)

    def _failed(self, error: StorageFailed, began_us: int) -> None:
        """The disk refused: a gap begins, and the next try is a while away."""
        self._failures += 1
        pause_s = backoff_s(self._failures, self._chance, base_s=0.5)
        self._retry_s = self.clock.monotonic() + pause_s
        self.counts.failures += 1
        log.error("%s is not recorded: %s", self.plan.camera_id, error)
        cause = GapCause.DISK_FULL if is_full(error) else GapCause.WRITE_FAILED
        self._begin_gap(cause, str(error), began_us)

    def _finish_open(self) -> None:
        file, self._open = self._open, None
        if file is not None:
            self._end_us = self._finish(file)

    def _finish_late(self) -> None:
        file, self._late = self._late, None
        if file is not None:
            self._finish(file)

    def _finish(self, file: SegmentFile) -> int:
        """Complete a file; until when there is a recording."""
        try:
            written = file.close()
            if written is None:
                return file.start_us
            path = self._keep(file.path, written, file.extension)
        except StorageFailed as error:
            self._failed(error, file.start_us)
            return file.start_us
        self._failures = 0
        self.counts.segments += 1
        self.counts.bytes += written.size_bytes
        self.counts.last_end_us = max(self.counts.last_end_us, written.ended_us)
        self._remember(self.blobs.local_path(path), written.started_us, written.ended_us)
        self._tell(new_segment(self.plan.camera_id, path, written))
        return written.ended_us

    def _keep(self, part: Path, written: Written, extension: str) -> str:
        """Rename the finished file; its path."""
        return keep(self.blobs, self._name(written.started_us, extension), part)

    def _begin_gap(self, cause: GapCause, detail: str, began_us: int) -> None:
        if self._gap is not None:
            return
        self.counts.gaps += 1
        self._tell_gap(
            RecordingGap(
                camera_id=self.plan.camera_id,
                began_us=began_us,
                ended_us=None,
                cause=cause,
                detail=detail,
            )
        )

    def _end_gap(self, at_us: int) -> None:
        gap = self._gap
        if gap is not None:
            self._tell_gap(
                RecordingGap(
                    camera_id=gap.camera_id,
                    began_us=gap.began_us,
                    ended_us=max(at_us, gap.began_us),
                    cause=gap.cause,
                    detail=gap.detail,
                )
            )
            self._gap = None

    def _tell_gap(self, gap: RecordingGap) -> None:
        self._gap = gap
        try:
            self.sink.gap(gap)
        except StorageFailed as error:
            log.error("a gap of %s is not noted: %s", gap.camera_id, error)

    def _tell(self, segment: NewSegment) -> None:
        try:
            self.sink.segment(segment)
        except StorageFailed as error:  # the next start finds the file and inserts its row
            log.error("the row of %s is missing until the next start: %s", segment.path, error)


def keep(blobs: Blobs, name: SegmentName, part: Path) -> str:
    """Rename a finished file to its place, never over another; its path.

    Raises:
        StorageFailed: it cannot be renamed, or the moment was recorded too often.
    """
    for number in range(1, SAME_MOMENT):
        path = SegmentName(
            site_id=name.site_id,
            camera_id=name.camera_id,
            started_us=name.started_us,
            extension=name.extension,
            number=number,
        ).path()
        if blobs.size(path) is None:
            blobs.place(path, part)
            return path
    raise StorageFailed(f"{part} is the recording of a moment that was recorded too often")


def new_segment(camera_id: str, path: str, written: Written) -> NewSegment:
    return NewSegment(
        camera_id=camera_id,
        started_us=written.started_us,
        ended_us=written.ended_us,
        path=path,
        media_type=written.media_type,
        codec=written.codec,
        width=written.width,
        height=written.height,
        packets=written.packets,
        size_bytes=written.size_bytes,
        sha256=written.sha256,
        has_audio=written.has_audio,
    )


def is_full(error: BaseException) -> bool:
    """True where the disk, or a quota, is full."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in FULL
