"""OpenVINO on the CPU: about twice as fast where the processor computes with bf16."""

import sys
from collections.abc import Mapping
from typing import Any

# Else each import reports to a company, in a process that it forks from ours.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino  # noqa: E402

from vedette.contracts.errors import ModelUnavailable  # noqa: E402
from vedette.contracts.frame import U8  # noqa: E402
from vedette.detect.engines.port import Arrays, EngineOptions  # noqa: E402
from vedette.detect.engines.runtime import failed, sentence  # noqa: E402

STATIC_SHAPES = 4
"""Sizes of input that get a compiled network each; all others share one that takes any size,
which is slower, but a camera that changes its size for ever cannot make us compile for ever."""


class OpenVinoEngine:
    """A network in OpenVINO, compiled for each size of input."""

    batches = False

    def __init__(self, model: bytes, options: EngineOptions) -> None:
        """Read it.

        Raises:
            ModelUnavailable: OpenVINO cannot read or compile the graph.
        """
        self._core = openvino.Core()
        precision = options.precision or ("bf16" if self.computes_bf16() else "f32")
        self.name = f"openvino {precision}"
        self._settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": options.threads,
            "INFERENCE_PRECISION_HINT": precision,
            "ENABLE_CPU_PINNING": False,  # several workers would all sit on the first core
            **(options.extra or {}),
        }
        self._model = model
        self._requests: dict[tuple[int, ...], Any] = {}
        self._any: Any = None
        try:
            read = self._core.read_model(model)
        except RuntimeError as error:
            raise ModelUnavailable(f"OpenVINO cannot read it: {_reason(error)}") from error
        self._static = read.inputs[0].partial_shape.is_static
        self.outputs = tuple(output.any_name for output in read.outputs)

    def computes_bf16(self) -> bool:
        """True where the processor has instructions for it."""
        return "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")

    def run(self, pixels: U8) -> Arrays:
        """See `Engine`."""
        request = self._requests.get(pixels.shape) or self._prepared(pixels.shape)
        try:
            values: Mapping[Any, Any] = request.infer(
                {0: pixels}, share_inputs=True, share_outputs=True
            )
        except RuntimeError as error:
            raise failed(RuntimeError(_reason(error))) from error
        return dict(zip(self.outputs, values.values(), strict=True))

    def close(self) -> None:
        """See `Engine`."""
        self._requests.clear()
        self._any = None

    def _prepared(self, shape: tuple[int, ...]) -> Any:
        """A request for inputs of this shape."""
        if len(self._requests) < STATIC_SHAPES or self._static:
            self._requests[shape] = self._compiled(shape)
            return self._requests[shape]
        if self._any is None:
            self._any = self._compiled(None)
        return self._any

    def _compiled(self, shape: tuple[int, ...] | None) -> Any:
        try:
            read = self._core.read_model(self._model)
            if shape is not None and not self._static:
                read.reshape({0: list(shape)})
            return self._core.compile_model(read, "CPU", self._settings).create_infer_request()
        except RuntimeError as error:
            raise failed(RuntimeError(_reason(error))) from error


def _reason(error: RuntimeError) -> str:
    """OpenVINO writes where it was first; the reason is the last line that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith(("Exception from", "Check '"))]
    return sentence(RuntimeError((said or lines or ["it gave no reason"])[-1]))
