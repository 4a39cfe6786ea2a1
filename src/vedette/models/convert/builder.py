"""Collects the nodes of an ONNX graph, with names that depend on nothing but their order."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from vedette.contracts.errors import ModelUnavailable

Array = npt.NDArray[Any]

OPSET = 17
IR_VERSION = 9

IMAGES = "images"
"""Name of the only input: (batch, 3, height, width) float32."""


class GraphBuilder:
    """One graph in the making."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._count = 0

    def _fresh(self, stem: str) -> str:
        self._count += 1
        return f"{stem}_{self._count}"

    def images(self, channels: int = 3) -> str:
        """Declare the input; its width and height are chosen when the model is loaded."""
        shape: list[str | int | None] = ["batch", channels, "height", "width"]
        self._inputs.append(helper.make_tensor_value_info(IMAGES, TensorProto.FLOAT, shape))
        return IMAGES

    def constant(self, values: Array | np.generic, stem: str = "const") -> str:
        name = self._fresh(stem)
        self._initializers.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def ints(self, *values: int) -> str:
        """A one-dimensional int64 constant: axes, shapes, pads."""
        return self.constant(np.array(values, dtype=np.int64))

    def node(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node with one output; returns the output's name."""
        return self.node_with(op, inputs, 1, **attributes)[0]

    def node_with(
        self, op: str, inputs: Sequence[str], outputs: int, **attributes: Any
    ) -> list[str]:
        """Add a node with several outputs."""
        names = [self._fresh(op.lower()) for _ in range(outputs)]
        self._nodes.append(helper.make_node(op, list(inputs), names, **attributes))
        return names

    def output(self, name: str, value: str, shape: Sequence[int | str]) -> None:
        """Declare `value` as the graph's output `name` (float32)."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))

    def finish(self) -> bytes:
        """The serialised, checked model.

        Raises:
            ModelUnavailable: what was built is not a valid graph.
        """
        used = {name for node in self._nodes for name in node.input}
        kept = [tensor for tensor in self._initializers if tensor.name in used]
        graph = helper.make_graph(self._nodes, self.name, self._inputs, self._outputs, kept)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="vedette",
        )
        try:
            onnx.checker.check_model(model, full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            raise ModelUnavailable(
                f"{self.name}: the converted graph is not valid: {error}"
            ) from error
        return bytes(model.SerializeToString(deterministic=True))
