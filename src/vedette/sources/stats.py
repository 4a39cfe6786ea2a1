"""What one opening of a source counts: shown in metrics, and said when a stream is in trouble."""

from dataclasses import dataclass, field

MOST_NOTES = 8


@dataclass(slots=True, kw_only=True)
class SourceStats:
    """Written by the thread that reads the stream; may be read by any."""

    packets: int = 0
    """Of video."""
    bytes: int = 0
    """Of video."""
    frames: int = 0
    """Frames handed out."""
    fps_in: float = 0.0
    """Packets of video a second, by arrival, over the last few seconds."""
    bitrate_bps: float = 0.0
    """Bits a second, video and sound, by arrival, over the last few seconds."""
    lag_s: float = 0.0
    """Live only: how much later the latest packet came than the least delayed one of the last
    few seconds: what waits in the network, in the camera or in front of us."""
    drift_ms: float = 0.0
    """Live only: how far the times given to frames are ahead of the wall clock (negative: behind),
    counted from the moment of opening; a backlog does not count."""
    drift_ppm: float = 0.0
    """Live only: how much faster the camera's clock runs than ours, in millionths; 0 until it has
    been watched for half a minute."""
    corrupt_packets: int = 0
    """Packets that arrived incomplete, or are not possible; left out."""
    lost_references: int = 0
    """Gaps in the numbering of pictures: something between two of them never arrived."""
    decode_errors: int = 0
    """Packets that the decoder refused."""
    damaged_frames: int = 0
    """Frames that were decoded with errors, depend on such, or have an impossible size; left
    out."""
    size_changes: int = 0
    """The picture got another width or height within the stream."""
    format_changes: int = 0
    """The parameters of the video changed within the stream (size, profile, codec)."""
    missing_pts: int = 0
    """Packets without a time; placed one frame after the one before."""
    jumps: int = 0
    """Breaks in the stream's own clock (wrap, restart, a splice)."""
    reanchors: int = 0
    """Live only: the stream's clock had drifted from the wall clock, and was put right."""
    audio_packets: int = 0
    audio_bytes: int = 0
    audio_dropped: int = 0
    """Packets of sound that could not be placed in time, or arrived incomplete; left out."""
    loops: int = 0
    """Files only: how often it began again."""
    files: int = 0
    """Folders only: files begun."""
    files_skipped: int = 0
    """Folders only: files that could not be read; the notes say why."""
    ended_early: bool = False
    """Files only: the file is damaged or cut short, and what could be read was read."""
    notes: list[str] = field(default_factory=list)
    """The latest few sentences about what is not as it should be, without credentials."""

    def note(self, sentence: str) -> None:
        """Keep a sentence, once."""
        if sentence not in self.notes:
            self.notes = [*self.notes[1 - MOST_NOTES :], sentence]
