"""Turns the convolutions of an installed graph into whole numbers of eight bits.

Static quantisation: ranges are measured on real pictures (ONNX Runtime's quantiser: QDQ, weights
per channel; Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", 2018). The result is not the same bytes on every machine, so it
is made where it is used and judged there (`vedette.app.quantise`).
"""

import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from vedette.contracts.errors import ModelUnavailable
from vedette.models.runtime_errors import FAILURES

F32 = npt.NDArray[np.float32]

REFUSALS: tuple[type[Exception], ...] = (*FAILURES, TypeError, KeyError)
"""All that the quantiser raises."""


class _Samples(CalibrationDataReader):  # type: ignore[misc]
    """Hands the quantiser one input after the other."""

    def __init__(self, name: str, samples: Iterable[F32]) -> None:
        self._name = name
        self._left = iter(samples)

    def get_next(self) -> Mapping[str, F32] | None:
        sample = next(self._left, None)
        return None if sample is None else {self._name: sample}


def quantised(model: bytes, samples: Iterable[F32]) -> bytes:
    """The same network with convolutions in eight bits.

    Args:
        samples: inputs as the graph takes them, of pictures like those to come.
    Raises:
        ModelUnavailable: the graph cannot be quantised.
    """
    read = onnx.load_model_from_string(model)
    with tempfile.TemporaryDirectory(prefix="vedette-int8-") as folder, _quiet():
        out = Path(folder) / "int8.onnx"
        options: dict[str, Any] = {
            "quant_format": QuantFormat.QDQ,
            "per_channel": True,
            "activation_type": QuantType.QUInt8,
            "weight_type": QuantType.QInt8,
            "calibrate_method": CalibrationMethod.MinMax,
            "op_types_to_quantize": ["Conv"],
        }
        try:
            quantize_static(read, out, _Samples(read.graph.input[0].name, samples), **options)
        except REFUSALS as error:
            reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
            raise ModelUnavailable(f"the graph cannot be quantised: {reason[0]}") from error
        return out.read_bytes()


@contextmanager
def _quiet() -> Iterator[None]:
    """The quantiser gives advice on the root logger that is not meant for users."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(before)
