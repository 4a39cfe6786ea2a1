"""Measures a stream by its arrivals: rate, delay, drift of its clock. Pure."""

from collections import deque

US = 1_000_000
WINDOW_S = 5.0
"""Rates are those of this long; older arrivals are forgotten."""
_BUCKET_S = 0.5
BASE_S = 10
"""The least delay of this many seconds is taken for the delay that cannot be avoided."""
DRIFT_S = 300
"""A clock's rate is measured over this many seconds at most."""
DRIFT_FROM_S = 30
"""... and said after this many."""


class RateMeter:
    """Packets and bits a second, over the last few seconds."""

    def __init__(self) -> None:
        self._buckets: deque[tuple[float, int, int]] = deque()
        """When it began, packets of video, bytes."""
        self.fps = 0.0
        self.bps = 0.0

    def add(self, at_s: float, size: int, *, picture: bool) -> None:
        """Count a packet that arrived at `at_s` (monotonic)."""
        buckets = self._buckets
        if buckets and 0 <= at_s - buckets[-1][0] < _BUCKET_S:
            begun_s, pictures, total = buckets[-1]
            buckets[-1] = (begun_s, pictures + picture, total + size)
            return
        buckets.append((at_s, int(picture), size))
        while at_s - buckets[0][0] > WINDOW_S or buckets[0][0] > at_s:
            buckets.popleft()
        self._measure(at_s)

    def _measure(self, now_s: float) -> None:
        """From the whole buckets; the newest has only begun."""
        whole = list(self._buckets)[:-1]
        if whole and (span_s := now_s - whole[0][0]) > 0:
            self.fps = sum(pictures for _, pictures, _ in whole) / span_s
            self.bps = 8.0 * sum(total for _, _, total in whole) / span_s


class ClockWatch:
    """Compares a camera's clock with ours.

    The delay of a packet is when it came minus when it says that it was made. Its least value of
    a second is hardly touched by jitter; over minutes these minima rise or fall with the clocks'
    difference (least squares, as NTP clients estimate skew), and what a packet took longer than
    the least of the last seconds is lag.
    """

    def __init__(self) -> None:
        self._minima: deque[tuple[int, int]] = deque(maxlen=DRIFT_S)
        """Second of arrival, least delay within it in µs."""
        self._last_us = 0
        self.lag_s = 0.0
        self.ppm = 0.0
        self.least_us = 0
        """Least delay of the last seconds."""

    def note(self, arrived_us: int, made_us: int) -> None:
        """One packet: when it came by our clock, and when it was made by its own, unbroken one."""
        delay_us, second = arrived_us - made_us, arrived_us // US
        if self._minima and not 0 <= arrived_us - self._last_us <= DRIFT_S * US:
            self.restart()  # our clock was set, or it was silent for very long
        self._last_us = arrived_us
        if not self._minima or self._minima[-1][0] != second:
            self._minima.append((second, delay_us))
            self._fit()
        elif delay_us < self._minima[-1][1]:
            self._minima[-1] = (second, delay_us)
        self.least_us = min(least for at, least in self._recent(second))
        self.lag_s = (delay_us - self.least_us) / US

    def restart(self) -> None:
        """Forget: one of the clocks jumped."""
        self._minima.clear()
        self.ppm = 0.0

    def _recent(self, second: int) -> list[tuple[int, int]]:
        found = []
        for at, least in reversed(self._minima):
            if at <= second - BASE_S:
                break
            found.append((at, least))
        return found

    def _fit(self) -> None:
        """Slope of the minima of whole seconds."""
        points = list(self._minima)[:-1]
        if not points or points[-1][0] - points[0][0] < DRIFT_FROM_S:
            return
        count = len(points)
        mean_x = sum(x for x, _ in points) / count
        mean_y = sum(y for _, y in points) / count
        above = sum((x - mean_x) * (y - mean_y) for x, y in points)
        below = sum((x - mean_x) ** 2 for x, _ in points)
        self.ppm = -above / below  # µs a second are millionths
