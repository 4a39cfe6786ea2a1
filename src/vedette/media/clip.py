"""Event clips by packet copy: appended while the event lasts, made playable at the end.

While a clip is open its packets go into a *part file* that survives a crash (see `part.py`), with a
fragment every half second. `finish` writes a plain MP4 whose index stands first, so that a browser
can start at once; the media goes over within the kernel. See docs/adr/0006 and 0025.
"""

import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import StorageFailed
from vedette.contracts.packet import AudioInfo, Packet, StreamInfo
from vedette.contracts.sink import NewArtifact
from vedette.media.mux import MKV, MP4, NoPicture, open_written
from vedette.media.part import Part
from vedette.media.playable import Lead, make_playable
from vedette.media.timing import US

log = logging.getLogger(__name__)

FRAGMENT_US = 500_000
"""What a crash may cost of a clip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A finished clip."""

    path: Path
    extension: str
    media_type: str
    codec: str
    width: int
    height: int
    start_us: int
    """UTC of its first picture."""
    duration_s: float
    packets: int
    intervals: tuple[tuple[int, int], ...]
    """Begin and end (UTC, µs) of each unbroken stretch; more than one where the camera was lost
    in between."""
    end_reason: str
    """`finished`, `max_length`, `format_changed`, `storage_failed`, or `repaired` (a crash)."""

    def artifact(self) -> NewArtifact:
        """The clip on its way to the artifact store; its file is moved when it is kept."""
        return NewArtifact(
            kind=ArtifactKind.CLIP,
            revision=1,
            extension=self.extension,
            media_type=self.media_type,
            started_us=self.start_us,
            duration_s=self.duration_s,
            width=self.width,
            height=self.height,
            file=self.path,
        )


def same_format(one: StreamInfo, other: StreamInfo) -> bool:
    """True where packets of both can stand in one clip."""
    if one is other:
        return True
    return (
        (one.codec, one.width, one.height, one.time_base)
        == (other.codec, other.width, other.height, other.time_base)
        and _extradata(one) == _extradata(other)
        and _same_sound(one.audio, other.audio)
    )


def _same_sound(one: AudioInfo | None, other: AudioInfo | None) -> bool:
    """True where they are the same, or one of them is silent."""
    if one is None or other is None:
        return True
    return (one.codec, one.sample_rate, one.channels, one.time_base) == (
        other.codec,
        other.sample_rate,
        other.channels,
        other.time_base,
    )


def _extradata(info: StreamInfo) -> bytes:
    return bytes(info.template.codec_context.extradata or b"")


