"""Recognises that memory ran out, whoever says so: the engines have no common class for it."""

import re

from vedette.contracts.errors import ModelUnavailable

PATTERN = re.compile(
    r"out of memory|bad_alloc|bad allocation|(failed|unable|not able|can ?not) to allocate"
    r"|allocat\w+ (of )?memory|memory( \w+)? allocation|_ALLOC_FAILED|OUT_OF_(DEVICE_|HOST_)?MEMORY"
    r"|available memory of \d+ is smaller|insufficient memory|not enough memory",
    re.IGNORECASE,
)
"""What ONNX Runtime (CPU arena, CUDA, TensorRT), OpenVINO, OpenCL and PyTorch write."""


class OutOfMemory(ModelUnavailable):
    """The model needs more memory than there is; a smaller batch may fit."""


def is_out_of_memory(error: BaseException) -> bool:
    """True where an error says that memory ran out, itself or through its cause."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, MemoryError | OutOfMemory) or PATTERN.search(str(seen)):
            return True
        seen = seen.__cause__
    return False
