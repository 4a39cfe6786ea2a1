"""What refers to itself in a circle is freed within seconds, and cheaply."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from vedette.kit.clock import SystemClock
from vedette.kit.garbage import Sweeper, settle
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
