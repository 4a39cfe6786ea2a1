"""Frees the memory of streams that are over within seconds, whoever still refers to whom.

libav's objects refer to each other in circles, so that only Python's cycle collector frees them. It
counts objects, not bytes: a camera that comes and goes leaves a handful of objects each time, with
the pictures of a decoder behind them (50 MB in 4K), and hundreds of those would wait for it.
"""

import ctypes
import gc
import os
import pathlib
import sys
import threading
from contextlib import suppress
from typing import Any

from vedette.kit.clock import Clock

_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3
"""As in glibc's malloc.h."""
HEAPS = 2
APART_BYTES = 32 * 1024
"""From this size on a block comes from the system alone, and is given back alone. glibc begins with
128 kB, and raises it to 32 MB with each picture that is freed. What is smaller than that and comes
and goes between packets that stay (colour planes have 58 kB in 360p) leaves holes: with 128 kB, a
worker's heap grew to 231 MB, of which 140 were in use; with 32 it stays at 93, of which 82 are."""
TRIM_S = 10.0
"""Takes 4 to 10 ms in a worker with 32 cameras."""
SWEEP_S = 5.0
"""A camera that cannot be reached is opened a few times in this at most."""

TUNABLES, NO_THREAD_CACHES = "GLIBC_TUNABLES", "glibc.malloc.tcache_count=0"
"""A thread of glibc keeps small blocks that it gave back, up to 0.2 MB, which fill up over hours in
the midst of heaps that could shrink. Only the environment at its start keeps a process from it."""


def settle() -> None:
    """Take all that is there now as there for good, so that collecting looks at what came later.

    With 72 000 objects of modules a collection stops all threads for 90 ms; afterwards for 1 ms.
    Call it once in a process, when everything is imported and before cameras are built.
    """
    gc.collect()
    gc.freeze()
    _spare_names()


class _System:
    """`sys` as pathlib sees it: its `intern` enters nothing."""

    intern = staticmethod(str)

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)


def _spare_names() -> None:
    """Keep names of files out of Python's table of names (interned strings).

    pathlib enters each part of each path. A name that is gone keeps its place, 16 bytes, until the
    table is full and made anew, with room for three times what is in it: with the files of an event
    a second a worker grew by 0.4 MB an hour, and by 1.9 MB at once after 40 minutes. Equal parts of
    paths are then equal strings instead of the same one, which costs nothing here.
    """
    module: Any = getattr(pathlib, "_local", pathlib)  # its own module from Python 3.13 on
    if hasattr(module, "sys"):
        module.sys = _System()


def begin_without_thread_caches() -> None:
    """Begin this process anew, with the same arguments, unless it was told about caches already.

    Call it before anything else is done: whatever the process holds is gone, but open files.
    """
    if TUNABLES in os.environ or not sys.executable:
        return
    with suppress(ValueError, OSError):  # another C library
        os.confstr("CS_GNU_LIBC_VERSION")
        os.execve(  # noqa: S606 - ourselves
            sys.executable,
            [sys.executable, *sys.orig_argv[1:]],
            {**os.environ, TUNABLES: NO_THREAD_CACHES},
        )


def share_heap() -> None:
    """Let all threads share two heaps of glibc, with pictures apart from them.

    Else each thread gets a heap of its own and keeps in it what it needed at its busiest moment,
    and pictures leave holes between what lives long. Call it before a process has threads.
    """
    with suppress(OSError, AttributeError):  # another C library
        glibc = ctypes.CDLL(None)
        glibc.mallopt(_M_ARENA_MAX, HEAPS)
        glibc.mallopt(_M_MMAP_THRESHOLD, APART_BYTES)


def trim() -> None:
    """Give the system back what the heap holds but nobody uses; glibc does so at its end only.

    Else a process keeps what it needed at its busiest moment, in pieces between what lives long.
    """
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


class Sweeper:
    """Collects every few seconds and trims somewhat more rarely, in a thread of its own."""

    def __init__(self, clock: Clock, every_s: float = SWEEP_S) -> None:
        self._clock = clock
        self._every_s = every_s
        self._count = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sweep, name="sweeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _sweep(self) -> None:
        sweeps = max(1, round(TRIM_S / self._every_s))
        while not self._clock.wait(self._stop, self._every_s):
            gc.collect()
            self._count = (self._count + 1) % sweeps
            if self._count == 0:
                trim()
