"""Reads of a compressed picture whether others need it, or it others, without decoding it.

Sources: ITU-T H.264 (04/2021) section 7.3.1, `nal_ref_idc`; ITU-T H.265 (08/2021) table 7-1,
sub-layer non-reference pictures; ISO/IEC 14496-2 section 6.2.5, `vop_coding_type`.
"""

from collections.abc import Iterator

_START = b"\x00\x00\x01"
_MOST_UNITS = 64
"""A picture that begins with more units than this before its first slice is not looked through."""
_VOP = b"\x00\x00\x01\xb6"
_B_VOP = 2
_HEVC_LAST_NON_REFERENCE = 14
_HEVC_LAST_SLICE = 31
_HEVC_ANEW = range(16, 21)
"""BLA and IDR; a CRA picture may be followed by some that refer to what was before it."""
_H264_SLICES = (1, 5)
_H264_IDR = 5


def dispensable(codec: str, data: bytes) -> bool:
    """True where no other picture is predicted from this one, so that it can be left out.

    Args:
        codec: FFmpeg's name. Of codecs other than h264, hevc and mpeg4 nothing is dispensable.
        data: one access unit, with start codes or with lengths of four bytes.
    """
    if codec == "h264":
        return _h264(data)
    if codec == "hevc":
        return _hevc(data)
    return codec == "mpeg4" and _mpeg4(data)


def starts_anew(codec: str, data: bytes) -> bool:
    """True for a keyframe after which nothing refers to what was before it; one of a stream that
    is renewed bit by bit (intra refresh, recovery points) is none of these.

    Args:
        codec: FFmpeg's name. In codecs other than h264 and hevc every keyframe is one.
        data: one access unit with a keyframe, as for `dispensable`.
    """
    if codec == "h264":
        kinds = (data[at] & 0x1F for at in _units(data))
        return next((kind for kind in kinds if kind in _H264_SLICES), 0) == _H264_IDR
    if codec == "hevc":
        kinds = (data[at] >> 1 & 0x3F for at in _units(data))
        return next((kind for kind in kinds if kind <= _HEVC_LAST_SLICE), 0) in _HEVC_ANEW
    return True


def _h264(data: bytes) -> bool:
    for at in _units(data):
        if data[at] & 0x1F in _H264_SLICES:
            return data[at] & 0x60 == 0
    return False


def _hevc(data: bytes) -> bool:
    """Pictures of a higher temporal layer may need it all the same; cameras with such layers mark
    those as dispensable too, so that the damage is one frame that is left out."""
    for at in _units(data):
        kind = data[at] >> 1 & 0x3F
        if kind <= _HEVC_LAST_SLICE:
            return kind <= _HEVC_LAST_NON_REFERENCE and kind % 2 == 0
    return False


def _mpeg4(data: bytes) -> bool:
    at = data.find(_VOP)
    return 0 <= at < len(data) - 4 and data[at + 4] >> 6 == _B_VOP


def _units(data: bytes) -> Iterator[int]:
    """Where the header of each network abstraction layer unit stands."""
    if data.startswith((_START, b"\x00" + _START)):
        yield from _after_start_codes(data)
    else:
        yield from _after_lengths(data)


def _after_start_codes(data: bytes) -> Iterator[int]:
    at = data.find(_START)
    for _ in range(_MOST_UNITS):
        if at < 0 or at + 3 >= len(data):
            return
        yield at + 3
        at = data.find(_START, at + 3)


def _after_lengths(data: bytes) -> Iterator[int]:
    at = 0
    for _ in range(_MOST_UNITS):
        if at + 4 >= len(data):
            return
        yield at + 4
        at += 4 + int.from_bytes(data[at : at + 4], "big")
