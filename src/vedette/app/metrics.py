"""Figures of the running product for Prometheus, gathered when somebody asks."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vedette.contracts.bus_status import BusStatus
from vedette.contracts.facts import CameraState
from vedette.contracts.status import CameraReport, DetectorReport, TriggerReport
from vedette.pipeline.stats import CameraStats
from vedette.services.courier import CourierStats

Figures = Mapping[str, float]

DELIVERING = {CameraState.ONLINE, CameraState.DEGRADED}

COUNTED = (
    ("packets", "Packets received."),
    ("bytes", "Bytes received."),
    ("main_packets", "Packets of the stream that is only kept."),
    ("main_bytes", "Bytes of the stream that is only kept."),
    ("main_reconnects", "Times that the stream that is only kept was lost."),
    ("frames", "Frames decoded."),
    ("analysed", "Frames that went through the stages."),
    ("looked", "Frames that the detector saw."),
    ("stale", "Frames left out because their time was not after the one before."),
    ("detector_failures", "Frames that the detector could not answer."),
    ("reconnects", "Times that the camera was lost."),
    ("tracks", "Confirmed tracks that ended."),
    ("events", "Events opened."),
    ("media_failures", "Clips or pictures that could not be made."),
    ("gate_opened", "Times that the decode gate opened."),
    ("closer_looks", "Parts of frames that the detector saw closer."),
    ("redecoded", "Frames decoded a second time when the gate opened."),
)
"""Counters of `CameraStats`."""

PRESENT = (
    ("fps_in", "Frames that arrive per second."),
    ("fps_analysed", "Frames that go through the stages per second."),
    ("bitrate_bps", "Bits that arrive per second."),
    ("main_fps", "Frames of the stream that is only kept that arrive per second."),
    ("main_bitrate_bps", "Bits of the stream that is only kept that arrive per second."),
    ("lag_s", "Age of the newest analysed moment when it was analysed."),
    ("source_lag_s", "How much later the latest packet came than the least delayed one."),
    ("drift_ms", "How far the camera's clock is ahead of ours."),
    ("drift_ppm", "How much too fast the camera's clock runs, in millionths."),
    ("expected_delay_s", "How late something is noticed, at worst, while the gate is closed."),
    ("pressure", "How much is left out because what comes after cannot keep up, 0..3."),
    ("ring_s", "Length of the packet ring."),
    ("ring_bytes", "Size of the packet ring."),
)
"""Present values of `CameraReport`."""

SECONDS = {"s": 1.0, "ms": 1e-3}
"""Units of time at the end of a name; Prometheus has seconds only."""

TRIGGER_COUNTED = (
    ("notices", "Events that the camera sent, with a word of ours."),
    ("unknown", "Events that the camera sent, for which we have no word."),
    ("dropped", "Events beyond what is read of one camera."),
    ("changes", "Events that were told on to the gate."),
    ("reconnects", "Times that the line to the camera's events was lost."),
)
"""Counters of `TriggerReport`, of cameras whose own events open the gate."""

DETECTOR_COUNTED = (
    ("frames", "Frames that the detector answered."),
    ("failed", "Frames that it did not answer."),
    ("batches", "Calls of the detector."),
    ("out_of_memory", "Calls for which memory did not suffice."),
    ("hangs", "Calls that did not come back in time."),
    ("restarts", "Serving threads that had to be replaced."),
    ("exchanges", "Models exchanged while cameras went on."),
)
DETECTOR_PRESENT = (
    ("waiting", "waiting", "Frames in its queue."),
    ("batch_limit", "batch_limit", "Frames that go in one call now."),
    ("wait_p95_seconds", "wait_p95_s", "Time that frames wait for the detector."),
)

CHANNEL_COUNTED = (
    ("queued", "Messages that were to be sent."),
    ("sent", "Messages that arrived."),
    ("failed", "Messages that were given up."),
    ("retried", "Attempts that failed and were tried again."),
    ("digested", "Messages that waited and were told as one."),
)
BUS_COUNTED = (
    ("delivered", "Facts handled."),
    ("failed", "Facts whose handler failed."),
    ("dropped", "Facts dropped."),
)
BUS_PRESENT = (
    ("depth", "depth", "Facts waiting."),
    ("in_flight", "in_flight", "Facts in hand."),
    ("lag_seconds", "lag_s", "From publishing to handled."),
)


class ProductMetrics(Collector):
    """Gathers at each scrape; nothing is counted twice."""

    def __init__(
        self,
        *,
        cameras: Callable[[], Mapping[str, CameraStats]],
        reports: Callable[[], Sequence[CameraReport]],
        detectors: Callable[[], Sequence[DetectorReport]],
        figures: Callable[[], Figures],
        gauges: Callable[[], Figures],
        bus: Callable[[], BusStatus],
        channels: Callable[[], Sequence[CourierStats]],
    ) -> None:
        """Take where the numbers are.

        Args:
            cameras: counters by camera id.
            reports: rates and states of the cameras.
            detectors: how each process's detector is.
            figures: counters of services, by metric name without `vedette_` and `_total`.
            gauges: present values, by metric name without `vedette_`.
            channels: messages by channel.
        """
        self._cameras = cameras
        self._reports = reports
        self._detectors = detectors
        self._figures = figures
        self._gauges = gauges
        self._bus = bus
        self._channels = channels

    def collect(self) -> Iterator[Metric]:
        yield from self._of_cameras(self._cameras())
        yield from self._of_reports(self._reports())
        yield from self._of_detectors(self._detectors())
        for name, value in self._figures().items():
            yield CounterMetricFamily(f"vedette_{name}", name.replace("_", " "), value=value)
        for name, value in self._gauges().items():
            yield GaugeMetricFamily(f"vedette_{name}", name.replace("_", " "), value=value)
        yield from self._of_bus()
        yield from self._of_channels()

    def _of_cameras(self, cameras: Mapping[str, CameraStats]) -> Iterator[Metric]:
        online = GaugeMetricFamily(
            "vedette_camera_online", "1 while the camera delivers.", labels=["camera"]
        )
        last = GaugeMetricFamily(
            "vedette_camera_last_frame_seconds", "Time of the last frame.", labels=["camera"]
        )
        for camera_id, stats in cameras.items():
            online.add_metric([camera_id], float(stats.state in DELIVERING))
            last.add_metric([camera_id], stats.last_frame_us / 1e6)
        yield online
        yield last
        for name, meaning in COUNTED:
            family = CounterMetricFamily(f"vedette_camera_{name}", meaning, labels=["camera"])
            for camera_id, stats in cameras.items():
                family.add_metric([camera_id], float(getattr(stats, name)))
            yield family

    def _of_reports(self, reports: Sequence[CameraReport]) -> Iterator[Metric]:
        for name, meaning in PRESENT:
            plain, _, unit_of = name.rpartition("_")
            scale = SECONDS.get(unit_of)
            unit = name if scale is None else f"{plain}_seconds"
            family = GaugeMetricFamily(f"vedette_camera_{unit}", meaning, labels=["camera"])
            for report in reports:
                family.add_metric([report.camera_id], float(getattr(report, name)) * (scale or 1.0))
            yield family
        gate = GaugeMetricFamily(
            "vedette_camera_gate_open", "1 while everything is decoded.", labels=["camera", "mode"]
        )
        tamper = GaugeMetricFamily(
            "vedette_camera_tampered", "1 while something is wrong.", labels=["camera", "kind"]
        )
        dropped = CounterMetricFamily(
            "vedette_camera_dropped", "Left out, by cause.", labels=["camera", "cause"]
        )
        irregular = GaugeMetricFamily(
            "vedette_camera_irregular",
            "What was put right in the stream that is open.",
            labels=["camera", "kind"],
        )
        for report in reports:
            for kind, count in report.irregular.items():
                irregular.add_metric([report.camera_id, kind], float(count))
            gate.add_metric([report.camera_id, report.gate_mode], float(report.gate == "open"))
            tamper.add_metric([report.camera_id, report.tamper], float(bool(report.tamper)))
            for cause, count in report.dropped.items():
                dropped.add_metric([report.camera_id, cause], float(count))
        yield gate
        yield tamper
        yield dropped
        yield irregular
        yield from self._of_triggers({r.camera_id: r.trigger for r in reports if r.trigger})

    def _of_triggers(self, triggers: Mapping[str, TriggerReport]) -> Iterator[Metric]:
        connected = GaugeMetricFamily(
            "vedette_camera_trigger_connected",
            "1 while the camera's own events arrive.",
            labels=["camera"],
        )
        for camera_id, trigger in triggers.items():
            connected.add_metric([camera_id], float(trigger.connected))
        yield connected
        for name, meaning in TRIGGER_COUNTED:
            family = CounterMetricFamily(
                f"vedette_camera_trigger_{name}", meaning, labels=["camera"]
            )
            for camera_id, trigger in triggers.items():
                family.add_metric([camera_id], float(getattr(trigger, name)))
            yield family

    def _of_detectors(self, detectors: Sequence[DetectorReport]) -> Iterator[Metric]:
        for name, meaning in DETECTOR_COUNTED:
            counter = CounterMetricFamily(f"vedette_detector_{name}", meaning, labels=["worker"])
            for each in detectors:
                counter.add_metric([each.worker], float(getattr(each, name)))
            yield counter
        for name, field, meaning in DETECTOR_PRESENT:
            gauge = GaugeMetricFamily(f"vedette_detector_{name}", meaning, labels=["worker"])
            for each in detectors:
                gauge.add_metric([each.worker], float(getattr(each, field)))
            yield gauge

    def _of_channels(self) -> Iterator[Metric]:
        stats = self._channels()
        for name, meaning in CHANNEL_COUNTED:
            counter = CounterMetricFamily(
                f"vedette_notifications_{name}", meaning, labels=["channel"]
            )
            for each in stats:
                counter.add_metric([each.channel], float(getattr(each, name)))
            yield counter
        away = GaugeMetricFamily(
            "vedette_channel_away", "1 while a channel cannot be reached.", labels=["channel"]
        )
        for each in stats:
            away.add_metric([each.channel], float(each.away_since is not None))
        yield away
        for name in ("sent", "failed"):  # the seed design's names, for its dashboards
            alias = CounterMetricFamily(
                f"vmm_notification_{name}", f"As vedette_notifications_{name}.", labels=["channel"]
            )
            for each in stats:
                alias.add_metric([each.channel], float(getattr(each, name)))
            yield alias

    def _of_bus(self) -> Iterator[Metric]:
        status = self._bus()
        for name, field, meaning in BUS_PRESENT:
            gauge = GaugeMetricFamily(f"vedette_bus_{name}", meaning, labels=["subscriber"])
            for each in status.subscribers:
                gauge.add_metric([each.name], float(getattr(each, field)))
            yield gauge
        for name, meaning in BUS_COUNTED:
            counter = CounterMetricFamily(f"vedette_bus_{name}", meaning, labels=["subscriber"])
            for each in status.subscribers:
                counter.add_metric([each.name], float(getattr(each, name)))
            yield counter
        facts = CounterMetricFamily("vedette_bus_facts", "Facts published.", labels=["topic"])
        for topic, count in status.facts.items():
            facts.add_metric([topic], count)
        yield facts
