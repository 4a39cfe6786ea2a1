"""The latest analysed moment of a camera, for whoever wants to look; costs nothing otherwise."""

from collections.abc import Callable
from dataclasses import dataclass, field

from vedette.contracts.frame import Frame
from vedette.contracts.sight import Tracks

Draw = Callable[[Frame, Tracks], bytes]
"""Draws boxes and zones, and encodes a JPEG."""


@dataclass(slots=True, kw_only=True)
class LiveView:
    """Written by the camera's thread; drawn in the thread of the one who asks."""

    draw: Draw
    _latest: tuple[Frame, Tracks] | None = None
    _drawn: tuple[int, bytes] = field(default=(-1, b""))

    def put(self, frame: Frame, tracks: Tracks) -> None:
        self._latest = (frame, tracks)

    @property
    def at_us(self) -> int:
        """Time of the latest picture; 0 before the first."""
        latest = self._latest
        return latest[0].at_us if latest else 0

    def jpeg(self) -> bytes | None:
        """The latest picture, annotated; None before the first. Drawn once per picture."""
        latest = self._latest
        if latest is None:
            return None
        frame, tracks = latest
        if self._drawn[0] != frame.at_us:
            self._drawn = (frame.at_us, self.draw(frame, tracks))
        return self._drawn[1]

    def last(self) -> tuple[int, bytes] | None:
        """Time and JPEG of the latest picture; None before the first."""
        jpeg = self.jpeg()
        return None if jpeg is None else (self._drawn[0], jpeg)
