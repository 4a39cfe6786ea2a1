"""A TensorFlow graph as plain data, whichever file it came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from vedette.contracts.errors import ModelUnavailable

Array = npt.NDArray[Any]
Attribute = str | int | float | bool | list[int] | list[str] | Array


@dataclass(frozen=True, slots=True, kw_only=True)
class TfNode:
    """One operation."""

    name: str
    op: str
    inputs: tuple[str, ...] = ()
    """`node` or `node:output`; control inputs are left out."""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)

    def ints(self, key: str, default: Sequence[int] = ()) -> list[int]:
        found = self.attributes.get(key, list(default))
        return [int(value) for value in found] if isinstance(found, list) else list(default)

    def words(self, key: str) -> list[str]:
        found = self.attributes.get(key, [])
        return [str(value) for value in found] if isinstance(found, list) else []

    def word(self, key: str, default: str = "") -> str:
        return str(self.attributes.get(key, default))

    def flag(self, key: str) -> bool:
        return bool(self.attributes.get(key, False))

    def number(self, key: str, default: float) -> float:
        found = self.attributes.get(key, default)
        return float(found) if isinstance(found, int | float) else default


@dataclass(frozen=True, slots=True, kw_only=True)
class TfGraph:
    """Nodes by name, the values of the constants, and the outputs that the file names."""

    nodes: Mapping[str, TfNode]
    constants: Mapping[str, Array]
    outputs: tuple[str, ...] = ()

    def order(self, wanted: Sequence[str], given: frozenset[str] = frozenset()) -> list[TfNode]:
        """The nodes that `wanted` needs, each after its inputs; `given` ones are not opened.

        Raises:
            ModelUnavailable: a node is missing, or the graph goes in a circle.
        """
        done: set[str] = set()
        opened: set[str] = set()
        ordered: list[TfNode] = []
        stack = [base(name) for name in reversed(wanted)]
        while stack:
            name = stack[-1]
            if name in done:
                stack.pop()
                continue
            node = self._node(name)
            inputs = () if name in given else node.inputs
            waiting = [base(needed) for needed in inputs if base(needed) not in done]
            if not waiting:
                done.add(name)
                ordered.append(node)
                stack.pop()
            elif name in opened:
                raise ModelUnavailable(f"the graph goes in a circle at {name!r}")
            else:
                opened.add(name)
                stack.extend(reversed(waiting))
        return ordered

    def _node(self, name: str) -> TfNode:
        try:
            return self.nodes[name]
        except KeyError:
            raise ModelUnavailable(f"the graph has no node called {name!r}") from None


def base(name: str) -> str:
    """The node of `node:output`."""
    head, colon, tail = name.rpartition(":")
    return head if colon and tail.isdigit() else name


def dense(indices: Array, shape: Array, values: Array, default: Array) -> Array:
    """What TensorFlow's SparseToDense makes of constants."""
    full = np.full([int(size) for size in np.atleast_1d(shape)], default, dtype=values.dtype)
    if indices.size:
        full[tuple(np.atleast_2d(indices).T) if indices.ndim > 1 else indices] = values
    return full
