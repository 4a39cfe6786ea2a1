"""The modules of the product for Prometheus: which work, and how often they were begun anew."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vedette.contracts.health import HealthLevel, ModuleHealth


class ModuleMetrics(Collector):
    """Reads how the modules were when they were looked at last."""

    def __init__(self, modules: Callable[[], Sequence[ModuleHealth]]) -> None:
        self._modules = modules

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "vedette_module_up", "1 while the module works.", labels=["module", "class"]
        )
        restarts = CounterMetricFamily(
            "vedette_module_restarts", "Times that it had to be begun anew.", labels=["module"]
        )
        for each in self._modules():
            works = each.level is not HealthLevel.UNHEALTHY
            up.add_metric([each.name, each.criticality.value], float(works))
            restarts.add_metric([each.name], each.restarts)
        yield up
        yield restarts
