"""One file of a recording: hashed while it is written, on the disk when it is closed."""

import hashlib
import logging
import os
from pathlib import Path

from vedette.contracts.errors import StorageFailed
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.recording import Written
from vedette.media.clip import same_format
from vedette.media.fragments import read_fragments
from vedette.media.mux import MKV, MP4, NoPicture, open_written, wrap_for
from vedette.media.part import Part, nominal_ticks
from vedette.media.timing import US, Lengths

log = logging.getLogger(__name__)

FRAGMENT_US = 1_000_000
"""What a crash may cost of a recording."""
_PIECE = 1024 * 1024


class _Hashed:
    """Appends to a new file, and hashes what it appends."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        try:
            self.handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        except OSError as error:
            raise StorageFailed(f"{path} could not be made: {error.strerror}") from error
        self.size = 0
        self.state = hashlib.sha256()

    def write(self, data: bytes) -> int:
        left = memoryview(data)
        while left:
            written = os.write(self.handle, left)
            self.state.update(left[:written])
            self.size += written
            left = left[written:]
        return len(data)


class SegmentWriter:
    """The port `SegmentFile`. Belongs to one thread."""

    def __init__(self, path: Path, info: StreamInfo, start_us: int) -> None:
        """Make the file.

        Raises:
            StorageFailed: it cannot be made.
        """
        self.path = path
        wrap = wrap_for(info)
        self.extension = wrap.extension
        self._info = info
        self._hashed = _Hashed(path) if wrap.fragments else None  # Matroska goes back to its head
        self._part = Part(self._hashed or path, info, start_us=start_us, fragment_us=FRAGMENT_US)

    @property
    def start_us(self) -> int:
        return self._part.start_us

    @property
    def end_us(self) -> int:
        return self._part.end_us

    def takes(self, info: StreamInfo) -> bool:
        """See `SegmentFile`."""
        return same_format(info, self._info)

    def add(self, info: StreamInfo, packet: Packet) -> None:
        """See `SegmentFile`."""
        self._part.add(info, packet)

    def close(self) -> Written | None:
        """See `SegmentFile`."""
        whole = True
        try:
            self._part.close()
        except StorageFailed as error:
            log.warning("%s; what was written before is kept", error)
            whole = False
        hashed = self._hashed
        if hashed is None:
            return mend(self.path, self.start_us)
        try:
            os.fsync(hashed.handle)
        except OSError as error:
            raise StorageFailed(f"{self.path} could not be written: {error.strerror}") from error
        finally:
            os.close(hashed.handle)
        if not whole or self._part.packets == 0:
            return mend(self.path, self.start_us)
        return Written(
            started_us=self.start_us,
            ended_us=self.end_us,
            media_type=self._part.wrap.media_type,
            codec=self._info.codec,
            width=self._info.width,
            height=self._info.height,
            packets=self._part.packets,
            size_bytes=hashed.size,
            sha256=hashed.state.hexdigest(),
            has_audio=self._part.sound > 0,
        )


def mend(path: Path, start_us: int) -> Written | None:
    """Cut a file that a crash left behind to what is whole, in place (see `recording.port.Mend`).

    Raises:
        StorageFailed: it cannot be written now.
    """
    try:
        reader = open_written(path)
        with reader.container:
            info, fragmented = reader.info, reader.container.format.name.startswith("mov")
        packets, end_us, sound = (_cut if fragmented else _count)(path, start_us)
    except NoPicture as error:
        log.warning("%s; nothing of this recording can be saved", error)
        path.unlink(missing_ok=True)
        return None
    size, sha256 = _synced(path)
    wrap = MP4 if fragmented else MKV
    return Written(
        started_us=start_us,
        ended_us=end_us,
        media_type=wrap.media_type,
        codec=info.codec,
        width=info.width,
        height=info.height,
        packets=packets,
        size_bytes=size,
        sha256=sha256,
        has_audio=sound,
    )


def _cut(path: Path, start_us: int) -> tuple[int, int, bool]:
    """Leave only whole fragments; number of pictures, end, whether there is sound."""
    found = read_fragments(path)
    video = found.video
    try:
        os.truncate(path, found.whole_bytes)
    except OSError as error:
        raise StorageFailed(f"{path} could not be mended: {error.strerror}") from error
    ticks = int((video.pts + video.ticks).max()) - found.zero
    return len(video), start_us + ticks * US // video.timescale, found.audio is not None


def _count(path: Path, start_us: int) -> tuple[int, int, bool]:
    """The same for Matroska, whose readers leave a torn end out."""
    reader = open_written(path)
    with reader.container:
        base, count, end, sound = None, 0, 0, False
        lengths = Lengths(nominal_ticks(reader.info))
        for packet in reader.packets():
            sound = sound or packet.is_audio
            if not packet.is_audio:
                base = packet.pts if base is None else base
                count += 1
                end = max(end, packet.pts - base + lengths.of(packet))
        if not count:
            raise NoPicture(f"{path} holds no whole picture")
        return count, start_us + int(end * reader.info.time_base * US), sound


def _synced(path: Path) -> tuple[int, str]:
    """Bring it to the disk; its size and SHA-256."""
    state, size = hashlib.sha256(), 0
    try:
        handle = os.open(path, os.O_RDWR)
        try:
            os.fsync(handle)
            while piece := os.pread(handle, _PIECE, size):
                state.update(piece)
                size += len(piece)
        finally:
            os.close(handle)
    except OSError as error:
        raise StorageFailed(f"{path} could not be mended: {error.strerror}") from error
    return size, state.hexdigest()