class ClipWriter:
    """One clip in the making. Belongs to the camera's thread.

    The first packets are the pre-roll (`PacketRing.cut`); everything before the first keyframe is
    left out.
    """

    def __init__(self, part: Path, info: StreamInfo, *, max_s: float = 300.0) -> None:
        """Nothing is written before the first packet.

        Args:
            part: where to write; its folder exists. `repair` finishes it after a crash.
            info: format of the packets.
            max_s: longest clip.
        """
        self.part = part
        self.ended: str | None = None
        """Why it takes no more packets; None while it does."""
        self._info = info
        self._current = info
        self._max_us = round(max_s * US)
        self._file: Part | None = None
        self._closed = False
        self._intervals: list[tuple[int, int]] = []

    @property
    def packets(self) -> int:
        """Of video, written so far."""
        return self._file.packets if self._file else 0

    @property
    def start_us(self) -> int | None:
        """UTC of the first picture; None before it."""
        return self._file.start_us if self._file else None

    @property
    def end_us(self) -> int | None:
        """UTC of the end of the last picture; None before the first."""
        return self._file.end_us if self._file else None

    def extend(self, info: StreamInfo, packets: Iterable[Packet]) -> bool:
        """`add` each packet; False as soon as the clip takes no more."""
        return all(self.add(info, packet) for packet in packets)

    def add(self, info: StreamInfo, packet: Packet) -> bool:
        """Append a packet; False when the clip takes no more (see `ended`).

        Packets of another opening of the same camera are taken when the format is the same: the
        clip then shows the last picture during the gap.

        Raises:
            StorageFailed: it cannot be written (disk full ...); what was written stays readable.
        """
        if self.ended is not None:
            return False
        if self._file is None:
            if not packet.is_keyframe:
                return True
            self._begin(info, packet)
        elif info is not self._current and not self._resume(info, packet):
            return self.ended is None
        return self._write(self._begun(), packet)

    def finish(
        self, target: Path, *, lead: Sequence[Lead] = (), from_us: int | None = None
    ) -> Clip | None:
        """Make the clip playable and remove the part file; None where it holds no picture.

        Args:
            target: path without the extension, which follows from the codec.
            lead: recorded files with what came before the first packet.
            from_us: where the clip is to begin then.
        Raises:
            StorageFailed: it cannot be written; the part file stays, for `repair`.
        """
        self.ended = self.ended or "finished"
        file = self._file
        if file is None:
            return None
        self._close(file)
        path = target.with_name(target.name + file.wrap.extension)
        done = make_playable(self.part, path, file.start_us, lead, from_us)
        start_us, count, end_us = done.start_us, done.packets, file.end_us
        if done.end_us < file.end_us - US // 10:  # the disk was full: the end is not there
            end_us = done.end_us
        self._intervals[0] = (start_us, self._intervals[0][1])
        self.part.unlink(missing_ok=True)
        return Clip(
            path=path,
            extension=file.wrap.extension,
            media_type=file.wrap.media_type,
            codec=self._info.codec,
            width=self._info.width,
            height=self._info.height,
            start_us=start_us,
            duration_s=(end_us - start_us) / US,
            packets=count,
            intervals=(*self._intervals[:-1], (self._intervals[-1][0], end_us)),
            end_reason=self.ended,
        )

    def abandon(self) -> None:
        """Give up and remove what was written."""
        self.ended = self.ended or "abandoned"
        if self._file is not None:
            self._close(self._file)
        self.part.unlink(missing_ok=True)

    def _close(self, file: Part) -> None:
        """Write what the muxer holds; where that fails, the fragments before it stay good."""
        if self._closed:
            return
        self._closed = True
        try:
            file.close()
        except StorageFailed as error:
            self.ended = "storage_failed"
            log.warning("%s; the clip ends before that", error)

    def _begin(self, info: StreamInfo, packet: Packet) -> None:
        self._info = self._current = info
        self._file = Part(self.part, info, start_us=packet.at_us, fragment_us=FRAGMENT_US)
        self._intervals.append((packet.at_us, packet.at_us))

    def _begun(self) -> Part:
        if self._file is None:
            raise StorageFailed(f"the clip {self.part} has not begun")
        return self._file

    def _resume(self, info: StreamInfo, packet: Packet) -> bool:
        """Go on after a reconnect: at the first keyframe, and at the right distance in time."""
        if not same_format(info, self._info):
            self.ended = "format_changed"
            return False
        if not packet.is_keyframe:
            return False
        self._current = info
        self._intervals[-1] = (self._intervals[-1][0], self._begun().end_us)
        self._intervals.append((packet.at_us, packet.at_us))
        return True

    def _write(self, file: Part, packet: Packet) -> bool:
        if packet.at_us - file.start_us >= self._max_us:
            if not packet.is_audio:  # sound runs ahead of the pictures at times
                self.ended = "max_length"
            return packet.is_audio
        try:
            file.add(self._info, packet)
        except StorageFailed:
            self.ended = "storage_failed"
            raise
        return True


def repair(part: Path, target: Path) -> Clip | None:
    """Finish a part file that a crash left behind, and remove it.

    Args:
        part: as given to `ClipWriter`, or a clip that was finished but not yet kept.
        target: path of the clip without the extension.
    Returns:
        The clip; None where the part holds no whole picture (it is removed all the same).
    Raises:
        StorageFailed: the clip cannot be written; the part file stays.
    """
    try:
        return _repaired(part, target)
    except NoPicture as error:
        log.warning("%s; nothing of this clip can be saved", error)
        part.unlink(missing_ok=True)
        return None
    except OSError as error:
        raise StorageFailed(f"{target} could not be written: {error.strerror}") from error


def _repaired(part: Path, target: Path) -> Clip:
    reader = open_written(part)
    with reader.container:
        info, start_us = reader.info, start_of(reader.note)
        wrap = MP4 if "mp4" in reader.container.format.name else MKV
        frames, ticks = reader.video.frames, reader.video.duration
    path = target.with_name(target.name + wrap.extension)
    if wrap is MP4 and frames:  # fragments are not counted in front: this one is finished
        os.replace(part, path)
        count, duration_us = frames, round(ticks * info.time_base * US)
    else:
        done = make_playable(part, path, start_us)
        count, duration_us = done.packets, done.end_us - start_us
        part.unlink(missing_ok=True)
    return Clip(
        path=path,
        extension=wrap.extension,
        media_type=wrap.media_type,
        codec=info.codec,
        width=info.width,
        height=info.height,
        start_us=start_us,
        duration_s=duration_us / US,
        packets=count,
        intervals=((start_us, start_us + duration_us),),
        end_reason="repaired",
    )


def start_of(note: str) -> int:
    """UTC of the first picture, as a part's comment has it; 0 where it does not say."""
    digits = note.removeprefix("start_us=")
    return int(digits) if digits.isdigit() else 0
