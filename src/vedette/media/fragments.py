"""Finds every sample of a fragmented MP4 file that we wrote, also where a crash tore its end.

Boxes as in ISO/IEC 14496-12 (2022), sections 8.3 to 8.8. Only the heads are read, never the media.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vedette.contracts.errors import StorageFailed
from vedette.media.mux import NoPicture

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

UNTURNED = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
"""A matrix that leaves the picture as it is."""
_MOST_HEAD = 16 * 1024 * 1024
"""A head larger than this is not ours."""
_NOT_SYNC = 0x10000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Samples:
    """The samples of one track, in decoding order; every column has one row per sample."""

    is_audio: bool
    timescale: int
    """Ticks per second of `dts`, `shift` and `ticks`."""
    description: bytes
    """The box `stsd`: codec and its parameters."""
    size: tuple[int, int]
    """Width and height of the picture; 0, 0 for sound."""
    turn: bytes = UNTURNED
    """How the picture is to be turned: the matrix of the box `tkhd`."""
    at: I64
    """Offset in the file."""
    sizes: I64
    dts: I64
    shift: I64
    """PTS minus DTS."""
    ticks: I64
    """Duration."""
    keys: Bools

    def __len__(self) -> int:
        return len(self.at)

    @property
    def pts(self) -> I64:
        found: I64 = self.dts + self.shift
        return found

    def pick(self, which: slice | Bools) -> "Samples":
        """Only some of them."""
        return Samples(
            is_audio=self.is_audio,
            timescale=self.timescale,
            description=self.description,
            size=self.size,
            turn=self.turn,
            at=self.at[which],
            sizes=self.sizes[which],
            dts=self.dts[which],
            shift=self.shift[which],
            ticks=self.ticks[which],
            keys=self.keys[which],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fragments:
    """What a fragmented file holds."""

    path: Path
    video: Samples
    audio: Samples | None
    whole_bytes: int
    """End of the last whole fragment; what follows was torn."""
    note: str
    """The comment that the muxer was given."""

    @property
    def zero(self) -> int:
        """PTS of the first picture, in ticks of the video."""
        return int(self.video.pts[0])


def read_fragments(path: Path) -> Fragments:
    """Index a file, as far as it is whole.

    Raises:
        NoPicture: it holds no whole fragment with a picture.
        StorageFailed: it cannot be read, or is damaged.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read: {error.strerror}") from error
    try:
        return _Index(handle, path).read()
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read: {error.strerror}") from error
    except (struct.error, ValueError, IndexError, KeyError) as error:
        raise StorageFailed(f"{path} is damaged: its index cannot be read") from error
    finally:
        os.close(handle)


@dataclass(slots=True, kw_only=True)
class _Track:
    """What the head says of a track, and the runs of samples found so far."""

    is_audio: bool = False
    timescale: int = 1
    description: bytes = b""
    size: tuple[int, int] = (0, 0)
    turn: bytes = b""
    defaults: tuple[int, int, int] = (0, 0, 0)
    """Duration, size and flags of a sample that says nothing else."""
    columns: list[npt.NDArray[np.int64]] = field(default_factory=list)
    next_dts: int = 0

    def samples(self) -> Samples:
        rows = np.concatenate(self.columns, axis=1)
        at, sizes, dts, shift, ticks, keys = rows
        return Samples(
            is_audio=self.is_audio,
            timescale=self.timescale,
            description=self.description,
            size=self.size,
            turn=self.turn,
            at=at,
            sizes=sizes,
            dts=dts,
            shift=shift,
            ticks=ticks,
            keys=keys.astype(np.bool_),
        )


