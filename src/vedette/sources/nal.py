"""Reads as much of H.264 and HEVC as we must: parameter sets, picture numbers, JPEG sizes. Pure.

Everything here is given what a camera sent: it reads a bounded number of bytes, and answers None
where something is not as the standards say (ITU-T H.264 7.3, H.265 7.3, T.81 B.2).
"""

from collections.abc import Iterator
from dataclasses import dataclass

_START = b"\x00\x00\x01"
_MOST_UNITS = 64
_MOST_UNIT_BYTES = 1 << 16
_SLICE_HEAD, _SET_HEAD = 64, 2048
"""Bytes of a slice, and of a parameter set (with its scaling lists), that are enough."""

_H264_SETS, _H264_SPS, _H264_PICTURES = frozenset((7, 8, 13)), 7, range(1, 6)
_HEVC_SETS, _HEVC_SPS, _HEVC_PICTURES = frozenset((32, 33, 34)), 33, range(32)
_HIGH_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))


class Bits:
    """Reads bits from the most significant one on; past the end is a ValueError."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        """An unsigned number of `count` bits."""
        if count > self._left:
            raise ValueError("past the end")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def golomb(self) -> int:
        """An unsigned Exp-Golomb number, ue(v)."""
        zeros = 0
        while self.take(1) == 0:
            zeros += 1
            if zeros > 32:
                raise ValueError("not an Exp-Golomb number")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_golomb(self) -> int:
        """A signed Exp-Golomb number, se(v)."""
        value = self.golomb()
        return (value + 1) // 2 if value % 2 else -(value // 2)


def payload(unit: bytes, most: int) -> bytes:
    """The first bytes of a unit without emulation prevention (00 00 03 stands for 00 00)."""
    return unit[:most].replace(b"\x00\x00\x03", b"\x00\x00")


def units(data: bytes) -> Iterator[bytes]:
    """The units of an Annex B byte stream without start codes.

    At most 64 of them, and the first 64 KiB of each: who looks for what stands before a picture
    need not search through the picture.
    """
    start = data.find(_START)
    for _ in range(_MOST_UNITS):
        if start < 0:
            return
        begin = start + 3
        start = data.find(_START, begin, begin + _MOST_UNIT_BYTES)
        end = start if start >= 0 else begin + _MOST_UNIT_BYTES
        yield data[begin:end].rstrip(b"\x00")


def is_annex_b(data: bytes) -> bool:
    """True where units are told apart by start codes, not by lengths."""
    return data.startswith((_START, b"\x00" + _START))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSets:
    """What stands before a keyframe."""

    sps: tuple[bytes, ...]
    """Sequence parameter sets, in order: another one is another format."""
    complete: bool
    """Everything that a decoder needs is there."""


def parameter_sets(data: bytes, codec: str) -> ParameterSets:
    """The parameter sets before the first picture of an Annex B packet (or in extradata)."""
    hevc = codec == "hevc"
    wanted, sps_kind = (_HEVC_SETS, _HEVC_SPS) if hevc else (_H264_SETS, _H264_SPS)
    pictures = _HEVC_PICTURES if hevc else _H264_PICTURES
    found, sps = set[int](), list[bytes]()
    for unit in units(data):
        kind = _kind(unit, hevc=hevc)
        if kind in pictures:
            break
        if kind in wanted:
            found.add(kind)
        if kind == sps_kind:
            sps.append(unit)
    needed = _HEVC_SETS if hevc else {7, 8}
    return ParameterSets(sps=tuple(sps), complete=needed <= found)


def _kind(unit: bytes, *, hevc: bool) -> int:
    """The type of a unit; -1 where its head is not possible."""
    if not unit or unit[0] & 0x80:
        return -1
    if not hevc:
        return unit[0] & 0x1F
    if len(unit) < 2 or unit[1] & 7 == 0:  # temporal id + 1
        return -1
    return unit[0] >> 1 & 0x3F


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """How an H.264 stream numbers its pictures."""

    bits: int
    """Length of `frame_num`."""
    separate_planes: bool
    gaps_allowed: bool
    """Numbers may be left out on purpose (layers in time)."""


def numbering(sps: bytes) -> Numbering | None:
    """Read an H.264 sequence parameter set as far as its picture numbers."""
    bits = Bits(payload(sps, _SET_HEAD)[1:])
    try:
        profile = bits.take(8)
        bits.take(16)
        bits.golomb()
        separate = _skip_high_profile(bits) if profile in _HIGH_PROFILES else False
        length = bits.golomb() + 4
        _skip_picture_order(bits)
        bits.golomb()
        gaps = bool(bits.take(1))
    except ValueError:
        return None
    if length > 16:
        return None
    return Numbering(bits=length, separate_planes=separate, gaps_allowed=gaps)


def _skip_high_profile(bits: Bits) -> bool:
    chroma = bits.golomb()
    separate = bool(bits.take(1)) if chroma == 3 else False
    bits.golomb()
    bits.golomb()
    bits.take(1)
    if bits.take(1):
        for index in range(8 if chroma != 3 else 12):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return separate


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed_golomb()) % 256
        last = following or last


def _skip_picture_order(bits: Bits) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.take(1)
        bits.signed_golomb()
        bits.signed_golomb()
        count = bits.golomb()
        if count > 255:
            raise ValueError("too many offsets")
        for _ in range(count):
            bits.signed_golomb()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The head of a picture's first slice."""

    is_idr: bool
    is_reference: bool
    number: int
    """`frame_num`."""


def first_slice(unit: bytes, how: Numbering) -> Slice | None:
    """Read the head of an H.264 slice; None where it is not the first of its picture."""
    kind = unit[0] & 0x1F
    if kind not in {1, 5}:
        return None
    bits = Bits(payload(unit, _SLICE_HEAD)[1:])
    try:
        if bits.golomb() != 0:  # first_mb_in_slice
            return None
        bits.golomb()
        bits.golomb()
        if how.separate_planes:
            bits.take(2)
        number = bits.take(how.bits)
    except ValueError:
        return None
    return Slice(is_idr=kind == 5, is_reference=bool(unit[0] & 0x60), number=number)


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height that a JPEG picture says it has."""
    at = 2
    if not data.startswith(b"\xff\xd8"):
        return None
    for _ in range(_MOST_UNITS):
        if at + 9 > len(data) or data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height = int.from_bytes(data[at + 5 : at + 7], "big")
            return int.from_bytes(data[at + 7 : at + 9], "big"), height
        if marker == 0xDA:
            return None
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
