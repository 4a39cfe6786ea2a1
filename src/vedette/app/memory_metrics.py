"""The memory of each process for Prometheus, as far as it can be told who holds it."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vedette.contracts.span import CONTROL
from vedette.kit.heap import Heap, heap

FIGURES: tuple[tuple[str, str, Callable[[Heap], int]], ...] = (
    ("heap_used_bytes", "Held by somebody, of the C library's heap.", lambda h: h.used_bytes),
    ("heap_free_bytes", "Holes in the C library's heap.", lambda h: h.free_bytes),
    ("python_blocks", "Small blocks that Python holds.", lambda h: h.blocks),
)


class MemoryMetrics(Collector):
    """Looks at this process, and reads what the others told last."""

    def __init__(self, others: Callable[[], Mapping[str, Heap]]) -> None:
        """`others`: by name of the process."""
        self._others = others

    def collect(self) -> Iterator[Metric]:
        heaps = {CONTROL: heap(), **self._others()}
        for name, meaning, value in FIGURES:
            family = GaugeMetricFamily(f"vedette_{name}", meaning, labels=["component"])
            for component, each in heaps.items():
                family.add_metric([component], float(value(each)))
            yield family
