"""What a worker gets to see of the environment, tried in a process that has just that."""

import os
import subprocess
import sys

from vedette.services.worker_process import environment

GIVE_BACK = """
import ctypes
from vedette.kit.heap import heap
glibc = ctypes.CDLL(None)
glibc.malloc.restype, glibc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
sizes = range(200, 1000, 16)
before = heap().used_bytes
for block in [glibc.malloc(size) for size in sizes for _ in range(7)]:
    glibc.free(block)
print(heap().used_bytes - before)
"""
"""How many bytes are in use after many small blocks were taken and given back: 0.2 MB at once."""


def left(environ: dict[str, str]) -> int:
    said = subprocess.run(
        [sys.executable, "-c", GIVE_BACK], env=environ, capture_output=True, text=True, check=True
    )
    return int(said.stdout)


def test_threads_keep_no_blocks_that_they_gave_back() -> None:
    usual = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}

    assert left(environment(usual)) * 5 < left(usual)


def test_the_operators_own_word_counts() -> None:
    own = {**os.environ, "GLIBC_TUNABLES": "glibc.malloc.tcache_count=7", "A_PASSWORD": "x"}

    assert environment(own)["GLIBC_TUNABLES"] == "glibc.malloc.tcache_count=7"
    assert "A_PASSWORD" not in environment(own)
