"""/metrics can be read by Prometheus, and says of each camera how it is."""

import logging
import shutil
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from vedette.app.board import Board, detector_report
from vedette.app.exposition import Exposition, MachineMetrics
from vedette.app.metrics import ProductMetrics
from vedette.contracts.bus_status import BusStatus, SubscriberStatus
from vedette.contracts.facts import CameraState
from vedette.contracts.trigger import TriggerStats
from vedette.detect.counters import ServerCounters
from vedette.kit.logs import ERRORS
from vedette.pipeline.stats import CameraStats
from vedette.services.courier import CourierStats
from vedette.sources.stats import SourceStats
from vedette.testing.fakes import FakeClock

BUS = BusStatus(
    at=FakeClock().now(),
    depth=2,
    in_flight=1,
    lag_s=0.5,
    subscribers=(
        SubscriberStatus(
            name="notifier",
            pattern="event.*",
            capacity=10,
            depth=2,
            in_flight=1,
            delivered=5,
            failed=3,
            dropped=1,
            lag_s=0.5,
            latencies_s=(0.1, 0.5),
        ),
    ),
    facts={"camera.{id}.frame": 8},
)
NO_BUS = BUS.model_copy(update={"subscribers": (), "facts": {}})


def samples(*metrics: Collector) -> dict[tuple[str, str], float]:
    """Name and the first label's value to the figure."""
    text = Exposition(*metrics).text().decode()
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def product_metrics(stats: dict[str, CameraStats], **others: Any) -> ProductMetrics:
    board = Board(lambda: stats, names={}, clock=FakeClock())
    others = {
        "figures": dict,
        "gauges": dict,
        "bus": lambda: NO_BUS,
        "detectors": tuple,
        "channels": tuple,
        **others,
    }
    return ProductMetrics(cameras=lambda: stats, reports=board.reports, **others)


def test_figures_of_cameras_services_and_bus_are_read_back() -> None:
    yard = CameraStats(
        state=CameraState.ONLINE,
        packets=7,
        bytes=900,
        events=3,
        last_frame_us=1_700_000_000_500_000,
    )
    cameras = {"yard": yard, "door": CameraStats(state=CameraState.RETRYING, reconnects=4)}
    metrics = product_metrics(
        cameras,
        figures=lambda: {"events_stored": 12},
        gauges=lambda: {"media_desk_waiting": 1},
        bus=lambda: BUS,
    )

    found = samples(metrics)

    assert found["vedette_camera_online", "yard"] == 1
    assert found["vedette_camera_online", "door"] == 0
    assert found["vedette_camera_last_frame_seconds", "yard"] == 1_700_000_000.5
    assert found["vedette_camera_packets_total", "yard"] == 7
    assert found["vedette_camera_bytes_total", "yard"] == 900
    assert found["vedette_camera_events_total", "yard"] == 3
    assert found["vedette_camera_reconnects_total", "door"] == 4
    assert found["vedette_events_stored_total", ""] == 12
    assert found["vedette_media_desk_waiting", ""] == 1
    assert found["vedette_bus_depth", "notifier"] == 2
    assert found["vedette_bus_dropped_total", "notifier"] == 1
    assert found["vedette_bus_delivered_total", "notifier"] == 5
    assert found["vedette_bus_failed_total", "notifier"] == 3
    assert found["vedette_bus_in_flight", "notifier"] == 1
    assert found["vedette_bus_lag_seconds", "notifier"] == 0.5
    assert found["vedette_bus_facts_total", "camera.{id}.frame"] == 8


def test_messages_disks_and_the_process_itself_are_measured(tmp_path: Path) -> None:
    phone = CourierStats(channel="phone", queued=9, sent=7, failed=1, retried=4)
    metrics = product_metrics(
        {},
        channels=lambda: (phone,),
    )
    disks = MachineMetrics({"events": tmp_path, "recordings": tmp_path / "away"})

    found = samples(metrics, disks)

    for name, value in (("queued", 9), ("sent", 7), ("failed", 1), ("retried", 4)):
        assert found[f"vedette_notifications_{name}_total", "phone"] == value
        if name in ("sent", "failed"):
            assert found[f"vmm_notification_{name}_total", "phone"] == value
    total = found["vedette_disk_total_bytes", "events"]
    assert total == shutil.disk_usage(tmp_path).total
    assert 0 < found["vedette_disk_free_bytes", "events"] <= total
    assert ("vedette_disk_free_bytes", "recordings") not in found, "it is away"
    assert found["process_resident_memory_bytes", ""] > 1e7
    assert found["process_cpu_seconds_total", ""] > 0.0


