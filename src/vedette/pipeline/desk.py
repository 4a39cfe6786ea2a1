"""Encodes pictures, previews and clips in one thread, so that no camera waits for them."""

import queue
import threading
from collections.abc import Callable

from vedette.kit.supervise import guarded

Job = Callable[[], None]


class MediaDesk:
    """A bounded queue and its thread; a job that fails is logged and stops nobody."""

    def __init__(self, *, depth: int = 64) -> None:
        """Begin to work; `depth` jobs may wait."""
        self._jobs: queue.Queue[Job | None] = queue.Queue(maxsize=depth)
        self._thread = threading.Thread(target=self._serve, name="media", daemon=True)
        self._thread.start()
        self.done = 0

    @property
    def waiting(self) -> int:
        return self._jobs.qsize()

    def submit(self, job: Job) -> None:
        """Have a job done soon; a camera waits here only while the desk is full."""
        self._jobs.put(job)

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
            with guarded("a media job"):
                job()
            self.done += 1
