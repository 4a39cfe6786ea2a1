"""Lets the trackers of all cameras of a process share their passes: who comes while one is under
way is followed in the next one, together with everybody else who came.

Nobody waits for a fuller pass (flat combining, Hendler et al., SPAA 2010): alone, a camera's step
is what it always was; when a batch of detections wakes many cameras at once, they cost one pass.
"""

import threading
from dataclasses import dataclass, field
from typing import cast

from vedette.contracts.errors import InvalidInput
from vedette.contracts.sight import Detections, Tracks
from vedette.track.port import Moment, SharingTracker, Tracker

MOST_ROWS = 1000
"""Detections of one pass; a pass over more costs more than two."""


@dataclass(slots=True)
class _Step:
    moment: Moment[SharingTracker]
    tracks: Tracks | None = None
    error: InvalidInput | None = None


@dataclass(slots=True)
class Passes:
    """Of one process; used by the threads of its cameras."""

    shared: int = 0
    """Steps that were made together with others'."""
    _waiting: list[_Step] = field(default_factory=list)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def share(self, tracker: Tracker) -> Tracker:
        """The same tracker, in shared passes; one that cannot share them stays what it is."""
        together = getattr(tracker, "together", None)
        return _Shared(cast(SharingTracker, tracker), self) if callable(together) else tracker

    def step(self, moment: Moment[SharingTracker]) -> Tracks:
        """Follow the objects of one camera into its next frame.

        Raises:
            InvalidInput: as its tracker.
        """
        step = _Step(moment)
        self._waiting.append(step)  # one at a time, as Python's lists do it
        with self._turn:
            while step.tracks is None and step.error is None:
                self._make(self._taken())
        if step.error is not None:
            raise step.error
        assert step.tracks is not None  # noqa: S101  the loop ends with either
        return step.tracks

    def _taken(self) -> list[_Step]:
        """Those who wait, as far as one pass holds, the first ones first; of one kind."""
        taken: list[_Step] = []
        rows = 0
        while self._waiting and (not taken or rows < MOST_ROWS):
            if taken and _kind(self._waiting[0]) is not _kind(taken[0]):
                break
            taken.append(self._waiting.pop(0))
            rows += len(taken[-1].moment.detections)
        return taken

    def _make(self, steps: list[_Step]) -> None:
        over = False
        try:
            found = steps[0].moment.tracker.together([step.moment for step in steps])
            over = True
        except InvalidInput as error:
            over = True
            if len(steps) == 1:
                steps[0].error = error
                return
            for step in steps:  # one of them is at fault: each for itself
                self._make([step])
            return
        finally:
            if not over:  # a fault of ours: nobody may wait for ever
                for step in steps:
                    step.error = InvalidInput("a pass of the tracker failed")
        self.shared += len(steps) if len(steps) > 1 else 0
        for step, tracks in zip(steps, found, strict=True):
            step.tracks = tracks


def _kind(step: _Step) -> type[SharingTracker]:
    return type(step.moment.tracker)


class _Shared:
    """One camera's tracker; see `Passes`."""

    def __init__(self, tracker: SharingTracker, passes: Passes) -> None:
        self._tracker = tracker
        self._passes = passes

    def update(self, detections: Detections, at_us: int) -> Tracks:
        moment = Moment(tracker=self._tracker, detections=detections, at_us=at_us)
        return self._passes.step(moment)

    def finish(self, at_us: int) -> Tracks:
        return self._tracker.finish(at_us)
