"""Keeping jobs running: how long the waits are, and what ends them."""

import logging
import random
import threading

import pytest

from vedette.kit.supervise import backoff_s, keep_running, keep_thread_running
from vedette.testing.fakes import FakeClock


class Highest(random.Random):
    """Jitter that always takes the longest wait."""

    def random(self) -> float:
        return 1.0


class Lowest(random.Random):
    """Jitter that always takes the shortest wait."""

    def random(self) -> float:
        return 0.0


@pytest.mark.parametrize(
    ("attempt", "shortest_s", "longest_s"),
    [(0, 1, 2), (1, 1, 2), (2, 2, 4), (3, 4, 8), (5, 15, 30), (6, 15, 30), (5000, 15, 30)],
)
def test_waits_double_up_to_the_cap(attempt: int, shortest_s: float, longest_s: float) -> None:
    assert backoff_s(attempt, Lowest()) == shortest_s
    assert backoff_s(attempt, Highest()) == longest_s


def test_the_same_seed_gives_the_same_waits() -> None:
    first = random.Random(7)  # noqa: S311  jitter, not a secret
    second = random.Random(7)  # noqa: S311
    waits = [backoff_s(n, first) for n in range(1, 6)]
    assert waits == [backoff_s(n, second) for n in range(1, 6)]
    assert len(set(waits)) == 5


async def test_a_failing_job_runs_again_with_growing_waits() -> None:
    clock, runs = FakeClock(), 0

    async def attempt() -> None:
        nonlocal runs
        runs += 1
        if runs < 4:
            raise ValueError("on purpose")

    await keep_running("job", attempt, clock, rng=Highest())

    assert runs == 4
    assert clock.waits == [2, 4, 8]


async def test_a_long_steady_run_makes_the_next_wait_short_again() -> None:
    clock, runs = FakeClock(), 0

    async def attempt() -> None:
        nonlocal runs
        runs += 1
        if runs == 3:
            clock.advance(31)
        if runs < 5:
            raise ValueError("on purpose")

    await keep_running("job", attempt, clock, rng=Highest())

    assert clock.waits == [2, 4, 2, 4]


async def test_the_failure_is_in_the_log_with_its_cause(caplog: pytest.LogCaptureFixture) -> None:
    failures = [ValueError("the disk is on fire")]

    async def attempt() -> None:
        if failures:
            raise failures.pop()

    with caplog.at_level(logging.WARNING):
        await keep_running("janitor", attempt, FakeClock(), rng=Lowest())

    assert "janitor failed" in caplog.text
    assert "the disk is on fire" in caplog.text


def test_a_thread_stops_between_two_attempts() -> None:
    clock, stop, runs = FakeClock(), threading.Event(), 0

    def attempt() -> None:
        nonlocal runs
        runs += 1
        if runs == 3:
            stop.set()
        raise ValueError("on purpose")

    keep_thread_running("camera", attempt, clock, stop, rng=Lowest())

    assert runs == 3
    assert clock.waits == [1, 2]
