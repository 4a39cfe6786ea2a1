"""Event clips by packet copy: appended while the event lasts, made playable at the end.

While a clip is open its packets go into a *part file* that survives a crash: fragmented MP4 (a
fragment every half second), or Matroska where MP4 refuses the codec. `finish` copies them into a
plain MP4 whose index stands first, so that a browser can start at once. See docs/adr/0006.
"""

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import StorageFailed
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.sink import NewArtifact
from vedette.media.mux import MKV, MP4, Muxer, Reader, Wrap, open_written, wrap_for

log = logging.getLogger(__name__)

US = 1_000_000

_PART_OPTIONS = {
    "mp4": {
        "movflags": "+frag_keyframe+empty_moov+default_base_moof",
        "frag_duration": "500000",
        "flush_packets": "1",
    },
    "matroska": {"cluster_time_limit": "500", "flush_packets": "1"},
}
_FINAL_OPTIONS = {"mp4": {"movflags": "+faststart"}, "matroska": {}}


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
    ) and _extradata(one) == _extradata(other)


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
        self.packets = 0
        self._info = info
        self._current = info
        self._wrap = wrap_for(info)
        self._max_us = round(max_s * US)
        self._muxer: Muxer | None = None
        self._shift = 0
        self._last_dts = -1
        self._nominal = _nominal_ticks(info)
        self._start_us = 0
        self._end_us = 0
        self._intervals: list[tuple[int, int]] = []

    @property
    def start_us(self) -> int | None:
        """UTC of the first picture; None before it."""
        return self._start_us if self.packets else None

    @property
    def end_us(self) -> int | None:
        """UTC of the end of the last picture; None before the first."""
        return self._end_us if self.packets else None

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
        if self.packets == 0:
            if not packet.is_keyframe:
                return True
            self._begin(info, packet)
        elif info is not self._current and not self._resume(info, packet):
            return self.ended is None
        if packet.at_us < self._start_us:  # shown before the first keyframe, and depends on others
            return True
        if packet.at_us - self._start_us >= self._max_us:
            self.ended = "max_length"
            return False
        self._write(packet)
        return True

    def finish(self, target: Path) -> Clip | None:
        """Make the clip playable and remove the part file; None where it holds no picture.

        Args:
            target: path without the extension, which follows from the codec.
        Raises:
            StorageFailed: it cannot be written; the part file stays, for `repair`.
        """
        self.ended = self.ended or "finished"
        if self._muxer is None:
            return None
        muxer, self._muxer = self._muxer, None
        muxer.close()
        path = target.with_name(target.name + self._wrap.extension)
        reader = open_written(self.part)
        # The part's own parameters: it may have turned start codes into lengths.
        info = replace(self._info, template=reader.stream)
        count, ticks = _copy(reader, path, info, self._wrap)
        if count < self.packets:  # the disk was full: the last fragment is not there
            self._end_us = self._start_us + int(ticks * info.time_base * US)
        _sync(path)
        self.part.unlink(missing_ok=True)
        return Clip(
            path=path,
            extension=self._wrap.extension,
            media_type=self._wrap.media_type,
            codec=self._info.codec,
            width=self._info.width,
            height=self._info.height,
            start_us=self._start_us,
            duration_s=(self._end_us - self._start_us) / US,
            packets=count,
            intervals=(*self._intervals[:-1], (self._intervals[-1][0], self._end_us)),
            end_reason=self.ended,
        )

    def abandon(self) -> None:
        """Give up and remove what was written."""
        self.ended = self.ended or "abandoned"
        muxer, self._muxer = self._muxer, None
        try:
            if muxer is not None:
                muxer.close()
        except StorageFailed as error:
            log.warning("%s", error)
        finally:
            self.part.unlink(missing_ok=True)

    def _begin(self, info: StreamInfo, packet: Packet) -> None:
        self._info = self._current = info
        self._wrap = wrap_for(info)
        self._muxer = Muxer(
            self.part,
            info,
            self._wrap,
            options=_PART_OPTIONS[self._wrap.format],
            note=f"start_us={packet.at_us}",
        )
        self._shift = -packet.pts
        self._start_us = packet.at_us
        self._intervals.append((packet.at_us, packet.at_us))

    def _resume(self, info: StreamInfo, packet: Packet) -> bool:
        """Go on after a reconnect: at the first keyframe, and at the right distance in time."""
        if not same_format(info, self._info):
            self.ended = "format_changed"
            return False
        if not packet.is_keyframe:
            return False
        self._current = info
        passed = packet.at_us - self._start_us
        ticks = passed * info.time_base.denominator // (info.time_base.numerator * US)
        self._shift = max(ticks, self._last_dts + 1 + packet.pts - packet.dts) - packet.pts
        self._intervals[-1] = (self._intervals[-1][0], self._end_us)
        self._intervals.append((packet.at_us, packet.at_us))
        return True

    def _write(self, packet: Packet) -> None:
        if self._muxer is None:
            return
        dts = packet.dts + self._shift
        if self.packets:
            dts = max(dts, self._last_dts + 1)
        pts = max(packet.pts + self._shift, dts)
        try:
            self._muxer.write(packet, pts=pts, dts=dts)
        except StorageFailed:
            self.ended = "storage_failed"
            raise
        self._last_dts = dts
        self.packets += 1
        ticks = packet.duration or self._nominal
        length_us = ceil(ticks * self._info.time_base * US)
        self._end_us = max(self._end_us, packet.at_us + length_us)


