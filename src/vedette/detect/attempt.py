"""One batch through a detector, whatever the detector does; the frames' answers or errors."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.frame import Frame
from vedette.contracts.sight import Detections
from vedette.detect.counters import ServerCounters
from vedette.detect.memory import OutOfMemory, is_out_of_memory
from vedette.detect.port import Detector
from vedette.detect.queue import BatchSize
from vedette.kit.supervise import guarded

Result = Detections | ModelUnavailable


@dataclass(slots=True)
class Attempt:
    """Runs one batch. Memory that runs out halves it; a failing batch is tried frame by frame,
    so that one camera's odd frame costs no other camera its answer."""

    detector: Detector
    size: BatchSize
    calls: list[int] = field(default_factory=list)
    """Frames in each call."""
    errors: list[ModelUnavailable] = field(default_factory=list)
    """Of frames that could not be answered at all."""
    unexpected: int = 0
    out_of_memory: int = 0

    def run(self, frames: Sequence[Frame]) -> list[Result]:
        """One answer or error per frame, in their order; never raises."""
        results: list[Result] = []
        while len(results) < len(frames):
            part = frames[len(results) : len(results) + self.size.now]
            found = self._call(part)
            if isinstance(found, list):
                self.size.fitted(len(part))
                results.extend(found)
            elif isinstance(found, OutOfMemory) and len(part) > 1:
                self.size.too_large(len(part))
            elif len(part) > 1:
                results.extend(self._alone(frame) for frame in part)
            else:
                results.append(self._noted(found))
        return results

    def count(self, tally: ServerCounters, results: Sequence[Result], busy_s: float) -> None:
        """Add what happened to the counters."""
        tally.batches += len(self.calls)
        tally.largest_batch = max(tally.largest_batch, *self.calls)
        tally.busy_s += busy_s
        tally.unexpected += self.unexpected
        tally.out_of_memory += self.out_of_memory
        good = sum(isinstance(result, Detections) for result in results)
        tally.answered += good
        tally.failed += len(results) - good

    def _alone(self, frame: Frame) -> Result:
        found = self._call([frame])
        return found[0] if isinstance(found, list) else self._noted(found)

    def _noted(self, error: ModelUnavailable) -> ModelUnavailable:
        self.errors.append(error)
        return error

    def _call(self, frames: Sequence[Frame]) -> list[Detections] | ModelUnavailable:
        """One call of the detector."""
        self.calls.append(len(frames))
        found: list[Detections] = []
        with guarded("the detector") as outcome:
            try:
                found = self.detector.detect(frames)
            except (ModelUnavailable, MemoryError, RuntimeError) as error:
                return self._sentence(error)
        if outcome.error is not None:
            self.unexpected += 1
            return self._sentence(outcome.error)
        if len(found) != len(frames):
            return ModelUnavailable(f"{len(found)} answers came for {len(frames)} frames")
        return found

    def _sentence(self, error: Exception) -> ModelUnavailable:
        if is_out_of_memory(error):
            self.out_of_memory += 1
            return OutOfMemory(str(error) or "memory ran out")
        if isinstance(error, ModelUnavailable):
            return error
        self.unexpected += isinstance(error, RuntimeError)
        return ModelUnavailable(f"{type(error).__name__}: {error}")
