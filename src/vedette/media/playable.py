"""Makes the playable file of a clip: the part's media under one index, or copied into Matroska."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vedette.contracts.errors import NotFound, StorageFailed
from vedette.media.compose import Piece, compose
from vedette.media.fragments import read_fragments
from vedette.media.movie import Movie
from vedette.media.mux import MKV, MP4, MUTE_MKV, Muxer, NoPicture, open_written
from vedette.media.part import nominal_ticks
from vedette.media.timing import US, Lengths

log = logging.getLogger(__name__)

_FOR_EVER_US = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A recorded file, complete or in the making."""

    path: Path
    started_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Playable:
    """What a playable file holds."""

    packets: int
    """Of video."""
    start_us: int
    end_us: int


def make_playable(
    part: Path,
    path: Path,
    start_us: int,
    lead: Sequence[Lead] = (),
    from_us: int | None = None,
) -> Playable:
    """Write the playable file and bring it to the disk.

    Raises:
        NoPicture: there is not one whole picture.
        StorageFailed: it cannot be written; nothing is left of it.
    """
    try:
        if path.suffix == MP4.extension:
            return _index(part, path, start_us, lead, start_us if from_us is None else from_us)
        return _copy(part, path, start_us)
    except StorageFailed:
        path.unlink(missing_ok=True)
        raise


def _index(part: Path, path: Path, start_us: int, lead: Sequence[Lead], from_us: int) -> Playable:
    """Give the fragments one index, in front."""
    own = Piece(fragments=read_fragments(part), started_us=start_us)
    film = compose([*_led(lead), own], from_us, _FOR_EVER_US)
    if lead and (film is None or film.next_us is not None):  # of another format: without it
        film = compose([own], start_us, _FOR_EVER_US)
    if film is None:
        raise NoPicture(f"{part} holds no whole picture")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
        try:
            Movie(film.lines).write(handle)
            os.fsync(handle)
        finally:
            os.close(handle)
    except (OSError, NotFound) as error:
        why = getattr(error, "strerror", None) or error
        raise StorageFailed(f"{path} could not be written: {why}") from error
    count = sum(len(stretch.samples) for stretch in film.lines[0].stretches)
    return Playable(packets=count, start_us=film.intervals[0][0], end_us=film.intervals[-1][1])


def _led(lead: Sequence[Lead]) -> list[Piece]:
    """Recorded files that can be read, as far as they are written."""
    found = []
    for one in lead:
        try:
            piece = Piece(fragments=read_fragments(one.path), started_us=one.started_us)
        except StorageFailed as error:
            log.info("a clip begins later, because %s", error)
            continue
        found.append(piece)
    return found


def _copy(part: Path, path: Path, start_us: int) -> Playable:
    """Copy all packets of Matroska into a file with an index."""
    reader = open_written(part)
    with reader.container:
        info = reader.info
        wrap = MKV if info.audio else MUTE_MKV
        muxer: Muxer | None = None
        lengths = Lengths(nominal_ticks(info))
        count, end, base = 0, 0, 0
        for packet in reader.packets():
            if muxer is None:
                muxer = Muxer(path, info, wrap, options={})
                base = packet.pts
            pts, dts = packet.pts - base, packet.dts - base
            if packet.is_audio:
                muxer.write(packet, pts=pts, dts=dts)
                continue
            duration = lengths.of(packet)
            muxer.write(packet, pts=pts, dts=dts, duration=duration)
            count += 1
            end = max(end, pts + duration)
        if muxer is None:
            raise NoPicture(f"{part} holds no whole picture")
        muxer.close()
    _sync(path)
    end_us = start_us + int(end * info.time_base * US)
    return Playable(packets=count, start_us=start_us, end_us=end_us)


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