def repair(part: Path, target: Path) -> Clip | None:
    """Finish a part file that a crash left behind, and remove it.

    Args:
        part: as given to `ClipWriter`.
        target: path of the clip without the extension.
    Returns:
        The clip; None where the part holds no whole picture (it is removed all the same).
    Raises:
        StorageFailed: the clip cannot be written; the part file stays.
    """
    try:
        reader = open_written(part)
    except StorageFailed as error:
        log.warning("%s; nothing of this clip can be saved", error)
        part.unlink(missing_ok=True)
        return None
    mp4 = "mp4" in reader.container.format.name
    wrap = MP4 if mp4 else MKV
    info = _info_of(reader)
    path = target.with_name(target.name + wrap.extension)
    count, end = _copy(reader, path, info, wrap)
    if count == 0:
        part.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        return None
    _sync(path)
    part.unlink(missing_ok=True)
    start_us = _start_of(reader.note)
    duration_us = int(end * info.time_base * US)
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


def _copy(reader: Reader, path: Path, info: StreamInfo, wrap: Wrap) -> tuple[int, int]:
    """Copy all packets; returns how many, and the end of the last one in ticks of `info`."""
    muxer: Muxer | None = None
    count, end, base = 0, 0, 0
    scale = reader.time_base / info.time_base
    try:
        for packet in reader.packets():
            if muxer is None:
                muxer = Muxer(path, info, wrap, options=_FINAL_OPTIONS[wrap.format])
                base = packet.pts
            pts, dts = int((packet.pts - base) * scale), int((packet.dts - base) * scale)
            muxer.write(packet, pts=pts, dts=dts)
            count += 1
            end = max(end, pts + int(packet.duration * scale))
        if muxer is not None:
            muxer.close()
    except StorageFailed:
        path.unlink(missing_ok=True)
        raise
    finally:
        reader.container.close()
    return count, end


def _sync(path: Path) -> None:
    """The clip is on the disk before the part that it was made of goes."""
    try:
        handle = os.open(path, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise StorageFailed(f"the clip {path} cannot be written: {error.strerror}") from error


def _info_of(reader: Reader) -> StreamInfo:
    stream = reader.stream
    return StreamInfo(
        codec=stream.codec_context.codec.canonical_name,
        width=stream.width,
        height=stream.height,
        time_base=reader.time_base,
        frame_rate=float(stream.average_rate or 0),
        template=stream,
    )


def _start_of(note: str) -> int:
    digits = note.removeprefix("start_us=")
    return int(digits) if digits.isdigit() else 0


def _nominal_ticks(info: StreamInfo) -> int:
    rate = info.frame_rate if info.frame_rate > 0 else 25.0
    return max(1, round(1 / (rate * info.time_base)))
