"""Feeds the measurements of one opening with its packets; ends what no camera does."""

from vedette.contracts.errors import SourceLost
from vedette.sources.rates import US, ClockWatch, RateMeter
from vedette.sources.stats import SourceStats
from vedette.sources.timemap import LiveTime

MOST_AHEAD_S = 60.0
"""A camera whose times run further ahead of ours than this sends faster than time passes."""
MOST_BPS = 1e9
"""No camera needs more."""


class Gauges:
    """Rates of any stream; of live ones also lag and drift."""

    def __init__(self, stats: SourceStats, live: LiveTime | None) -> None:
        self._stats = stats
        self._live = live
        self._rate = RateMeter()
        self._clocks = ClockWatch()

    def count(self, now_s: float, size: int, *, picture: bool) -> None:
        """A packet came.

        Raises:
            SourceLost: it floods us.
        """
        self._rate.add(now_s, size, picture=picture)
        self._stats.fps_in, self._stats.bitrate_bps = self._rate.fps, self._rate.bps
        if self._live is not None and self._rate.bps > MOST_BPS:
            raise SourceLost(f"it sends {self._rate.bps / 1e6:.0f} Mbit/s, which no camera needs")

    def timed(self, arrived_us: int, at_us: int) -> None:
        """A packet of video was placed in time.

        Raises:
            SourceLost: its clock runs away.
        """
        if self._live is None:
            return
        if at_us - arrived_us > MOST_AHEAD_S * US:
            raise SourceLost(
                f"its pictures are {(at_us - arrived_us) / US:.0f} s ahead of time: it sends "
                "faster than it films, or the clock of this machine was set back"
            )
        if self._live.order.jumped:
            self._clocks.restart()
        self._clocks.note(arrived_us, self._live.made_us())
        stats, clocks = self._stats, self._clocks
        stats.lag_s, stats.drift_ppm = clocks.lag_s, clocks.ppm
        stats.drift_ms = (at_us - arrived_us) / 1000 + 1000 * clocks.lag_s
