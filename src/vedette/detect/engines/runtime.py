"""ONNX Runtime: on the CPU, or on an NVIDIA GPU with its CUDA or TensorRT provider."""

import logging
from typing import Any

import onnxruntime

from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.frame import U8
from vedette.detect.engines.port import Arrays, EngineName, EngineOptions
from vedette.detect.memory import OutOfMemory, is_out_of_memory
from vedette.models.runtime_errors import FAILURES

log = logging.getLogger(__name__)

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}


def available() -> tuple[str, ...]:
    """Engines that this installation of ONNX Runtime was built with."""
    built_in = onnxruntime.get_available_providers()
    return tuple(name for name, provider in PROVIDERS.items() if provider in built_in)


class RuntimeEngine:
    """A network in an ONNX Runtime session."""

    def __init__(self, model: bytes, engine: EngineName, options: EngineOptions) -> None:
        """Load it.

        Raises:
            ModelUnavailable: the graph is not usable, or the provider cannot work here.
        """
        self.name: str = engine
        self.batches = engine != "cpu"
        self._session = _session(model, providers(engine, options), options.threads)
        if PROVIDERS[engine] not in self._session.get_providers():
            raise ModelUnavailable(
                f"ONNX Runtime has the engine {engine!r}, but it does not work here: driver, CUDA "
                "or cuDNN is missing or of another version (its log above says which)"
            )
        self._feed = self._session.get_inputs()[0].name
        self.outputs = tuple(output.name for output in self._session.get_outputs())

    def run(self, pixels: U8) -> Arrays:
        """See `Engine`."""
        try:
            values = self._session.run(self.outputs, {self._feed: pixels})
        except FAILURES as error:
            raise failed(error) from error
        return dict(zip(self.outputs, values, strict=True))

    def close(self) -> None:
        """See `Engine`."""
        del self._session


def providers(engine: EngineName, options: EngineOptions) -> list[Any]:
    """ONNX Runtime's list of providers, best first; what one cannot compute the next one does."""
    cuda: dict[str, Any] = {
        "device_id": options.gpu,
        "arena_extend_strategy": "kSameAsRequested",  # take what is needed, not the next power of 2
    }
    if options.gpu_mem_gb is not None:
        cuda["gpu_mem_limit"] = round(options.gpu_mem_gb * 2**30)
    tensorrt: dict[str, Any] = {
        "device_id": options.gpu,
        "trt_fp16_enable": options.precision != "f32",
    }
    if options.gpu_mem_gb is not None:
        tensorrt["trt_max_workspace_size"] = round(options.gpu_mem_gb * 2**30)
    chain: list[Any] = [PROVIDERS["cpu"]]
    if engine != "cpu":
        chain.insert(0, (PROVIDERS["cuda"], cuda))
    if engine == "tensorrt":
        chain.insert(0, (PROVIDERS["tensorrt"], tensorrt))
    return chain


def _session(model: bytes, chain: list[Any], threads: int) -> onnxruntime.InferenceSession:
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(model, options, providers=chain)
    except FAILURES as error:
        if is_out_of_memory(error):
            raise OutOfMemory(sentence(error)) from error
        raise ModelUnavailable(f"it is not a usable ONNX file: {sentence(error)}") from error


def failed(error: Exception) -> ModelUnavailable:
    """The engine's error in our words."""
    kind = OutOfMemory if is_out_of_memory(error) else ModelUnavailable
    return kind(sentence(error))


def sentence(error: Exception) -> str:
    """The first line of what an engine says, without its codes."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return text.rpartition(" : ")[2] or text
