"""Did something move?"""

from typing import Protocol

from vedette.contracts.frame import Frame
from vedette.contracts.sight import Motion


class MotionGate(Protocol):
    """Watches the luma plane of one camera; keeps a running background."""

    def look(self, frame: Frame) -> Motion: ...
