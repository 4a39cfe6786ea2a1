"""The GPUs of this machine for Prometheus; where there are none, why."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vedette.contracts.errors import VedetteError

EXTRA = "the package nvidia-ml-py is not installed; `pip install 'vedette[cuda]'` does that"


class NoGpu(VedetteError):
    """There is none, or nobody can ask it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One of them, now."""

    index: int
    name: str
    busy: float
    """Part of the last moment in which something ran on it, 0..1."""
    used_bytes: int
    total_bytes: int
    celsius: float


FIGURES: tuple[tuple[str, str, Callable[[Gpu], float]], ...] = (
    ("utilisation_ratio", "Part of the time that it works.", lambda gpu: gpu.busy),
    ("memory_used_bytes", "Memory in use.", lambda gpu: float(gpu.used_bytes)),
    ("memory_total_bytes", "Memory that it has.", lambda gpu: float(gpu.total_bytes)),
    ("temperature_celsius", "How warm it is.", lambda gpu: gpu.celsius),
)


class GpuProbe(Protocol):
    """Asks the GPUs."""

    def read(self) -> Sequence[Gpu]:
        """How they are; quick.

        Raises:
            NoGpu: see there.
        """
        ...


class NvmlProbe:
    """Asks NVIDIA's driver (NVML). Belongs to one thread at a time."""

    def __init__(self) -> None:
        self._nvml: Any = None

    def read(self) -> Sequence[Gpu]:
        """See `GpuProbe`."""
        nvml = self._opened()
        try:
            return [_gpu(nvml, index) for index in range(nvml.nvmlDeviceGetCount())]
        except nvml.NVMLError as error:
            self._nvml = None  # a driver that was exchanged has to be opened again
            raise NoGpu(f"the driver does not answer: {error}") from error

    def _opened(self) -> Any:
        if self._nvml is None:
            try:
                nvml = import_module("pynvml")
            except ModuleNotFoundError as error:
                raise NoGpu(EXTRA) from error
            try:
                nvml.nvmlInit()
            except nvml.NVMLError as error:
                raise NoGpu(f"no NVIDIA driver: {error}") from error
            self._nvml = nvml
        return self._nvml


class GpuMetrics(Collector):
    """Asks at each scrape."""

    def __init__(self, probe: GpuProbe) -> None:
        self._probe = probe

    def collect(self) -> Iterator[Metric]:
        present = GaugeMetricFamily(
            "vedette_gpus", "How many there are; 0 with the reason.", labels=["reason"]
        )
        try:
            gpus, reason = self._probe.read(), ""
        except NoGpu as error:
            gpus, reason = (), str(error)
        present.add_metric([reason], float(len(gpus)))
        yield present
        for name, meaning, value in FIGURES:
            family = GaugeMetricFamily(f"vedette_gpu_{name}", meaning, labels=["gpu", "name"])
            for gpu in gpus:
                family.add_metric([str(gpu.index), gpu.name], value(gpu))
            yield family


def _gpu(nvml: Any, index: int) -> Gpu:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    return Gpu(
        index=index,
        name=str(nvml.nvmlDeviceGetName(handle)),
        busy=nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100,
        used_bytes=int(memory.used),
        total_bytes=int(memory.total),
        celsius=float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
    )
