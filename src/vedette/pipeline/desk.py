"""Encodes pictures, previews and clips in one thread, so that no camera waits for them."""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from vedette.kit.supervise import guarded

Job = Callable[[], None]


class MediaDesk:
    """A bounded queue and its thread; a job that fails is logged and stops nobody."""

    def __init__(self, *, depth: int = 64) -> None:
        """Begin to work; `depth` jobs may wait."""
        self._jobs: queue.Queue[Job | None] = queue.Queue(maxsize=depth)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="media", daemon=True)
        self.done = 0
        self._thread.start()

    @property
    def waiting(self) -> int:
        return self._jobs.qsize()

    def submit(self, job: Job) -> None:
        """Have a job done soon; a camera waits here only while the desk is full.

        After the end of the desk it is done here and now, so that none is lost.
        """
        if not self._over.is_set():
            self._jobs.put(job)
            if not self._over.is_set():
                return
        else:
            self._do(job)
        self._do_rest()

    def close(self, *, within_s: float | None = None) -> bool:
        """Finish what was submitted, then end the thread.

        Returns:
            False where that was not done in time; what is left is mended at the next start.
        """
        try:
            self._jobs.put(None, timeout=within_s)
        except queue.Full:
            return False
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._do(job)
        self._over.set()
        self._do_rest()

    def _do_rest(self) -> None:
        """What was submitted at the moment when the desk closed."""
        with suppress(queue.Empty):
            while True:
                if (job := self._jobs.get_nowait()) is not None:
                    self._do(job)

    def _do(self, job: Job) -> None:
        with guarded("a media job"):
            job()
        self.done += 1