def test_errors_are_counted_by_who_logged_them() -> None:
    record = logging.makeLogRecord({"name": "vedette.cellar", "levelno": logging.ERROR})
    metrics = MachineMetrics({})
    before = samples(metrics).get(("vedette_errors_logged_total", "vedette.cellar"), 0.0)
    ERRORS.handle(record)

    assert samples(metrics)["vedette_errors_logged_total", "vedette.cellar"] == before + 1


def test_figures_are_those_of_the_moment() -> None:
    stats = CameraStats()
    metrics = product_metrics({"yard": stats})
    assert samples(metrics)["vedette_camera_frames_total", "yard"] == 0

    stats.frames = 25

    assert samples(metrics)["vedette_camera_frames_total", "yard"] == 25


def test_every_counter_of_a_camera_is_shown() -> None:
    metrics = product_metrics({"yard": CameraStats()})
    told = {name for name, _ in samples(metrics)}
    counters = {
        name for name, kind in CameraStats.__annotations__.items() if kind in (int, "int")
    } - {"first_frame_us", "last_frame_us", "pressure", "ring_bytes"}

    assert counters
    assert {f"vedette_camera_{name}_total" for name in counters} <= told


def test_gate_tamper_and_drops_are_told_by_name() -> None:
    yard = CameraStats(
        gate_mode="adaptive",
        gate_open=False,
        tamper="covered",
        lag_s=0.25,
        source=SourceStats(lag_s=0.5, drift_ms=-250.0),
        skipped=Counter(gate=90, pressure=3),
    )
    text = Exposition(product_metrics({"yard": yard})).text().decode()

    assert 'vedette_camera_gate_open{camera="yard",mode="adaptive"} 0.0' in text
    assert 'vedette_camera_tampered{camera="yard",kind="covered"} 1.0' in text
    assert 'vedette_camera_dropped_total{camera="yard",cause="pressure"} 3.0' in text
    assert 'vedette_camera_lag_seconds{camera="yard"} 0.25' in text
    assert 'vedette_camera_source_lag_seconds{camera="yard"} 0.5' in text
    assert 'vedette_camera_drift_seconds{camera="yard"} -0.25' in text


def test_the_line_to_a_cameras_own_events_is_told_where_there_is_one() -> None:
    yard = CameraStats(
        trigger=TriggerStats(connected=True, notices=7, dropped=1),
        source=SourceStats(reanchors=2),
    )
    text = Exposition(product_metrics({"yard": yard, "door": CameraStats()})).text().decode()

    assert 'vedette_camera_trigger_connected{camera="yard"} 1.0' in text
    assert 'vedette_camera_trigger_notices_total{camera="yard"} 7.0' in text
    assert 'vedette_camera_trigger_dropped_total{camera="yard"} 1.0' in text
    assert 'vedette_camera_irregular{camera="yard",kind="reanchors"} 2.0' in text
    assert 'trigger_connected{camera="door"}' not in text


def test_each_detector_tells_how_it_stands() -> None:
    counters = ServerCounters(answered=50, batches=9, out_of_memory=2, batch_limit=4)
    report = detector_report(asdict(counters), worker="w1")

    text = Exposition(product_metrics({}, detectors=lambda: [report])).text().decode()

    assert report.frames == 50
    assert 'vedette_detector_batches_total{worker="w1"} 9.0' in text
    assert 'vedette_detector_frames_total{worker="w1"} 50.0' in text
    assert 'vedette_detector_waiting{worker="w1"} 0.0' in text
    assert 'vedette_detector_out_of_memory_total{worker="w1"} 2.0' in text
    assert 'vedette_detector_batch_limit{worker="w1"} 4.0' in text
