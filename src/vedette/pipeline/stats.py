"""What one camera counts: shown in /metrics, in the page and in the summary of `analyze`."""

from dataclasses import dataclass, field

from vedette.contracts.facts import CameraState


@dataclass(slots=True, kw_only=True)
class CameraStats:
    """Written by the camera's thread, read by anyone."""

    state: CameraState = CameraState.CONNECTING
    detail: str = ""
    packets: int = 0
    bytes: int = 0
    frames: int = 0
    """Decoded."""
    analysed: int = 0
    """Of these, those that went through the stages."""
    looked: int = 0
    """Of these, those that the detector saw."""
    stale: int = 0
    """Left out because their time was not after the one before."""
    detector_failures: int = 0
    reconnects: int = 0
    tracks: int = 0
    """Confirmed ones that ended or are in view."""
    events: int = 0
    media_failures: int = 0
    first_frame_us: int = -1
    """-1 before the first."""
    last_frame_us: int = 0
    problems: list[str] = field(default_factory=list)
    """The latest few sentences about what went wrong."""

    def problem(self, sentence: str) -> None:
        self.problems = [*self.problems[-4:], sentence]
