"""Bounds of a detector server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Bounds of one server."""

    capacity: int = 64
    """Frames that may wait."""
    per_camera: int = 2
    """Frames of one camera that may wait."""
    batch: int = 8
    """Most frames in one call of the detector."""
    max_wait_s: float = 0.0
    """An incomplete batch waits this long for more frames. 0: nothing is held back."""
    hang_s: float = 60.0
    """A call that takes longer has hung: those who wait are told so, the thread is replaced."""

    def __post_init__(self) -> None:
        if min(self.capacity, self.per_camera, self.batch) < 1:
            raise ValueError("capacity, per_camera and batch must be at least 1")
        if self.max_wait_s < 0.0 or self.hang_s <= 0.0:
            raise ValueError("max_wait_s must not be negative, hang_s must be above 0")
