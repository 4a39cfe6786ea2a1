"""Did something move?"""

from typing import Protocol

from vedette.contracts.frame import Frame
from vedette.contracts.sight import Motion


class MotionGate(Protocol):
    """Watches the luma plane of one camera; keeps a running background."""

    def look(self, frame: Frame) -> Motion:
        """Compare with what was seen before, and learn; times go forward."""
        ...

    def probe(self, frame: Frame) -> Motion:
        """What `look` would say of a frame, without learning from it: earlier frames may follow."""
        ...
