"""How long things take, for Prometheus: each stage of a picture, and each module with a fact."""

import threading
from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from vedette.bus.port import EventBus, Happening, Told
from vedette.kit.histogram import Histogram

StageTimes = Mapping[str, Mapping[str, Histogram]]
"""By process, by stage."""

HANDLED = {Happening.HANDLED, Happening.FAILED, Happening.TIMED_OUT}


class StageMetrics(Collector):
    """Reads what the processes told last."""

    def __init__(self, stages: Callable[[], StageTimes]) -> None:
        self._stages = stages

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(
            "vedette_stage_seconds",
            "How long a picture takes in each stage; media: a picture or clip of an event.",
            labels=["component", "stage"],
        )
        for component, stages in self._stages().items():
            for stage, took in stages.items():
                family.add_metric([component, stage], took.cumulative(), took.total_s)
        yield family


class ModuleLatency(Collector):
    """Watches a bus, from now on."""

    def __init__(self, bus: EventBus) -> None:
        self._lock = threading.Lock()
        self._took: dict[str, Histogram] = {}
        bus.watch(self._hear)

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(
            "vedette_module_latency_seconds",
            "From the publishing of a fact until a subscriber has handled it.",
            labels=["subscriber"],
        )
        with self._lock:
            for subscriber, took in self._took.items():
                family.add_metric([subscriber], took.cumulative(), took.total_s)
        yield family

    def _hear(self, told: Told) -> None:
        if told.what in HANDLED and told.subscriber:
            with self._lock:
                took = self._took.get(told.subscriber)
                if took is None:
                    took = self._took[told.subscriber] = Histogram()
                took.add(told.seconds)
