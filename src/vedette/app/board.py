"""The board: reads what cameras count once a second, and makes reports with rates of it."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vedette.contracts.status import CameraReport, DetectorReport
from vedette.kit.clock import Clock, from_us
from vedette.pipeline.stats import CameraStats

WINDOW_S = 5.0
"""Rates are means over this long."""
EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class _Reading:
    """Counters at one moment."""

    at_s: float
    packets: int
    bytes: int
    analysed: int


@dataclass(slots=True)
class RateMeter:
    """Counters of the last seconds of one camera. A counter that went back (its worker was
    replaced) begins anew."""

    _readings: deque[_Reading] = field(default_factory=deque)

    def read(self, at_s: float, stats: CameraStats) -> None:
        """Note the counters; to be called about once a second."""
        now = _Reading(at_s, stats.packets, stats.bytes, stats.analysed)
        if self._readings and now.packets < self._readings[-1].packets:
            self._readings.clear()
        self._readings.append(now)
        while at_s - self._readings[0].at_s > WINDOW_S:
            self._readings.popleft()

    def rates(self) -> tuple[float, float, float]:
        """Frames in, frames analysed, and bits, per second; zeros before the second reading."""
        if len(self._readings) < 2:
            return 0.0, 0.0, 0.0
        first, last = self._readings[0], self._readings[-1]
        elapsed_s = last.at_s - first.at_s
        if elapsed_s <= 0.0:
            return 0.0, 0.0, 0.0
        return (
            (last.packets - first.packets) / elapsed_s,
            (last.analysed - first.analysed) / elapsed_s,
            (last.bytes - first.bytes) * 8 / elapsed_s,
        )


class Board:
    """One task; everything else asks it. Never waits for a camera."""

    def __init__(
        self,
        stats: Callable[[], Mapping[str, CameraStats]],
        *,
        names: Mapping[str, str],
        worker_of: Callable[[str], str] = lambda camera_id: "",
        clock: Clock,
    ) -> None:
        """Take where the numbers are.

        Args:
            stats: the counters of every camera, by id.
            names: what people call the cameras.
            worker_of: name of the process that has a camera.
        """
        self._stats = stats
        self._names = names
        self._worker_of = worker_of
        self._clock = clock
        self._meters: dict[str, RateMeter] = {}

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            self.read()
            await self._clock.sleep(EVERY_S)

    def read(self) -> None:
        """Take one reading of every camera."""
        now_s, stats = self._clock.monotonic(), self._stats()
        for camera_id in self._meters.keys() - stats.keys():
            del self._meters[camera_id]
        for camera_id, each in stats.items():
            self._meters.setdefault(camera_id, RateMeter()).read(now_s, each)

    def reports(self) -> tuple[CameraReport, ...]:
        """Every camera, in the order of the settings."""
        return tuple(self._report(name, stats) for name, stats in self._stats().items())

    def _report(self, camera_id: str, stats: CameraStats) -> CameraReport:
        meter = self._meters.get(camera_id)
        fps_in, fps_analysed, bitrate = meter.rates() if meter else (0.0, 0.0, 0.0)
        return CameraReport(
            camera_id=camera_id,
            name=self._names.get(camera_id, camera_id),
            state=stats.state,
            detail=stats.detail,
            worker=self._worker_of(camera_id),
            fps_in=round(fps_in, 2),
            fps_analysed=round(fps_analysed, 2),
            bitrate_bps=round(bitrate),
            gate="open" if stats.gate_open else "closed",
            gate_mode=stats.gate_mode,
            gate_opened=stats.gate_opened,
            expected_delay_s=round(stats.expected_delay_s, 2),
            lag_s=round(stats.lag_s, 3),
            drift_ms=round(stats.source.drift_ms, 1),
            drift_ppm=round(stats.source.drift_ppm, 1),
            dropped=dropped(stats),
            pressure=stats.pressure,
            reconnects=stats.reconnects,
            looked=stats.looked,
            events=stats.events,
            tracks=stats.tracks,
            ring_s=round(stats.ring_s, 2),
            ring_bytes=stats.ring_bytes,
            tamper=stats.tamper,
            last_frame_at=from_us(stats.last_frame_us) if stats.last_frame_us else None,
            problems=tuple(stats.problems),
        )


def detector_report(counters: Mapping[str, Any], worker: str = "") -> DetectorReport:
    """What a detector server counts (see `ServerCounters`), for the outside."""
    names = DetectorReport.model_fields.keys() & counters.keys()
    shown = {name: counters[name] for name in names}
    return DetectorReport(worker=worker, frames=counters.get("answered", 0), **shown)


def dropped(stats: CameraStats) -> dict[str, int]:
    """What a camera left out, by cause; causes that never happened are not named."""
    source = stats.source
    causes = {
        **stats.skipped,
        "stale": stats.stale,
        "corrupt": source.corrupt_packets,
        "undecodable": source.decode_errors,
        "damaged": source.damaged_frames,
    }
    return {cause: count for cause, count in sorted(causes.items()) if count}
