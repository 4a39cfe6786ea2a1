"""What the C library and Python hold of a process's memory: tells a leak from holes in the heap."""

import ctypes
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Heap:
    """Of this process, now."""

    used_bytes: int
    """In blocks that somebody holds, whoever asked the C library for them."""
    free_bytes: int
    """In holes between them, which only serve what fits."""
    blocks: int
    """Small blocks of Python itself, which has arenas of its own beside these."""


def heap() -> Heap:
    """Quick: the C library counts its holes, which is less than a millisecond for thousands.

    Where it tells nothing (not glibc, or before 2.33), its bytes are 0.
    """
    told = _mallinfo()
    used, free = (0, 0) if told is None else _figures(told())
    return Heap(used_bytes=used, free_bytes=free, blocks=sys.getallocatedblocks())


class _Mallinfo2(ctypes.Structure):
    """As in glibc's malloc.h."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        )
    )


def _figures(told: Any) -> tuple[int, int]:
    """Used and free: what lies apart from the heap (`hblkhd`) is used as a whole."""
    return int(told.uordblks + told.hblkhd), int(told.fordblks)


@cache
def _mallinfo() -> Any:
    """glibc's function; None where there is none."""
    try:
        found = ctypes.CDLL(None).mallinfo2
    except (OSError, AttributeError):
        return None
    found.restype = _Mallinfo2
    return found
