"""What refers to itself in a circle is freed within seconds, and cheaply."""

import gc
import re
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from vedette.kit.clock import SystemClock
from vedette.kit.garbage import Sweeper, settle, trim
from vedette.testing.fakes import until

ROOT = Path(__file__).parents[3]


class Circle:
    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def rare() -> Iterator[None]:
    """A collector that has not had enough objects yet."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("rare")
async def test_a_circle_is_freed_while_nobody_makes_many_objects() -> None:
    sweeper = Sweeper(SystemClock(), every_s=0.01)
    sweeper.start()
    dead = weakref.ref(Circle())

    await until(lambda: dead() is None)

    sweeper.stop()
    later = weakref.ref(Circle())
    with pytest.raises(TimeoutError):
        await until(lambda: later() is None, within_s=0.1)


def test_what_was_there_at_the_beginning_is_not_looked_at_again() -> None:
    try:
        settle()

        assert gc.get_freeze_count() > 10_000
        assert len(gc.get_objects()) < 1_000
    finally:
        gc.unfreeze()


def test_a_sweeper_that_never_began_can_be_stopped() -> None:
    Sweeper(SystemClock()).stop()


def used_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def test_what_lies_free_between_what_lives_is_given_back() -> None:
    blocks = [bytes(60_000) for _ in range(2000)]  # smaller than what gets a mapping of its own
    alive = blocks[::50]
    full_mb = used_mb()
    del blocks
    trim()

    assert len(alive) == 40
    assert full_mb - used_mb() > 70


def test_threads_share_two_heaps_and_pictures_lie_apart(tmp_path: Path) -> None:
    script = """
import ctypes, sys, threading
from vedette.kit.garbage import share_heap
if sys.argv[1] == "shared":
    share_heap()
barrier = threading.Barrier(12)
def work():
    kept = [bytearray(50_000) for _ in range(3)]
    barrier.wait()
threads = [threading.Thread(target=work) for _ in range(12)]
[each.start() for each in threads]
[each.join() for each in threads]
large = bytearray(20_000_000)
del large
pictures = [bytearray(300_000) for _ in range(5)]
C = ctypes.CDLL(None)
C.fopen.restype, C.fopen.argtypes = ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_char_p]
C.malloc_info.argtypes, C.fclose.argtypes = [ctypes.c_int, ctypes.c_void_p], [ctypes.c_void_p]
out = C.fopen(sys.argv[2].encode(), b"w")
C.malloc_info(0, out)
C.fclose(out)
"""
    heaps, apart = {}, {}
    for how in ("shared", "alone"):
        said = tmp_path / how
        subprocess.run([sys.executable, "-c", script, how, str(said)], check=True)
        heaps[how] = said.read_text().count("<heap nr=")
        apart[how] = int(re.findall(r'type="mmap" count="(\d+)"', said.read_text())[-1])
    assert heaps["shared"] <= 2 < heaps["alone"]
    assert apart["shared"] >= apart["alone"] + 5


def test_names_of_files_that_come_and_go_take_no_more_memory() -> None:
    """Python keeps the place of a name that is gone until its table is full; then it is doubled."""
    script = """
import sys
from pathlib import Path
from tests.integration.sources.test_decoder_at_rest import used_bytes
from vedette.kit.garbage import settle, share_heap
share_heap()
names = [sys.intern(f"a name of the program {number}") for number in range(50_000)]
if sys.argv[1] == "settled":
    settle()
before = used_bytes()
for number in range(100_000):
    path = Path("/tmp") / f"clip {number}"
assert path == Path("/tmp/clip 99999") and path.name == "clip 99999" and path.exists() is False
print(used_bytes() - before)
"""
    grown = {
        how: int(subprocess.check_output([sys.executable, "-c", script, how], cwd=ROOT))
        for how in ("settled", "as it is")
    }
    assert grown["as it is"] > 500_000, "this measures nothing"
    assert grown["settled"] < 100_000