class _Index:
    """One reading of one file."""

    def __init__(self, handle: int, path: Path) -> None:
        self._handle = handle
        self._path = path
        self._length = os.fstat(handle).st_size
        self._tracks: dict[int, _Track] = {}
        self._note = ""

    def read(self) -> Fragments:
        whole = 0
        pending: tuple[int, bytes] | None = None
        for kind, start, body, end in self._top():
            if kind == b"moov":
                self._head(self._bytes(body, end))
            elif kind == b"moof":
                pending = (start, self._bytes(body, end))
                continue
            elif kind == b"mdat" and pending is not None:
                self._fragment(*pending)
                pending = None
            whole = end
        video = self._of_kind(audio=False)
        if video is None:
            raise NoPicture(f"{self._path} holds no whole picture")
        return Fragments(
            path=self._path,
            video=video,
            audio=self._of_kind(audio=True),
            whole_bytes=whole,
            note=self._note,
        )

    def _of_kind(self, *, audio: bool) -> Samples | None:
        tracks = self._tracks.values()
        return next((t.samples() for t in tracks if t.is_audio is audio and t.columns), None)

    def _top(self) -> Iterator[tuple[bytes, int, int, int]]:
        """Kind, start, begin of the body and end of each whole box of the file."""
        at = 0
        while at + 8 <= self._length:
            size, kind = struct.unpack(">I4s", os.pread(self._handle, 8, at))
            body = at + 8
            if size == 1:
                (size,) = struct.unpack(">Q", os.pread(self._handle, 8, body))
                body += 8
            if size < body - at or at + size > self._length:
                return  # the torn end
            yield kind, at, body, at + size
            at += size

    def _bytes(self, start: int, end: int) -> bytes:
        if end - start > _MOST_HEAD:
            raise ValueError("too large")
        return os.pread(self._handle, end - start, start)

    def _head(self, moov: bytes) -> None:
        found = moov.find(b"start_us=")
        if found >= 0:
            digits = bytes(b for b in moov[found + 9 : found + 29] if 48 <= b <= 57)
            self._note = f"start_us={digits.decode()}"
        for kind, body in boxes(moov):
            if kind == b"trak":
                self._track(body)
        for kind, body in boxes(moov):
            if kind == b"mvex":
                for inner, trex in boxes(body):
                    if inner == b"trex":
                        number, _, ticks, size, flags = struct.unpack(">5I", trex[4:24])
                        self._tracks[number].defaults = (ticks, size, flags)

    def _track(self, trak: bytes) -> None:
        track = _Track()
        number = 0
        for kind, body in walk(trak, (b"mdia", b"minf", b"stbl")):
            if kind == b"tkhd":
                number = struct.unpack_from(">I", body, 20 if body[0] else 12)[0]
                width, height = struct.unpack(">2I", body[-8:])
                track.size, track.turn = (width >> 16, height >> 16), body[-44:-8]
            elif kind == b"mdhd":
                track.timescale = struct.unpack_from(">I", body, 20 if body[0] else 12)[0]
            elif kind == b"hdlr" and body[8:12] in {b"vide", b"soun"}:
                track.is_audio = body[8:12] == b"soun"
            elif kind == b"stsd":
                track.description = struct.pack(">I4s", len(body) + 8, b"stsd") + body
        if number and track.description:
            self._tracks[number] = track

    def _fragment(self, moof_at: int, moof: bytes) -> None:
        for kind, traf in boxes(moof):
            if kind == b"traf":
                self._runs(moof_at, traf)

    def _runs(self, moof_at: int, traf: bytes) -> None:
        parts = list(boxes(traf))
        tfhd = next(body for kind, body in parts if kind == b"tfhd")
        flags, number = struct.unpack(">2I", tfhd[:8])
        track = self._tracks[number]
        base, defaults = _defaults(tfhd, flags & 0xFFFFFF, track.defaults, moof_at)
        for kind, body in parts:
            if kind == b"tfdt":
                track.next_dts = struct.unpack_from(">Q" if body[0] else ">I", body, 4)[0]
            elif kind == b"trun":
                rows = _run(body, base, defaults, track.next_dts)
                track.columns.append(rows)
                track.next_dts += int(rows[4].sum())


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each box that lies in `data`."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8 or at + size > len(data):
            return
        yield kind, data[at + 8 : at + size]
        at += size


def walk(data: bytes, into: tuple[bytes, ...]) -> Iterator[tuple[bytes, bytes]]:
    """The same, entering the boxes named in `into`."""
    for kind, body in boxes(data):
        if kind in into:
            yield from walk(body, into)
        else:
            yield kind, body


def _defaults(
    tfhd: bytes, flags: int, known: tuple[int, int, int], moof_at: int
) -> tuple[int, tuple[int, int, int]]:
    """Base of data offsets, and the defaults of this fragment."""
    at, base = 8, moof_at
    if flags & 0x1:
        (base,) = struct.unpack_from(">Q", tfhd, at)
        at += 8
    at += 4 if flags & 0x2 else 0
    values = list(known)
    for place, flag in enumerate((0x8, 0x10, 0x20)):
        if flags & flag:
            (values[place],) = struct.unpack_from(">I", tfhd, at)
            at += 4
    return base, (values[0], values[1], values[2])


def _run(trun: bytes, base: int, defaults: tuple[int, int, int], dts: int) -> I64:
    """Six rows of int64: offset, size, DTS, PTS minus DTS, duration, is keyframe."""
    flags, count = struct.unpack(">2I", trun[:8])
    signed, flags = flags >> 24, flags & 0xFFFFFF
    at, offset, first_flags = 8, 0, None
    if flags & 0x1:
        (offset,) = struct.unpack_from(">i", trun, at)
        at += 4
    if flags & 0x4:
        (first_flags,) = struct.unpack_from(">I", trun, at)
        at += 4
    present = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
    table = np.frombuffer(trun, dtype=">u4", count=count * len(present), offset=at)
    table = table.reshape(count, len(present)).astype(np.int64)
    columns = {bit: table[:, place] for place, bit in enumerate(present)}
    ticks, sizes, marks = (
        columns.get(bit, np.full(count, default, dtype=np.int64))
        for bit, default in zip((0x100, 0x200, 0x400), defaults, strict=True)
    )
    shift = columns.get(0x800, np.zeros(count, dtype=np.int64))
    if signed:
        shift = np.where(shift >= 2**31, shift - 2**32, shift)
    keys = (marks & _NOT_SYNC) == 0
    if first_flags is not None and count:
        keys[0] = not first_flags & _NOT_SYNC
    starts = base + offset + np.cumsum(sizes) - sizes
    times = dts + np.cumsum(ticks) - ticks
    return np.stack([starts, sizes, times, shift, ticks, keys.astype(np.int64)])
