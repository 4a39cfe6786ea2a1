"""What one opening of a source counts: shown in metrics, and said when a stream is in trouble."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class SourceStats:
    """Written by the thread that reads the stream; may be read by any."""

    packets: int = 0
    bytes: int = 0
    frames: int = 0
    """Frames handed out."""
    corrupt_packets: int = 0
    """Packets that arrived incomplete; left out."""
    decode_errors: int = 0
    """Packets that the decoder refused."""
    damaged_frames: int = 0
    """Frames that were decoded with errors, or have an impossible size; left out."""
    size_changes: int = 0
    """The picture got another width or height within the stream."""
    missing_pts: int = 0
    """Packets without a time; placed one frame after the one before."""
    jumps: int = 0
    """Breaks in the stream's own clock (wrap, restart, a splice)."""
    reanchors: int = 0
    """Live only: the stream's clock had drifted from the wall clock, and was put right."""
    loops: int = 0
    """Files only: how often it began again."""
    ended_early: bool = False
    """Files only: the file is damaged or cut short, and what could be read was read."""
