"""A plain MP4 made of samples that lie in fragmented files: the index is new, no sample is copied.

The index (`moov`) stands first, so a browser starts at once. Any byte range can be given, because
the media is a list of slices of the files. An edit list makes players begin and end at the exact
picture, although the first sample has to be a keyframe. Boxes as in ISO/IEC 14496-12 (2022).
"""

import os
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vedette.contracts.errors import NotFound, StorageFailed
from vedette.media.fragments import I64, UNTURNED, Bools, Samples

PIECE = 256 * 1024
"""Bytes read at a time."""

_FTYP = struct.pack(">I4s4sI4s4s4s", 28, b"ftyp", b"isom", 512, b"isom", b"iso2", b"mp41")
_U32 = 2**32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch:
    """Samples of one track from one file, placed on the film's own timeline."""

    path: Path
    samples: Samples
    """With `dts` counted from the begin of the film's media."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """One track of the film."""

    stretches: tuple[Stretch, ...]
    shown_from: int
    """PTS of the first moment that is shown, in ticks; before it, players only decode. Less than
    the first PTS (sound that begins later): nothing is there until then."""
    shown_ticks: int
    """How long it is shown."""

    @property
    def first(self) -> Samples:
        return self.stretches[0].samples

    @property
    def timescale(self) -> int:
        return self.first.timescale


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Slice:
    """A run of bytes of a file that belongs to the film."""

    path: Path
    at: int
    size: int


class Movie:
    """A film as bytes: `size` of them, any part of which can be had."""

    def __init__(self, lines: Sequence[Line]) -> None:
        """Lay out the film.

        Args:
            lines: the video first; then the sound, where there is some.
        """
        self._slices, places = _layout(lines)
        data = sum(piece.size for piece in self._slices)
        wide = data > _U32 - 2**24
        mdat = struct.pack(">I4sQ", 1, b"mdat", data + 16)
        length = len(_FTYP) + len(_moov(lines, places, 0, wide=wide)) + len(mdat)
        self.head = _FTYP + _moov(lines, places, length, wide=wide) + mdat
        self._ends = np.cumsum([len(self.head), *(piece.size for piece in self._slices)]).tolist()
        self.size: int = self._ends[-1]
        """Bytes in all."""

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to `stop`, in pieces.

        Raises:
            NotFound: a file is gone.
            StorageFailed: a file cannot be read, or is shorter than it was.
        """
        if start < len(self.head):
            yield self.head[start : min(stop, len(self.head))]
            start = len(self.head)
        number = bisect_right(self._ends, start) - 1
        with _OneFile() as file:
            while start < stop and number < len(self._slices):
                piece, begin = self._slices[number], self._ends[number]
                end = min(stop, begin + piece.size)
                while start < end:
                    data = file.read(piece.path, piece.at + start - begin, min(PIECE, end - start))
                    start += len(data)
                    yield data
                number += 1

    def write(self, handle: int) -> None:
        """Write all of it; where the system can, no byte of media passes through this process.

        Raises:
            NotFound, StorageFailed: see `chunks`.
            OSError: `handle` cannot be written.
        """
        _write_all(handle, self.head)
        with _OneFile() as file:
            for piece in self._slices:
                file.copy(piece, handle)


