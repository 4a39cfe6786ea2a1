"""One detector for many cameras: a supervised thread, a fair bounded queue, batches."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.frame import Frame
from vedette.contracts.sight import Detections
from vedette.detect.attempt import Attempt
from vedette.detect.counters import ServerCounters
from vedette.detect.limits import ServerLimits
from vedette.detect.port import Detector, close
from vedette.detect.preprocess import black_frame
from vedette.detect.queue import Answer, Asked, BatchSize, FairQueue, Waits
from vedette.kit.clock import Clock
from vedette.kit.supervise import guarded

log = logging.getLogger(__name__)

SICK_AFTER = 3
"""Batches that failed one after the other before the server calls itself unwell."""
SIZES = 4
"""A new detector is tried on so many sizes of frames before it takes over."""
LOOK_S = 1.0
"""The longest pause of the thread that watches over the serving one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """How a new detector took over."""

    before: tuple[str, ...]
    """Labels of the old one."""
    after: tuple[str, ...]
    gap_s: float
    """From the call until the new one could serve: what a waiting camera may have lost."""


@dataclass(slots=True, kw_only=True)
class _Job:
    """A batch in the detector."""

    asked: list[Asked]
    detector: Detector
    since_s: float
    abandoned: bool = False


class DetectorServer:
    """Cameras submit frames from their threads and wait for their own answer.

    The queue is bounded: where it is full, `submit` waits, which slows the cameras evenly. A batch
    is what has come while the last one was computed; only with `max_wait_s` it waits for more.
    Whatever a detector does (unknown errors, no memory, a call that never returns), those who wait
    get a `ModelUnavailable`, and the server goes on where going on is possible.
    """

    def __init__(
        self,
        detector: Detector,
        *,
        clock: Clock,
        limits: ServerLimits | None = None,
        rebuild: Callable[[], Detector] | None = None,
    ) -> None:
        """Begin to serve.

        Args:
            detector: used by the server's thread only, from now on.
            rebuild: makes another one where a call never returned; None: the server then waits
                for the call, and refuses meanwhile.
        """
        self._limits = limits or ServerLimits()
        self._clock = clock
        self._rebuild = rebuild
        self._detector = detector
        self._queue = FairQueue(capacity=self._limits.capacity, per_camera=self._limits.per_camera)
        self._size = BatchSize(self._limits.batch)
        self._waits = Waits()
        self._tally = ServerCounters()
        lock = threading.RLock()
        self._came = threading.Condition(lock)
        self._left = threading.Condition(lock)
        self._closed = threading.Event()
        self._job: _Job | None = None
        self._hung = False
        self._failures, self._last = 0, ""
        self._sizes: dict[tuple[int, int], Frame] = {}
        """A black frame of each of the first sizes that came."""
        self._thread = self._begin()
        self._watch = threading.Thread(target=self._supervise, name="detector-watch", daemon=True)
        self._watch.start()

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the detector that serves now."""
        return self._detector.labels

    @property
    def detector(self) -> Detector:
        """The one that serves now; only to be asked what it is, never to be used."""
        return self._detector

    def submit(self, frame: Frame) -> Answer:
        """Ask for a frame's detections; the answer may be a ModelUnavailable.

        Raises:
            ModelUnavailable: the server is closed or hangs, or had no room for too long.
        """
        with self._left:
            if not self._ready_for(frame):
                self._tally.waits += 1
                self._left.wait_for(lambda: self._ready_for(frame), self._limits.hang_s)
            return self._ask(frame)

    def submit_now(self, frame: Frame) -> Answer:
        """The same without waiting for room (and past a camera's own bound).

        Raises:
            ModelUnavailable: the server is closed or hangs, or the queue is full.
        """
        with self._left:
            return self._ask(frame, past_own_bound=True)

    def exchange(
        self, detector: Detector, rebuild: Callable[[], Detector] | None = None
    ) -> Exchange:
        """Let a loaded detector take over between two batches; the old one is closed.

        It is tried on the sizes that cameras have, beside the old one, before it takes over.
        Waits for the batch that is being computed, not for what is in the queue.

        Args:
            rebuild: as in the constructor, for the new one.
        Raises:
            ModelUnavailable: the server is closed, or the new one failed; the old one goes on.
        """
        self._try_on_sizes(detector)
        began_s = self._clock.monotonic()
        with self._left:
            if self._closed.is_set():
                raise ModelUnavailable("the detector is closed")
            old, self._detector = self._detector, detector
            self._rebuild = rebuild
            self._size = BatchSize(self._limits.batch)
            self._tally.exchanges += 1
            self._failures, self._last = 0, ""
            if hung := self._hung:
                self._replace("the detector was exchanged", detector)
            self._left.wait_for(
                lambda: self._job is None or self._job.detector is not old or self._hung,
                self._limits.hang_s,
            )
            stuck = hung or (self._job is not None and self._job.detector is old)
        if not stuck:  # one that hangs is left to itself
            with guarded("closing the old detector"):
                close(old)
        gap_s = self._clock.monotonic() - began_s
        return Exchange(before=old.labels, after=detector.labels, gap_s=gap_s)

    def _try_on_sizes(self, detector: Detector) -> None:
        attempt = Attempt(detector, BatchSize(1))
        with self._left:
            frames = list(self._sizes.values())
        attempt.run(frames)
        if attempt.errors:
            raise attempt.errors[0]

    @property
    def problem(self) -> str:
        """Why cameras get no answers, as a sentence; empty where all is well."""
        with self._left:
            if self._closed.is_set():
                return "the detector is closed"
            if self._hung:
                return f"the detector has not answered for {self._limits.hang_s:g} s"
            if self._failures >= SICK_AFTER:
                return f"the detector failed {self._failures} times in a row: {self._last}"
            return ""

    @property
    def healthy(self) -> bool:
        return not self.problem

    def wait_s(self) -> float:
        """How long a frame waits in the queue now: the signal that cameras are too many.

        The 95th percentile of the last seconds, or the age of the oldest frame that waits.
        """
        with self._left:
            now_s = self._clock.monotonic()
            lately_s = self._waits.percentiles(now_s, 0.95)[0]
            oldest_s = self._queue.oldest_s()
            return max(lately_s, 0.0 if oldest_s is None else now_s - oldest_s)

    def counters(self) -> ServerCounters:
        """The state of affairs."""
        with self._left:
            p50_s, p95_s = self._waits.percentiles(self._clock.monotonic(), 0.5, 0.95)
            return replace(
                self._tally,
                waiting=len(self._queue),
                batch_limit=self._size.now,
                wait_p50_s=p50_s,
                wait_p95_s=p95_s,
            )

    def close(self) -> None:
        """Answer what is being computed, refuse what waits, end the threads. May be repeated."""
        with self._left:
            self._closed.set()
            self._came.notify_all()
            self._left.notify_all()
            hung, thread = self._hung, self._thread
        self._refuse_all("the detector was closed")
        for each in (thread, self._watch):
            if each is not threading.current_thread() and not (hung and each is thread):
                each.join(self._limits.hang_s)
        if not thread.is_alive():
            with guarded("closing the detector"):
                close(self._detector)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ready_for(self, frame: Frame) -> bool:
        return self._queue.has_room(frame.camera_id) or self._closed.is_set() or self._hung

    def _ask(self, frame: Frame, *, past_own_bound: bool = False) -> Answer:
        """Put a frame into the queue; the lock is held."""
        if self._closed.is_set():
            raise ModelUnavailable("the detector is closed")
        if self._hung:
            raise ModelUnavailable(self.problem)
        bounded = len(self._queue) < self._limits.capacity
        if not (bounded if past_own_bound else self._queue.has_room(frame.camera_id)):
            self._tally.refused += 1
            raise ModelUnavailable(f"the detector has no room: {len(self._queue)} frames wait")
        answer: Answer = Future()
        self._queue.add(Asked(frame=frame, answer=answer, since_s=self._clock.monotonic()))
        self._tally.submitted += 1
        size = (frame.width, frame.height)
        if size not in self._sizes and len(self._sizes) < SIZES:
            self._sizes[size] = black_frame(*size)
        self._came.notify_all()
        return answer

    # The serving thread.

    def _begin(self) -> threading.Thread:
        thread = threading.Thread(target=self._serve, name="detector", daemon=True)
        self._thread = thread
        thread.start()
        return thread

    def _serve(self) -> None:
        me = threading.current_thread()
        while (job := self._next(me)) is not None:
            attempt = Attempt(job.detector, self._size)
            found = attempt.run([asked.frame for asked in job.asked])
            spent_s = self._clock.monotonic() - job.since_s
            with self._left:
                self._job = None if self._job is job else self._job
                self._left.notify_all()
                if job.abandoned:
                    self._hung = self._hung and self._thread is not me  # it came back after all
                    continue
                attempt.count(self._tally, found, spent_s)
                self._judge(attempt.errors)
            for asked, result in zip(job.asked, found, strict=True):
                if isinstance(result, Detections):
                    asked.answer.set_result(result)
                else:
                    asked.answer.set_exception(result)

    def _next(self, me: threading.Thread) -> _Job | None:
        """What waits, as far as one batch holds; None when closed, or when replaced."""
        with self._came:
            while not self._closed.is_set() and self._thread is me:
                if not len(self._queue):
                    self._came.wait()
                    continue
                self._fill()
                now_s = self._clock.monotonic()
                taken = [asked for asked in self._queue.take(self._size.now) if self._still(asked)]
                self._left.notify_all()
                if taken:
                    for asked in taken:
                        self._waits.add(now_s, now_s - asked.since_s)
                    self._job = _Job(asked=taken, detector=self._detector, since_s=now_s)
                    return self._job
        return None

    def _fill(self) -> None:
        """Wait a moment for a fuller batch, where that is wanted."""
        oldest_s = self._queue.oldest_s()
        if self._limits.max_wait_s and oldest_s is not None:
            left_s = oldest_s + self._limits.max_wait_s - self._clock.monotonic()
            if left_s > 0:
                self._came.wait_for(
                    lambda: len(self._queue) >= self._size.now or self._closed.is_set(), left_s
                )

    def _still(self, asked: Asked) -> bool:
        """False where nobody waits for this answer any more."""
        wanted = asked.answer.set_running_or_notify_cancel()
        self._tally.cancelled += not wanted
        return wanted

    def _judge(self, errors: list[ModelUnavailable]) -> None:
        self._failures = self._failures + 1 if errors else 0
        if errors:
            self._last = str(errors[-1])
            log.warning("The detector failed on %d frames: %s", len(errors), self._last)

    # The watching thread.

    def _supervise(self) -> None:
        """Replace a serving thread that died, or that has not come back from its detector."""
        while not self._closed.wait(min(LOOK_S, self._limits.hang_s / 4)):
            with guarded("the supervision of the detector"):
                if not self._thread.is_alive():
                    self._replace("the detector's thread ended", self._detector)
                elif self._overdue():
                    self._give_up_on_call()

    def _overdue(self) -> bool:
        with self._left:
            job = self._job
            spent_s = 0.0 if job is None else self._clock.monotonic() - job.since_s
            return spent_s > self._limits.hang_s and not self._hung

    def _give_up_on_call(self) -> None:
        with self._left:
            self._hung = True
            self._tally.hangs += 1
            self._left.notify_all()
        sentence = self.problem
        log.error("%s", sentence)
        self._abandon(sentence)
        self._refuse_all(sentence)
        if self._rebuild is not None:
            self._replace(sentence, self._rebuild())

    def _abandon(self, sentence: str) -> None:
        """Tell those whose frames are in the call; what it still may say is ignored."""
        with self._left:
            job, self._job = self._job, None
            if job is None:
                return
            job.abandoned = True
            self._tally.failed += len(job.asked)
        for asked in job.asked:
            asked.answer.set_exception(ModelUnavailable(sentence))

    def _replace(self, sentence: str, detector: Detector) -> None:
        self._abandon(sentence)
        with self._left:
            if self._closed.is_set():
                return
            self._detector = detector
            self._tally.restarts += 1
            self._hung = False
            self._begin()
        log.warning("The detector serves again, in a new thread")

    def _refuse_all(self, sentence: str) -> None:
        with self._left:
            refused = self._queue.take(len(self._queue))
            refused = [asked for asked in refused if self._still(asked)]
            self._tally.failed += len(refused)
            self._left.notify_all()
        for asked in refused:
            asked.answer.set_exception(ModelUnavailable(sentence))
