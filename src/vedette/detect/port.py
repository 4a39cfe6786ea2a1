"""What is in this frame?"""

from collections.abc import Sequence
from typing import Protocol

from vedette.contracts.frame import Frame
from vedette.contracts.sight import Detections


class Detector(Protocol):
    """Takes a batch, so that one GPU can serve many cameras. Used by one thread at a time.

    A detector that holds more than memory may have a method `close()`; it is called once, when
    nobody uses the detector any more.
    """

    labels: tuple[str, ...]
    """Names of the classes; `Detections.classes` points into it."""

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """One answer per frame; overlapping boxes of one object are already suppressed.

        Raises:
            ModelUnavailable: the model failed; never "no objects" in silence.
            MemoryError: these were too many frames; the server tries again with fewer.
        """
        ...


def close(detector: Detector) -> None:
    """Call the detector's own `close`, where it has one."""
    own = getattr(detector, "close", None)
    if callable(own):
        own()
