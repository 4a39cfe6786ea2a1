"""What `/metrics` answers: figures of the product, of its process and of its disks, as text."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vedette.kit.logs import ERRORS


class Exposition:
    """Several collectors as one answer in the Prometheus text format."""

    def __init__(self, *collectors: Collector) -> None:
        self._registry = CollectorRegistry()
        for each in collectors:
            self._registry.register(each)
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """The figures of this moment."""
        return generate_latest(self._registry)


class MachineMetrics(Collector):
    """Disks, and what went wrong in this process."""

    def __init__(self, disks: Mapping[str, Path]) -> None:
        """`disks`: folders that the product fills, by what is in them."""
        self._disks = disks

    def collect(self) -> Iterator[Metric]:
        yield from self._of_disks()
        errors = CounterMetricFamily(
            "vedette_errors_logged", "Errors in the log of the main process.", labels=["module"]
        )
        for module, count in ERRORS.counts.items():
            errors.add_metric([module], count)
        yield errors

    def _of_disks(self) -> Iterator[Metric]:
        free = GaugeMetricFamily(
            "vedette_disk_free_bytes", "Room that is left where these are kept.", labels=["what"]
        )
        total = GaugeMetricFamily(
            "vedette_disk_total_bytes", "Size of the disk where these are kept.", labels=["what"]
        )
        for what, folder in self._disks.items():
            with suppress(OSError):  # a disk that is away has no room to tell of
                usage = shutil.disk_usage(folder)
                free.add_metric([what], usage.free)
                total.add_metric([what], usage.total)
        yield free
        yield total
