"""What is in this frame?"""

from collections.abc import Sequence
from typing import Protocol

from vedette.contracts.frame import Frame
from vedette.contracts.sight import Detections


class Detector(Protocol):
    """Takes a batch, so that one GPU can serve many cameras. Used by one thread at a time."""

    labels: tuple[str, ...]
    """Names of the classes; `Detections.classes` points into it."""

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """One answer per frame; overlapping boxes of one object are already suppressed.

        Raises:
            ModelUnavailable: the model failed; never "no objects" in silence.
        """
        ...
