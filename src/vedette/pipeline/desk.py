"""Encodes pictures, clips and animations in one thread, so that no camera waits for them."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from vedette.kit.supervise import guarded

Job = Callable[[], None]

MOST_LATER = 32
"""Jobs that may wait until there is time; what comes then is not done."""
PICTURES = 32
"""Of an animation, where few wait; half as many for every `CROWD` that do."""
CROWD = 4
LEAST_PICTURES = 8


class Patient(Protocol):
    """A job that may wait longest, and that can be made smaller: an animation."""

    def thin(self, most: int) -> None:
        """Be content with so many pictures."""
        ...

    def __call__(self) -> None:
        """Do it."""
        ...


class MediaDesk:
    """Two bounded queues and a thread; a job that fails is logged and stops nobody.

    Pictures and clips come first, animations when there is time. The more of these wait, the
    smaller they get, and when the product ends they are as small as they can be.
    """

    def __init__(self, *, depth: int = 64) -> None:
        """Begin to work; `depth` jobs may wait, and `MOST_LATER` patient ones."""
        self._depth = depth
        self._soon: deque[Job] = deque()
        self._later: deque[Patient] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._hurried = False
        self._over = False
        self._thread = threading.Thread(target=self._serve, name="media", daemon=True)
        self.done = 0
        self.left_out = 0
        """Animations that were not made because too many waited."""
        self._thread.start()

    @property
    def waiting(self) -> int:
        with self._changed:
            return len(self._soon) + len(self._later)

    def submit(self, job: Job) -> None:
        """Have a job done soon; a camera waits here only while the desk is full.

        After the end of the desk it is done here and now, so that none is lost.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._over or len(self._soon) < self._depth)
            if not self._over:
                self._soon.append(job)
                self._changed.notify_all()
                return
        self._do(job)

    def later(self, job: Patient) -> bool:
        """Have a job done when there is time; nobody waits here.

        Returns:
            False where too many wait: it will not be done.
        """
        with self._changed:
            if len(self._later) >= MOST_LATER:
                self.left_out += 1
                return False
            job.thin(self._pictures())
            if not self._over:
                self._later.append(job)
                self._changed.notify_all()
                return True
        self._do(job)
        return True

    def hurry(self) -> None:
        """The end is near: from now on animations are as small as they can be."""
        self._hurried = True

    def close(self, *, within_s: float | None = None) -> bool:
        """Finish what was submitted, then end the thread.

        Returns:
            False where that was not done in time; clips that are left are mended at the next start.
        """
        self.hurry()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _pictures(self) -> int:
        """Of an animation, now; the lock is held."""
        if self._hurried:
            return LEAST_PICTURES
        return max(LEAST_PICTURES, PICTURES >> (len(self._later) // CROWD))

    def _serve(self) -> None:
        while (job := self._next()) is not None:
            self._do(job)

    def _next(self) -> Job | None:
        """What is to be done now; None at the end, when nothing waits any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._soon or self._later or self._closing)
            if self._soon:
                job: Job = self._soon.popleft()
            elif self._later:
                patient = self._later.popleft()
                patient.thin(self._pictures())
                job = patient
            else:
                self._over = True
                return None
            self._changed.notify_all()
            return job

    def _do(self, job: Job) -> None:
        with guarded("a media job"):
            job()
        self.done += 1
