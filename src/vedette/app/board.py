"""The board: reads what cameras count once a second, and makes reports with rates of it."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vedette.contracts.status import CameraReport, DetectorReport, TriggerReport
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
    main_packets: int
    main_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Means over the last seconds."""

    fps_in: float = 0.0
    fps_analysed: float = 0.0
    bitrate_bps: float = 0.0
    main_fps: float = 0.0
    main_bitrate_bps: float = 0.0


@dataclass(slots=True)
class RateMeter:
    """Counters of the last seconds of one camera. A counter that went back (its worker was
    replaced) begins anew."""

    _readings: deque[_Reading] = field(default_factory=deque)

    def read(self, at_s: float, stats: CameraStats) -> None:
        """Note the counters; to be called about once a second."""
        now = _Reading(
            at_s,
            stats.packets,
            stats.bytes,
            stats.analysed,
            stats.main_packets,
            stats.main_bytes,
        )
        if self._readings and now.packets < self._readings[-1].packets:
            self._readings.clear()
        self._readings.append(now)
        while at_s - self._readings[0].at_s > WINDOW_S:
            self._readings.popleft()

    def rates(self) -> Rates:
        """Zeros before the second reading."""
        if len(self._readings) < 2:
            return Rates()
        first, last = self._readings[0], self._readings[-1]
        elapsed_s = last.at_s - first.at_s
        if elapsed_s <= 0.0:
            return Rates()
        return Rates(
            fps_in=(last.packets - first.packets) / elapsed_s,
            fps_analysed=(last.analysed - first.analysed) / elapsed_s,
            bitrate_bps=(last.bytes - first.bytes) * 8 / elapsed_s,
            main_fps=max(0, last.main_packets - first.main_packets) / elapsed_s,
            main_bitrate_bps=max(0, last.main_bytes - first.main_bytes) * 8 / elapsed_s,
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
        self._late_s: deque[float] = deque(maxlen=round(WINDOW_S / EVERY_S))

    def rename(self, names: Mapping[str, str]) -> None:
        """What people call the cameras from now on."""
        self._names = names

    @property
    def loop_lag_s(self) -> float:
        """How late the event loop called, at worst, in the last seconds: long where something
        blocks it."""
        return max(self._late_s, default=0.0)

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            self.read()
            due_s = self._clock.monotonic() + EVERY_S
            await self._clock.sleep(EVERY_S)
            self._late_s.append(max(0.0, self._clock.monotonic() - due_s))

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
        rates = meter.rates() if meter else Rates()
        return CameraReport(
            camera_id=camera_id,
            name=self._names.get(camera_id, camera_id),
            state=stats.state,
            detail=stats.detail,
            worker=self._worker_of(camera_id),
            fps_in=round(rates.fps_in, 2),
            fps_analysed=round(rates.fps_analysed, 2),
            bitrate_bps=round(rates.bitrate_bps),
            main_fps=round(rates.main_fps, 2),
            main_bitrate_bps=round(rates.main_bitrate_bps),
            main_reconnects=stats.main_reconnects,
            gate="open" if stats.gate_open else "closed",
            gate_mode=stats.gate_mode,
            gate_note=stats.gate_note,
            gate_opened=stats.gate_opened,
            expected_delay_s=round(stats.expected_delay_s, 2),
            lag_s=round(stats.lag_s, 3),
            source_lag_s=round(stats.source.lag_s, 3),
            drift_ms=round(stats.source.drift_ms, 1),
            drift_ppm=round(stats.source.drift_ppm, 1),
            dropped=dropped(stats),
            irregular=irregular(stats),
            notes=tuple(stats.source.notes),
            pressure=stats.pressure,
            reconnects=stats.reconnects,
            looked=stats.looked,
            events=stats.events,
            tracks=stats.tracks,
            ring_s=round(stats.ring_s, 2),
            ring_bytes=stats.ring_bytes,
            tamper=stats.tamper,
            trigger=None if stats.trigger is None else TriggerReport(**asdict(stats.trigger)),
            last_frame_at=from_us(stats.last_frame_us) if stats.last_frame_us else None,
            problems=tuple(stats.problems),
        )


def detector_report(counters: Mapping[str, Any], worker: str = "") -> DetectorReport:
    """What a detector server counts (see `ServerCounters`), for the outside."""
    names = DetectorReport.model_fields.keys() & counters.keys()
    shown = {name: counters[name] for name in names}
    return DetectorReport(worker=worker, frames=counters.get("answered", 0), **shown)


IRREGULAR = (
    "missing_pts",
    "jumps",
    "reanchors",
    "lost_references",
    "size_changes",
    "format_changes",
)
"""Counters of `SourceStats`."""


def irregular(stats: CameraStats) -> dict[str, int]:
    """What was put right in the stream that is open; what never happened is not named."""
    counts = {name: getattr(stats.source, name) for name in IRREGULAR}
    return {name: count for name, count in counts.items() if count}


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
