"""TensorFlow graph to ONNX: walks the graph and looks each operation up in the table."""

from collections.abc import Callable, Mapping

import numpy as np

from vedette.contracts.errors import ModelUnavailable
from vedette.models.convert import tf_ops
from vedette.models.convert.builder import Array, GraphBuilder
from vedette.models.convert.layout import Layouts, Value
from vedette.models.convert.tfgraph import TfGraph, TfNode, dense


class TensorFlowConverter:
    """Adds parts of one TensorFlow graph to one ONNX graph."""

    def __init__(self, source: TfGraph, graph: GraphBuilder) -> None:
        self.graph = graph
        self.layouts = Layouts(graph)
        self._source = source
        self._values: dict[str, Value] = {}
        self._constants: dict[str, Array] = {
            name: np.asarray(values) for name, values in source.constants.items()
        }

    def convert(self, inputs: Mapping[str, Value], wanted: list[str]) -> list[Value]:
        """The values of the nodes `wanted`, computed from the given ones.

        Raises:
            ModelUnavailable: the graph uses something that the table does not know.
        """
        self._values.update(inputs)
        for node in self._source.order(wanted, frozenset(inputs)):
            if node.name not in inputs and not self._fold(node):
                self._add(node)
        return [self.value(name) for name in wanted]

    def value(self, name: str) -> Value:
        """A tensor of the source graph (a constant becomes one)."""
        name = name.removesuffix(":0")
        if name not in self._values:
            values = self.constant(name)
            tensor = self.graph.constant(values)
            self._values[name] = Value(
                tensor=tensor, shape=values.shape, axes=tuple(range(values.ndim))
            )
        return self._values[name]

    def is_constant(self, name: str) -> bool:
        return name.removesuffix(":0") in self._constants

    def constant(self, name: str) -> Array:
        """The value of an input that must be known when converting.

        Raises:
            ModelUnavailable: it depends on the picture.
        """
        try:
            return self._constants[name.removesuffix(":0")]
        except KeyError:
            raise ModelUnavailable(f"{name!r} is computed, only a constant is supported") from None

    def _fold(self, node: TfNode) -> bool:
        """Compute what depends on constants only."""
        if node.op == "Const":
            if node.name not in self._constants:
                raise ModelUnavailable(f"the constant {node.name!r} has no value")
            return True
        known = [self._constants.get(name.removesuffix(":0")) for name in node.inputs]
        values = [value for value in known if value is not None]
        if node.op not in FOLDED or not values or len(values) < len(known):
            return False
        self._constants[node.name] = FOLDED[node.op](*values)
        return True

    def _add(self, node: TfNode) -> None:
        if node.op not in tf_ops.TABLE:
            raise ModelUnavailable(
                f"the operation {node.op} (node {node.name!r}) is not supported; supported are: "
                + ", ".join(sorted([*tf_ops.TABLE, *FOLDED, "Const"]))
            )
        try:
            made = tf_ops.TABLE[node.op](self, node)
        except (IndexError, ValueError, TypeError, ZeroDivisionError) as error:
            raise ModelUnavailable(
                f"the operation {node.op} (node {node.name!r}) cannot be converted: {error}"
            ) from error
        for index, value in enumerate(made if isinstance(made, list) else [made]):
            self._values[node.name if index == 0 else f"{node.name}:{index}"] = value


FOLDED: dict[str, Callable[..., Array]] = {
    "Add": np.add,
    "AddV2": np.add,
    "Mul": np.multiply,
    "Identity": np.asarray,
    "Rsqrt": lambda values: 1 / np.sqrt(values),
    "SparseToDense": dense,
    "Sub": np.subtract,
}
"""Operations that are computed at once where all inputs are constants."""
