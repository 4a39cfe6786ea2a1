"""Counters of the running product in the Prometheus text format, read when somebody asks."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vedette.bus.port import SubscriptionStats
from vedette.contracts.facts import CameraState
from vedette.pipeline.stats import CameraStats

Figures = Mapping[str, float]

COUNTED = (
    ("packets", "Packets received."),
    ("bytes", "Bytes received."),
    ("frames", "Frames decoded."),
    ("analysed", "Frames that went through the stages."),
    ("looked", "Frames that the detector saw."),
    ("stale", "Frames left out because their time was not after the one before."),
    ("detector_failures", "Frames that the detector could not answer."),
    ("reconnects", "Times that the camera was lost."),
    ("tracks", "Confirmed tracks that ended."),
    ("events", "Events opened."),
    ("media_failures", "Clips or pictures that could not be made."),
)


class ProductMetrics(Collector):
    """Gathers at each scrape; nothing is counted twice."""

    def __init__(
        self,
        *,
        cameras: Mapping[str, CameraStats],
        figures: Callable[[], Figures],
        gauges: Callable[[], Figures],
        bus: Callable[[], tuple[SubscriptionStats, ...]],
    ) -> None:
        """Take where the numbers are.

        Args:
            cameras: counters by camera id.
            figures: counters of services, by metric name without `vedette_` and `_total`.
            gauges: present values, by metric name without `vedette_`.
        """
        self._cameras = cameras
        self._figures = figures
        self._gauges = gauges
        self._bus = bus
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """What `/metrics` answers."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        yield from self._of_cameras()
        for name, value in self._figures().items():
            yield CounterMetricFamily(f"vedette_{name}", name.replace("_", " "), value=value)
        for name, value in self._gauges().items():
            yield GaugeMetricFamily(f"vedette_{name}", name.replace("_", " "), value=value)
        yield from self._of_bus()

    def _of_cameras(self) -> Iterator[Metric]:
        online = GaugeMetricFamily(
            "vedette_camera_online", "1 while the camera delivers.", labels=["camera"]
        )
        last = GaugeMetricFamily(
            "vedette_camera_last_frame_seconds", "Time of the last frame.", labels=["camera"]
        )
        for camera_id, stats in self._cameras.items():
            online.add_metric([camera_id], float(stats.state is CameraState.ONLINE))
            last.add_metric([camera_id], stats.last_frame_us / 1e6)
        yield online
        yield last
        for name, meaning in COUNTED:
            family = CounterMetricFamily(f"vedette_camera_{name}", meaning, labels=["camera"])
            for camera_id, stats in self._cameras.items():
                family.add_metric([camera_id], float(getattr(stats, name)))
            yield family

    def _of_bus(self) -> Iterator[Metric]:
        depth = GaugeMetricFamily("vedette_bus_depth", "Facts waiting.", labels=["subscriber"])
        dropped = CounterMetricFamily(
            "vedette_bus_dropped", "Facts dropped.", labels=["subscriber"]
        )
        delivered = CounterMetricFamily(
            "vedette_bus_delivered", "Facts handled.", labels=["subscriber"]
        )
        for each in self._bus():
            depth.add_metric([each.name], each.depth)
            dropped.add_metric([each.name], each.dropped)
            delivered.add_metric([each.name], each.delivered)
        yield depth
        yield dropped
        yield delivered
