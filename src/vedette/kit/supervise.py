"""Keeps a job running: one attempt is a plain function, trying again happens here, once."""

import logging
import random
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from vedette.kit.clock import Clock

log = logging.getLogger(__name__)

BASE_S = 1.0
CAP_S = 30.0


def backoff_s(
    attempt: int, rng: random.Random, *, base_s: float = BASE_S, cap_s: float = CAP_S
) -> float:
    """Seconds to wait after failure number `attempt`: doubling, with jitter, never over the cap.

    Between half and all of `base_s * 2 ** attempt` ("equal jitter", Brooker 2015, "Exponential
    Backoff And Jitter"), so that many clients of one broken server do not return together.

    Args:
        attempt: 1 for the first failure; 0 counts as 1.
        rng: where the jitter comes from; seeded, the waits repeat.
        base_s: the shortest wait.
        cap_s: the longest wait.
    Returns:
        Seconds between `base_s` and `cap_s`.
    """
    doubled_s = base_s * 2.0 ** min(max(attempt, 1), 32)
    longest_s = min(cap_s, doubled_s)
    return min(cap_s, max(base_s, longest_s * (0.5 + 0.5 * rng.random())))


@dataclass(slots=True)
class Outcome:
    """How a guarded block ended."""

    error: Exception | None = None


@contextmanager
def guarded(name: str) -> Iterator[Outcome]:
    """Run a block whose failure must not end its neighbours: it is logged and handed over."""
    outcome = Outcome()
    try:
        yield outcome
    except Exception as error:  # the supervisor's broad except: a job must outlive its failures
        log.exception("%s failed", name)
        outcome.error = error


def first_of(error: BaseException) -> BaseException:
    """The first error within groups of errors; an error alone is itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def keep_running(
    name: str,
    attempt: Callable[[], Awaitable[None]],
    clock: Clock,
    *,
    rng: random.Random,
    cap_s: float = CAP_S,
) -> None:
    """Run `attempt` until it returns; after an error wait and run it again, without end.

    The wait grows with each quick failure; an attempt that lasted longer than `cap_s` makes it
    short again. Cancel the task to stop.
    """
    failures = 0
    while True:
        started = clock.monotonic()
        with guarded(name) as outcome:
            await attempt()
        if outcome.error is None:
            return
        failures = 1 if clock.monotonic() - started > cap_s else failures + 1
        pause_s = backoff_s(failures, rng, cap_s=cap_s)
        log.warning("%s runs again in %.1f s", name, pause_s)
        await clock.sleep(pause_s)


def keep_thread_running(
    name: str,
    attempt: Callable[[], None],
    clock: Clock,
    stop: threading.Event,
    *,
    rng: random.Random,
    cap_s: float = CAP_S,
) -> None:
    """The same for a function that blocks its thread; returns soon after `stop` is set."""
    failures = 0
    while not stop.is_set():
        started = clock.monotonic()
        with guarded(name) as outcome:
            attempt()
        if outcome.error is None:
            return
        failures = 1 if clock.monotonic() - started > cap_s else failures + 1
        pause_s = backoff_s(failures, rng, cap_s=cap_s)
        log.warning("%s runs again in %.1f s", name, pause_s)
        clock.wait(stop, pause_s)
