"""Opens streams: live ones from now on, recordings from an agreed begin."""

from vedette.kit.clock import Clock
from vedette.sources.av_stream import AvStream, file_time
from vedette.sources.container import Opened, Target, open_video
from vedette.sources.stats import SourceStats
from vedette.sources.timemap import LiveTime


def open_live(
    target: Target, *, camera_id: str, clock: Clock, opened: Opened | None = None
) -> AvStream:
    """Open a camera (or go on with one that is open): its first packet is now.

    Raises:
        SourceLost, SourceRefused: see `open_video`.
    """
    opened = opened or open_video(target, clock=clock)
    stats = SourceStats()
    timeline = LiveTime(
        time_base=opened.info.time_base, frame_rate=opened.info.frame_rate, stats=stats
    )
    return AvStream(
        target,
        opened,
        camera_id=camera_id,
        clock=clock,
        stats=stats,
        timeline=timeline,
    )


def open_recorded(
    target: Target, opened: Opened, *, camera_id: str, clock: Clock, start_us: int
) -> AvStream:
    """Read a recording that is already open, from `start_us`."""
    stats = SourceStats()
    timeline = file_time(opened.info, start_us, stats)
    return AvStream(
        target,
        opened,
        camera_id=camera_id,
        clock=clock,
        stats=stats,
        timeline=timeline,
    )
