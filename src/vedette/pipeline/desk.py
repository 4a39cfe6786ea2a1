"""Encodes pictures, clips and animations in threads of their own, so that no camera waits."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from vedette.kit.clock import Clock, SystemClock
from vedette.kit.histogram import Histogram
from vedette.kit.supervise import guarded

Job = Callable[[], None]

MOST_LATER = 32
"""Jobs that may wait until there is time; what comes then is not done."""
PICTURES = 32
"""Of an animation, where few wait; half as many for every `CROWD` that do."""
CROWD = 4
LEAST_PICTURES = 8
PAUSE_S = 0.25
MOST_PAUSES = 40
"""How long an animation waits, in pauses, while the processors are needed for more urgent work."""


class Patient(Protocol):
    """A job that may wait longest, and that can be made smaller: an animation."""

    def thin(self, most: int) -> None:
        """Be content with so many pictures."""
        ...

    def __call__(self) -> None:
        """Do it."""
        ...


@dataclass(slots=True, kw_only=True, eq=False)
class _Lane:
    """A queue and the thread that works it off."""

    jobs: deque[Job] = field(default_factory=deque)
    over: bool = False
    """Its thread has ended: whoever comes now does it alone."""


class MediaDesk:
    """Two bounded queues with a thread each; a job that fails is logged and stops nobody.

    Pictures and clips have a thread of their own; animations, which cost most, are begun when none
    of these waits and nothing else is pressing. The more animations wait, the smaller they get, and
    when the product ends they are as small as they can be.
    """

    def __init__(
        self,
        *,
        depth: int = 64,
        pressed: Callable[[], bool] = lambda: False,
        clock: Clock | None = None,
    ) -> None:
        """Begin to work; `depth` jobs may wait, and `MOST_LATER` patient ones.

        Args:
            pressed: whether the processors are needed for what people wait for.
            clock: times the jobs; the machine's where absent.
        """
        self._clock = clock or SystemClock()
        self._depth = depth
        self._pressed = pressed
        self._soon, self._later = _Lane(), _Lane()
        self._changed = threading.Condition()
        self._closing = False
        self._hurried = False
        self.took = Histogram()
        """How long jobs took."""
        self.left_out = 0
        """Animations that were not made because too many waited."""
        for lane, name in ((self._soon, "media"), (self._later, "animations")):
            threading.Thread(target=self._serve, args=(lane,), name=name, daemon=True).start()

    @property
    def done(self) -> int:
        """Jobs so far."""
        return self.took.count

    @property
    def waiting(self) -> int:
        with self._changed:
            return len(self._soon.jobs) + len(self._later.jobs)

    def submit(self, job: Job) -> None:
        """Have a job done soon; a camera waits here only while the desk is full.

        After the end of the desk it is done here and now, so that none is lost.
        """
        soon = self._soon
        with self._changed:
            self._changed.wait_for(lambda: soon.over or len(soon.jobs) < self._depth)
            if not soon.over:
                soon.jobs.append(job)
                self._changed.notify_all()
                return
        self._do(job)

    def later(self, job: Patient) -> bool:
        """Have a job done when there is time; nobody waits here.

        Returns:
            False where too many wait: it will not be done.
        """
        later = self._later
        with self._changed:
            if len(later.jobs) >= MOST_LATER:
                self.left_out += 1
                return False
            job.thin(self._pictures())
            if not later.over:
                later.jobs.append(partial(self._made_smaller, job))
                self._changed.notify_all()
                return True
        self._do(job)
        return True

    def hurry(self) -> None:
        """The end is near: from now on animations are as small as they can be."""
        self._hurried = True

    def close(self, *, within_s: float | None = None) -> bool:
        """Finish what was submitted, then end the threads.

        Returns:
            False where that was not done in time; clips that are left are mended at the next start.
        """
        self.hurry()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._soon.over and self._later.over, within_s)

    def _pictures(self) -> int:
        """Of an animation, now; the lock is held."""
        if self._hurried:
            return LEAST_PICTURES
        return max(LEAST_PICTURES, PICTURES >> (len(self._later.jobs) // CROWD))

    def _made_smaller(self, job: Patient) -> None:
        """Its turn has come: perhaps more wait behind it than when it came."""
        with self._changed:
            job.thin(self._pictures())
        job()

    def _serve(self, lane: _Lane) -> None:
        while (job := self._next(lane)) is not None:
            self._do(job)

    def _next(self, lane: _Lane) -> Job | None:
        """What is to be done now; None at the end, when nothing waits any more."""
        soon = self._soon

        def turn() -> bool:
            return bool(lane.jobs) and (lane is soon or not soon.jobs)

        with self._changed:
            self._changed.wait_for(lambda: turn() or (self._closing and not lane.jobs))
            if not lane.jobs:
                lane.over = True
                self._changed.notify_all()
                return None
            if lane is self._later:
                self._pause()
            job = lane.jobs.popleft()
            self._changed.notify_all()
            return job

    def _pause(self) -> None:
        """Let what is more urgent go first, until too many wait; the lock is held."""
        jobs = self._later.jobs
        for _ in range(MOST_PAUSES):
            if self._hurried or not self._pressed():
                return
            if self._changed.wait_for(lambda: self._closing or len(jobs) > CROWD, PAUSE_S):
                return

    def _do(self, job: Job) -> None:
        began_s = self._clock.monotonic()
        with guarded("a media job"):
            job()
        with self._changed:
            self.took.add(self._clock.monotonic() - began_s)
