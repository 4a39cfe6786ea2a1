"""Tensors whose transposition is remembered instead of done: NHWC graphs run as NCHW."""

from dataclasses import dataclass

from vedette.models.convert.builder import Array, GraphBuilder

NHWC_OF_NCHW = (0, 2, 3, 1)
"""The order of axes that makes a stored NCHW tensor look NHWC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A tensor of the source graph: `tensor.transpose(axes)` of what the new graph holds."""

    tensor: str
    shape: tuple[int, ...]
    """As the source graph sees it, at the source's own input size (-1: unknown)."""
    axes: tuple[int, ...]


def straight(tensor: str, shape: tuple[int, ...]) -> Value:
    """A tensor that is held as it is seen."""
    return Value(tensor=tensor, shape=shape, axes=tuple(range(len(shape))))


def image(tensor: str, shape: tuple[int, ...]) -> Value:
    """A tensor held as NCHW and seen as NHWC."""
    return Value(tensor=tensor, shape=shape, axes=NHWC_OF_NCHW)


def inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(axes.index(axis) for axis in range(len(axes)))


def transposed(value: Value, order: tuple[int, ...]) -> Value:
    """Costs nothing: only the remembered order changes."""
    return Value(
        tensor=value.tensor,
        shape=tuple(value.shape[axis] for axis in order),
        axes=tuple(value.axes[axis] for axis in order),
    )


class Layouts:
    """Really transposes, once per tensor and order, where an operation needs it."""

    def __init__(self, graph: GraphBuilder) -> None:
        self._graph = graph
        self._made: dict[tuple[str, tuple[int, ...]], str] = {}

    def plain(self, value: Value) -> str:
        """The tensor as the source graph sees it."""
        return self._permuted(value.tensor, value.axes)

    def held_as(self, value: Value, axes: tuple[int, ...]) -> str:
        """A tensor `t` with `value == t.transpose(axes)`."""
        back = inverse(axes)
        return self._permuted(value.tensor, tuple(value.axes[axis] for axis in back))

    def nchw(self, value: Value) -> str:
        """The NCHW tensor of a value that the source graph sees as NHWC."""
        return self.held_as(value, NHWC_OF_NCHW)

    def constant_for(self, values: Array, axes: tuple[int, ...]) -> str:
        """A constant that broadcasts against tensors held in this order."""
        if values.ndim == 0:
            return self._graph.constant(values)
        full = values.reshape((1,) * (len(axes) - values.ndim) + values.shape)
        return self._graph.constant(full.transpose(inverse(axes)))

    def _permuted(self, tensor: str, axes: tuple[int, ...]) -> str:
        if axes == tuple(range(len(axes))):
            return tensor
        if (tensor, axes) not in self._made:
            self._made[tensor, axes] = self._graph.node("Transpose", [tensor], perm=list(axes))
        return self._made[tensor, axes]
