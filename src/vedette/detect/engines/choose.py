"""Chooses the engine of a network, and says how to get one that is not there."""

import logging
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Literal

from vedette.contracts.errors import ModelUnavailable
from vedette.detect.engines import runtime
from vedette.detect.engines.port import Engine, EngineName, EngineOptions

log = logging.getLogger(__name__)

Wish = Literal["auto", "cpu", "openvino", "cuda", "tensorrt"]

BEST_FIRST: tuple[EngineName, ...] = ("cuda", "openvino", "cpu")
"""What `auto` tries. TensorRT builds its engine for minutes, so it must be asked for."""

GPU = (
    'pip install "vedette[cuda]"; pip uninstall onnxruntime; '
    "pip install --force-reinstall --no-deps onnxruntime-gpu"
)
"""Both packages write into one folder, so the one that is not wanted has to go first."""

HOW_TO_GET = {
    "cpu": "pip install --force-reinstall onnxruntime",
    "openvino": 'pip install "vedette[openvino]"',
    "cuda": GPU,
    "tensorrt": f"{GPU}; pip install tensorrt",
}


def installed() -> tuple[EngineName, ...]:
    """The engines that can be asked for here, best first (a GPU may still be missing)."""
    return tuple(_installed())


def _installed() -> Iterator[EngineName]:
    built_in = runtime.available()
    if "tensorrt" in built_in and find_spec("tensorrt") is not None:
        yield "tensorrt"
    if "cuda" in built_in:
        yield "cuda"
    if find_spec("openvino") is not None:
        yield "openvino"
    if "cpu" in built_in:
        yield "cpu"


def load_engine(model: bytes, wish: Wish, options: EngineOptions) -> Engine:
    """A loaded network on the engine that was asked for, or on the best that works.

    Raises:
        ModelUnavailable: the engine is not installed or does not work here (the sentence says
            what to do), or the graph is not usable.
    """
    there = installed()
    if wish != "auto":
        if wish not in there:
            raise ModelUnavailable(
                f"the engine {wish!r} is not installed; run: {HOW_TO_GET[wish]} "
                f"(installed are: {', '.join(there)})"
            )
        return _load(model, wish, options)
    candidates = [engine for engine in BEST_FIRST if engine in there]
    for engine in candidates[:-1]:
        try:
            return _load(model, engine, options)
        except ModelUnavailable as error:
            log.warning("The engine %s is left out: %s", engine, error)
    if not candidates:
        raise ModelUnavailable(f"no engine is installed; run: {HOW_TO_GET['cpu']}")
    return _load(model, candidates[-1], options)


def _load(model: bytes, engine: EngineName, options: EngineOptions) -> Engine:
    if engine != "openvino":
        if engine == "cpu" and options.precision == "bf16":
            raise ModelUnavailable(
                f"the engine 'cpu' computes in f32 only; for bf16 run: {HOW_TO_GET['openvino']}"
            )
        return runtime.RuntimeEngine(model, engine, options)
    # Only here, because it is an extra that may not be installed.
    from vedette.detect.engines.openvino import OpenVinoEngine  # noqa: PLC0415

    return OpenVinoEngine(model, options)
