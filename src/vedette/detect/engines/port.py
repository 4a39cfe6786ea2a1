"""What computes a network on this machine?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from vedette.contracts.frame import U8

EngineName = Literal["cpu", "openvino", "cuda", "tensorrt"]
Precision = Literal["f32", "bf16"]

Arrays = Mapping[str, npt.NDArray[np.float32]]
"""The graph's outputs by name, batch axis first; valid until the next call."""


class Engine(Protocol):
    """One loaded network; used by one thread at a time."""

    name: str
    """For people: `cpu`, `openvino bf16` ..."""
    outputs: tuple[str, ...]
    batches: bool
    """True where several pictures in one call take less time than one by one."""

    def run(self, pixels: U8) -> Arrays:
        """Compute.

        Args:
            pixels: (n, 3, h, w) or (n, h, w, 3), as the graph has it.
        Raises:
            ModelUnavailable: the engine failed; `OutOfMemory` where it lacked memory.
        """
        ...

    def close(self) -> None:
        """Give back memory and threads."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """What an engine is told."""

    threads: int = 1
    """Threads within one picture; on a CPU."""
    precision: Precision | None = None
    """None: bf16 where the processor computes with it and the engine knows it, else f32."""
    gpu: int = 0
    """Number of the GPU."""
    gpu_mem_gb: float | None = None
    """Most memory of the GPU; None: no bound but its size."""
    extra: Mapping[str, Any] | None = None
    """More options of the engine itself, by its own names."""