class _OneFile:
    """Keeps the file open that was read last."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._handle = -1

    def __enter__(self) -> "_OneFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def read(self, path: Path, at: int, size: int) -> bytes:
        """Some bytes, at least one."""
        handle = self._open(path)
        try:
            data = os.pread(handle, size, at)
        except OSError as error:
            raise StorageFailed(f"{path} cannot be read: {error.strerror}") from error
        if not data:
            raise StorageFailed(f"{path} is shorter than it was")
        return data

    def copy(self, piece: _Slice, target: int) -> None:
        """Append a slice to another file, within the kernel."""
        handle = self._open(piece.path)
        at, end = piece.at, piece.at + piece.size
        while at < end:
            sent = os.sendfile(target, handle, at, end - at)
            if sent == 0:
                raise StorageFailed(f"{piece.path} is shorter than it was")
            at += sent

    def _open(self, path: Path) -> int:
        if path != self._path:
            self._close()
            try:
                self._handle = os.open(path, os.O_RDONLY)
            except FileNotFoundError as error:
                raise NotFound(f"there is no file {path}") from error
            except OSError as error:
                raise StorageFailed(f"{path} cannot be read: {error.strerror}") from error
            self._path = path
        return self._handle

    def _close(self) -> None:
        if self._path is not None:
            os.close(self._handle)
            self._path = None


def _write_all(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def _layout(lines: Sequence[Line]) -> tuple[list[_Slice], list[I64]]:
    """Slices of the files in the film's order, and for each line the place of each sample.

    Samples that touch in a file stay together. The files keep their order, and within a file the
    samples keep theirs, so video and sound stay as close together as they were recorded.
    """
    slices: list[_Slice] = []
    places: list[list[I64]] = [[] for _ in lines]
    begun = 0
    for path in _files(lines):
        held = [_in_file(line, path) for line in lines]
        at = np.concatenate([samples.at for samples in held])
        sizes = np.concatenate([samples.sizes for samples in held])
        order = np.argsort(at, kind="stable")
        starts, ends = at[order], (at + sizes)[order]
        opens = np.flatnonzero(np.concatenate([[True], starts[1:] != ends[:-1]]))
        lengths = np.add.reduceat(sizes[order], opens)
        slices += [
            _Slice(path=path, at=a, size=n)
            for a, n in zip(starts[opens].tolist(), lengths.tolist(), strict=True)
        ]
        placed = np.empty(len(at), dtype=np.int64)
        placed[order] = begun + np.cumsum(sizes[order]) - sizes[order]
        begun += int(lengths.sum())
        split = np.cumsum([len(samples) for samples in held])[:-1]
        for column, part in zip(places, np.split(placed, split), strict=True):
            column.append(part)
    return slices, [np.concatenate(column) for column in places]


def _files(lines: Sequence[Line]) -> list[Path]:
    """Each file once, in the order of the video."""
    return list(dict.fromkeys(stretch.path for line in lines for stretch in line.stretches))


def _in_file(line: Line, path: Path) -> Samples:
    found = [stretch.samples for stretch in line.stretches if stretch.path == path]
    return found[0] if found else line.first.pick(slice(0, 0))


def _moov(lines: Sequence[Line], places: Sequence[I64], base: int, *, wide: bool) -> bytes:
    video = lines[0]
    scale = video.timescale
    length = max(_scaled(line.shown_ticks, line.timescale, scale) for line in lines)
    mvhd = _full(
        b"mvhd",
        1,
        0,
        struct.pack(">QQIQ", 0, 0, scale, length)
        + struct.pack(">IHHII", 0x10000, 0x100, 0, 0, 0)
        + UNTURNED
        + bytes(24)
        + struct.pack(">I", len(lines) + 1),
    )
    traks = b"".join(
        _trak(number, line, place + base, scale, wide=wide)
        for number, (line, place) in enumerate(zip(lines, places, strict=True), start=1)
    )
    return _box(b"moov", mvhd + traks)


def _trak(number: int, line: Line, places: I64, scale: int, *, wide: bool) -> bytes:
    sound = line.first.is_audio
    shown = _scaled(line.shown_ticks, line.timescale, scale)
    width, height = line.first.size
    tkhd = _full(
        b"tkhd",
        1,
        3,
        struct.pack(">QQIIQ", 0, 0, number, 0, shown)
        + struct.pack(">QHHHH", 0, 0, 1 if sound else 0, 0x100 if sound else 0, 0)
        + line.first.turn
        + struct.pack(">II", width << 16, height << 16),
    )
    samples = [stretch.samples for stretch in line.stretches]
    dts, ticks, shift, sizes, keys = _columns(samples)
    mdhd = _full(
        b"mdhd",
        1,
        0,
        struct.pack(">QQIQ", 0, 0, line.timescale, int(ticks.sum())) + b"\x55\xc4\0\0",
    )
    kind, name = (b"soun", b"Sound") if sound else (b"vide", b"Video")
    hdlr = _full(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, kind) + name + b"\0")
    head = _full(b"smhd", 0, 0, bytes(4)) if sound else _full(b"vmhd", 0, 1, bytes(8))
    dinf = _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1) + _full(b"url ", 0, 1, b"")))
    table = line.first.description + _times(ticks, shift, keys, sound=sound)
    stbl = _box(b"stbl", table + _chunks(places, sizes, wide=wide))
    minf = _box(b"minf", head + dinf + stbl)
    edits = _edits(line, int(dts[0]), shown, scale)
    return _box(b"trak", tkhd + edits + _box(b"mdia", mdhd + hdlr + minf))


def _columns(samples: Sequence[Samples]) -> tuple[I64, I64, I64, I64, Bools]:
    """DTS, time to the next sample, PTS minus DTS, size, is keyframe."""
    dts = np.concatenate([one.dts for one in samples])
    last = int(samples[-1].ticks[-1])
    ticks = np.diff(dts, append=dts[-1] + max(1, last))
    shift = np.concatenate([one.shift for one in samples])
    sizes = np.concatenate([one.sizes for one in samples])
    keys = np.concatenate([one.keys for one in samples])
    return dts, ticks, shift, sizes, keys


def _edits(line: Line, first_dts: int, shown: int, scale: int) -> bytes:
    """Begin at `shown_from`; an empty edit first, where the first sample comes later than that."""
    late = int(line.first.pts[0]) - line.shown_from
    entries = []
    media = line.shown_from - first_dts
    if late > 0:
        wait = _scaled(late, line.timescale, scale)
        entries.append(struct.pack(">QqI", wait, -1, 0x10000))
        media, shown = media + late, max(0, shown - wait)
    entries.append(struct.pack(">QqI", shown, media, 0x10000))
    return _box(b"edts", _full(b"elst", 1, 0, struct.pack(">I", len(entries)) + b"".join(entries)))


def _times(ticks: I64, shift: I64, keys: Bools, *, sound: bool) -> bytes:
    counts, values = _runs(ticks)
    found = _table(b"stts", np.stack([counts, values], axis=1))
    if shift.any():
        counts, values = _runs(shift)
        signed = int(values.min() < 0)
        found += _table(b"ctts", np.stack([counts, values & 0xFFFFFFFF], axis=1), version=signed)
    if not sound and not keys.all():
        found += _table(b"stss", np.flatnonzero(keys)[:, None] + 1)
    return found


def _chunks(places: I64, sizes: I64, *, wide: bool) -> bytes:
    """`stsz`, `stsc` and the offsets: a chunk is a run of samples that touch."""
    same = len(sizes) > 0 and bool((sizes == sizes[0]).all())
    stsz = _full(
        b"stsz",
        0,
        0,
        struct.pack(">II", int(sizes[0]) if same else 0, len(sizes))
        + (b"" if same else sizes.astype(">u4").tobytes()),
    )
    opens = np.flatnonzero(np.concatenate([[True], places[1:] != places[:-1] + sizes[:-1]]))
    per_chunk = np.diff(opens, append=len(places))
    changes = np.flatnonzero(np.concatenate([[True], np.diff(per_chunk) != 0]))
    rows = np.stack([changes + 1, per_chunk[changes], np.ones_like(changes)], axis=1)
    kind, width = (b"co64", ">u8") if wide else (b"stco", ">u4")
    offsets = places[opens]
    chunks = struct.pack(">I", len(offsets)) + offsets.astype(width).tobytes()
    return stsz + _table(b"stsc", rows) + _full(kind, 0, 0, chunks)


def _runs(values: I64) -> tuple[I64, I64]:
    """Run-length coding: how often, and what."""
    begins = np.flatnonzero(np.concatenate([[True], np.diff(values) != 0]))
    return np.diff(begins, append=len(values)), values[begins]


def _table(kind: bytes, rows: npt.NDArray[np.int64], *, version: int = 0) -> bytes:
    return _full(kind, version, 0, struct.pack(">I", len(rows)) + rows.astype(">u4").tobytes())


def _scaled(ticks: int, timescale: int, to: int) -> int:
    return (ticks * to + timescale // 2) // timescale


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


def _full(kind: bytes, version: int, flags: int, body: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags) + body)
