"""What one camera counts: shown in /metrics, in `vedette status`, in the page, and by `analyze`."""

from collections import Counter
from dataclasses import dataclass, field

from vedette.contracts.facts import CameraState
from vedette.contracts.trigger import TriggerStats
from vedette.sources.stats import SourceStats


@dataclass(slots=True, kw_only=True)
class CameraStats:
    """Written by the camera's thread, read by anyone. Counts only grow; rates are made of them by
    whoever reads twice (`app/board.py`)."""

    state: CameraState = CameraState.CONNECTING
    detail: str = ""
    source: SourceStats = field(default_factory=SourceStats)
    """Of the stream that is open, or was last; a new one begins from nothing."""
    packets: int = 0
    """Of video, decoded or not."""
    bytes: int = 0
    """Of video and sound."""
    main_packets: int = 0
    """Of video of the stream that is only kept, where a smaller one is looked at."""
    main_bytes: int = 0
    main_reconnects: int = 0
    frames: int = 0
    """Decoded."""
    analysed: int = 0
    """Of these, those that went through the stages."""
    looked: int = 0
    """Of these, those that the detector saw."""
    closer_looks: int = 0
    """Parts of them that the detector saw closer, besides."""
    stale: int = 0
    """Left out because their time was not after the one before."""
    redecoded: int = 0
    """Frames that were decoded a second time, for what came after them, when the gate opened."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Packets that were not decoded, by cause: `gate` (nothing moves), `pressure` (what comes
    after cannot keep up), `dispensable` (the same, of pictures that no other one needs: B frames),
    `lag` (dropped to catch up), `unsampled` (nobody looks so often)."""
    gate_mode: str = "always"
    """`adaptive`, `keyframe` or `always`."""
    gate_note: str = ""
    """What to expect of the gate, in a sentence."""
    gate_open: bool = True
    gate_opened: int = 0
    """Times that the gate opened."""
    expected_delay_s: float = 0.0
    """How long after it happens something is noticed, at worst, while the gate is closed."""
    pressure: int = 0
    """0 none; 1 thinner sampling; 2 no dispensable frames; 3 keyframes only."""
    ring_bytes: int = 0
    ring_s: float = 0.0
    tamper: str = ""
    """`covered`, `defocused` or `shifted` while the camera is."""
    lag_s: float = 0.0
    """How old the newest analysed moment was when it was analysed."""
    progress_s: float = 0.0
    """Monotonic time of the last turn of the camera's loop: it stands still when the loop hangs."""
    trigger: TriggerStats | None = None
    """Of the camera's own events, where they open the gate."""
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
