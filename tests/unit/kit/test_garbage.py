"""What refers to itself in a circle is freed within seconds, and cheaply."""

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from vedette.kit.clock import SystemClock
from vedette.kit.garbage import Sweeper, settle, trim
from vedette.testing.fakes import until


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
