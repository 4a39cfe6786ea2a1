"""Is this the same object as before?"""

from typing import Protocol

from vedette.contracts.sight import Detections, Tracks


class Tracker(Protocol):
    """Follows the objects of one camera through time."""

    def update(self, detections: Detections, at_us: int) -> Tracks:
        """Take the detections of one frame; times must not go backwards."""
        ...

    def finish(self, at_us: int) -> Tracks:
        """Give up every object (the source ended); they come back in `ended`."""
        ...
