"""Is this the same object as before?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from vedette.contracts.sight import Detections, Tracks

T = TypeVar("T")


class Tracker(Protocol):
    """Follows the objects of one camera through time."""

    def update(self, detections: Detections, at_us: int) -> Tracks:
        """Take the detections of one frame; times must not go backwards."""
        ...

    def finish(self, at_us: int) -> Tracks:
        """Give up every object (the source ended); they come back in `ended`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment(Generic[T]):
    """What was found in the next frame of a tracker's camera."""

    tracker: T
    detections: Detections
    at_us: int


class SharingTracker(Tracker, Protocol):
    """A tracker that follows several cameras in one pass cheaper than one after the other."""

    def together(self, moments: Sequence[Moment[Any]]) -> list[Tracks]:
        """The next moments of several trackers of this class, each with exactly the result of its
        own `update`.

        Raises:
            InvalidInput: one of the moments is wrong; then nothing has changed for any.
        """
        ...
