"""All that ONNX Runtime raises: its classes share no base but Exception."""

from onnxruntime.capi import onnxruntime_pybind11_state as states

FAILURES: tuple[type[Exception], ...] = (
    states.EngineError,
    states.EPFail,
    states.Fail,
    states.InvalidArgument,
    states.InvalidGraph,
    states.InvalidProtobuf,
    states.ModelLoaded,
    states.NoModel,
    states.NoSuchFile,
    states.NotImplemented,
    states.RuntimeException,
    RuntimeError,  # what the C++ side has no class for
    ValueError,  # wrong inputs, found by the Python side
)
