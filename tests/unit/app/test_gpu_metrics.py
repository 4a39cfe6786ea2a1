"""GPUs on /metrics: their figures where there are some, the reason where there are none."""

import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.app.test_product_metrics import samples
from vedette.app.gpu_metrics import Gpu, GpuMetrics, NoGpu, NvmlProbe


class Cards:
    """A probe that has been told the answer."""

    def __init__(self, *gpus: Gpu, why_not: str = "") -> None:
        self._gpus = gpus
        self._why_not = why_not

    def read(self) -> Sequence[Gpu]:
        if self._why_not:
            raise NoGpu(self._why_not)
        return self._gpus


def test_each_gpu_has_its_figures() -> None:
    cards = [
        Gpu(
            index=n,
            name="T4",
            busy=0.25 * n,
            used_bytes=n * 10**9,
            total_bytes=16 * 10**9,
            celsius=60.0 + n,
        )
        for n in range(2)
    ]

    found = samples(GpuMetrics(Cards(*cards)))

    assert found["vedette_gpus", ""] == 2
    assert found["vedette_gpu_utilisation_ratio", "1"] == 0.25
    assert found["vedette_gpu_memory_used_bytes", "1"] == 10**9
    assert found["vedette_gpu_memory_total_bytes", "0"] == 16 * 10**9
    assert found["vedette_gpu_temperature_celsius", "1"] == 61.0


def test_where_there_is_none_the_reason_is_told() -> None:
    found = samples(GpuMetrics(Cards(why_not="no NVIDIA driver")))

    assert found == {("vedette_gpus", "no NVIDIA driver"): 0} | {
        key: value for key, value in found.items() if not key[0].startswith("vedette_gpu")
    }


def test_the_real_library_on_a_machine_without_a_driver_says_so() -> None:
    probe = NvmlProbe()
    found = samples(GpuMetrics(probe))

    [(reason, count)] = [(key[1], n) for key, n in found.items() if key[0] == "vedette_gpus"]
    assert count > 0 or "no NVIDIA driver" in reason


class FakeNvml:
    """NVIDIA's library, as far as it is asked; its driver can go away."""

    NVML_TEMPERATURE_GPU = 0

    class NVMLError(Exception):
        pass

    def __init__(self) -> None:
        self.opened = 0
        self.away = False

    def nvmlInit(self) -> None:  # noqa: N802  its name
        self.opened += 1

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        if self.away:
            raise self.NVMLError("Driver/library version mismatch")
        return 1

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetName(self, handle: int) -> str:  # noqa: N802
        return f"card {handle}"

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:  # noqa: N802
        return SimpleNamespace(used=5, total=8 + handle)

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> Any:  # noqa: N802
        return SimpleNamespace(gpu=40 + handle)

    def nvmlDeviceGetTemperature(self, handle: int, sensor: int) -> int:  # noqa: N802
        return 50 + handle + sensor


def test_a_driver_that_was_exchanged_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = FakeNvml()
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    probe = NvmlProbe()

    [card] = probe.read()
    assert (card.name, card.busy, card.used_bytes, card.total_bytes) == ("card 0", 0.4, 5, 8)
    probe.read()
    assert nvml.opened == 1
    nvml.away = True
    with pytest.raises(NoGpu, match="mismatch"):
        probe.read()
    nvml.away = False
    probe.read()
    assert nvml.opened == 2


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)

    with pytest.raises(NoGpu, match=r"vedette\[cuda\]"):
        NvmlProbe().read()
