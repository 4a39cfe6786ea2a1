"""What processes of the product get to see of the environment, tried in processes that have it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import Running
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

SETTINGS = """
cameras: [{id: yard, source: {type: simulator, pace: realtime}}]
detector: {type: blob}
workers: 1
api: {port: 0}
"""


def left(environ: dict[str, str]) -> int:
    said = subprocess.run(
        [sys.executable, "-c", GIVE_BACK], env=environ, capture_output=True, text=True, check=True
    )
    return int(said.stdout)


def environ_of(pid: int) -> list[bytes]:
    return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")


def test_threads_keep_no_blocks_that_they_gave_back() -> None:
    usual = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}

    assert left(environment(usual)) * 5 < left(usual)


def test_the_operators_own_word_counts() -> None:
    own = {**os.environ, "GLIBC_TUNABLES": "glibc.malloc.tcache_count=7", "A_PASSWORD": "x"}

    assert environment(own)["GLIBC_TUNABLES"] == "glibc.malloc.tcache_count=7"
    assert "A_PASSWORD" not in environment(own)


@pytest.mark.parametrize(
    ("told", "has"),
    [
        ({}, "glibc.malloc.tcache_count=0"),
        ({"GLIBC_TUNABLES": "glibc.malloc.tcache_count=3"}, "glibc.malloc.tcache_count=3"),
    ],
)
def test_the_running_product_has_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: dict[str, str], has: str
) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    settings = tmp_path / "vedette.yaml"
    settings.write_text(SETTINGS)
    with Running("up", "--config", settings, "--data", tmp_path / "data", env=told) as product:
        children = Path(f"/proc/{product.pid}/task/{product.pid}/children").read_text().split()
        found = [environ_of(product.pid), *(environ_of(int(child)) for child in children)]
        assert product.stop() == 0

    assert len(found) > 1, "the product and its workers"
    assert [each for each in found if f"GLIBC_TUNABLES={has}".encode() in each] == found
