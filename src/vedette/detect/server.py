"""One detector for many cameras: a thread of its own, a bounded queue, batches of what waits."""

import logging
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.frame import Frame
from vedette.contracts.sight import Detections
from vedette.detect.port import Detector
from vedette.kit.clock import Clock

log = logging.getLogger(__name__)

Answer = Future[Detections]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCounters:
    """What the server has done since it began."""

    submitted: int = 0
    answered: int = 0
    failed: int = 0
    cancelled: int = 0
    batches: int = 0
    busy_s: float = 0.0
    """Time in the detector."""
    waits: int = 0
    """Times that a camera had to wait for room in the queue."""
    waiting: int = 0
    """Frames in the queue now."""


class DetectorServer:
    """Cameras submit frames from their threads and wait for their own answer.

    The queue is bounded: where it is full, `submit` waits, which slows the cameras evenly. Nothing
    is held back to fill a batch: a batch is what has come while the last one was computed.
    """

    def __init__(
        self, detector: Detector, *, clock: Clock, capacity: int = 64, batch: int = 8
    ) -> None:
        """Begin to serve.

        Args:
            detector: used by the server's thread only, from now on.
            capacity: frames that may wait.
            batch: most frames in one call of the detector.
        """
        if capacity < 1 or batch < 1:
            raise ValueError("capacity and batch must be at least 1")
        self.labels = detector.labels
        self._detector = detector
        self._clock = clock
        self._capacity = capacity
        self._batch = batch
        self._queue: deque[tuple[Frame, Answer]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._counters = ServerCounters()
        self._thread = threading.Thread(target=self._serve, name="detector", daemon=True)
        self._thread.start()

    def submit(self, frame: Frame) -> Answer:
        """Ask for a frame's detections; the answer may be a ModelUnavailable.

        Raises:
            ModelUnavailable: the server is closed.
        """
        answer: Answer = Future()
        with self._changed:
            if len(self._queue) >= self._capacity and not self._closed:
                self._count(waits=1)
                self._changed.wait_for(lambda: len(self._queue) < self._capacity or self._closed)
            if self._closed:
                raise ModelUnavailable("the detector is closed")
            self._queue.append((frame, answer))
            self._count(submitted=1)
            self._changed.notify_all()
        return answer

    def counters(self) -> ServerCounters:
        """The state of affairs."""
        with self._changed:
            return replace(self._counters, waiting=len(self._queue))

    def close(self) -> None:
        """Answer what is being computed, refuse what waits, end the thread. May be repeated."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _serve(self) -> None:
        batch: list[tuple[Frame, Answer]] = []
        try:
            while batch := self._next():
                self._answer(batch)
        finally:  # also when the detector breaks its contract: nobody may wait for ever
            with self._changed:
                self._closed = True
                batch += self._queue
                self._queue.clear()
                self._changed.notify_all()
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(ModelUnavailable("the detector was closed"))

    def _next(self) -> list[tuple[Frame, Answer]]:
        """What waits, as far as one batch holds; nothing when closed."""
        taken: list[tuple[Frame, Answer]] = []
        with self._changed:
            while not taken:
                self._changed.wait_for(lambda: self._queue or self._closed)
                if self._closed:
                    return []
                while self._queue and len(taken) < self._batch:
                    frame, answer = self._queue.popleft()
                    if answer.set_running_or_notify_cancel():
                        taken.append((frame, answer))
                    else:
                        self._count(cancelled=1)
                self._changed.notify_all()
        return taken

    def _answer(self, batch: list[tuple[Frame, Answer]]) -> None:
        began = self._clock.monotonic()
        problem: ModelUnavailable | None = None
        found: list[Detections] = []
        try:
            found = self._detector.detect([frame for frame, _ in batch])
            if len(found) != len(batch):
                problem = ModelUnavailable(f"{len(found)} answers came for {len(batch)} frames")
        except ModelUnavailable as error:
            problem = error
            log.warning("The detector failed on %d frames: %s", len(batch), error)
        busy_s = self._clock.monotonic() - began
        with self._changed:
            good = len(batch) if problem is None else 0
            self._count(batches=1, busy_s=busy_s, answered=good, failed=len(batch) - good)
        for index, (_, answer) in enumerate(batch):
            if problem is None:
                answer.set_result(found[index])
            else:
                answer.set_exception(problem)

    def _count(self, **more: float) -> None:
        """Add to the counters; the lock is held."""
        grown = {name: getattr(self._counters, name) + value for name, value in more.items()}
        self._counters = replace(self._counters, **grown)
