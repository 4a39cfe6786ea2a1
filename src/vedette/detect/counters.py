"""What a detector server has done since it began, and how it stands."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class ServerCounters:
    """The server keeps one and hands out copies."""

    submitted: int = 0
    answered: int = 0
    failed: int = 0
    """Frames that were answered with an error."""
    cancelled: int = 0
    refused: int = 0
    """Frames that found no room in time."""
    batches: int = 0
    """Calls of the detector."""
    largest_batch: int = 0
    busy_s: float = 0.0
    """Time in the detector."""
    waits: int = 0
    """Times that a camera had to wait for room in the queue."""
    unexpected: int = 0
    """Calls that ended with an error that no detector should raise."""
    out_of_memory: int = 0
    """Calls for which memory did not suffice."""
    hangs: int = 0
    restarts: int = 0
    """Serving threads that had to be replaced."""
    exchanges: int = 0
    """Detectors that were exchanged while cameras went on."""
    waiting: int = 0
    """Frames in the queue now."""
    batch_limit: int = 0
    """Frames that go in one call now; fewer than configured after memory ran out."""
    wait_p50_s: float = 0.0
    """Time in the queue over the last seconds."""
    wait_p95_s: float = 0.0
