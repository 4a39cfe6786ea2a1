"""Reads a frozen TensorFlow graph (GraphDef protobuf), by hand: the format is small and settled.

Field numbers: tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape}.proto.
"""

import struct
from collections.abc import Callable, Iterator
from math import prod

import numpy as np

from vedette.contracts.errors import ModelUnavailable
from vedette.models.convert.tfgraph import Array, Attribute, TfGraph, TfNode

Field = tuple[int, int | bytes]
"""Number, and an integer (varint) or the bytes of anything else."""

DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 9: "<i8", 10: "?", 19: "<f2"}
NAMES = {1: "DT_FLOAT", 3: "DT_INT32", 9: "DT_INT64", 10: "DT_BOOL"}
SCALARS = {5: "<f4", 6: "<f8", 7: "", 10: "", 11: ""}
"""TensorProto's value lists; the empty ones are varints."""


def read(data: bytes) -> TfGraph:
    """The graph of a frozen `.pb` file.

    Raises:
        ModelUnavailable: the file is not a GraphDef, or is cut short.
    """
    nodes: dict[str, TfNode] = {}
    constants: dict[str, Array] = {}
    try:
        for number, value in _fields(data):
            if number == 1:
                node, constant = _node(_bytes(value))
                nodes[node.name] = node
                if constant is not None:
                    constants[node.name] = constant
    except (IndexError, struct.error, UnicodeDecodeError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"this is not a frozen TensorFlow graph: {error}") from error
    if not nodes:
        raise ModelUnavailable("this is not a frozen TensorFlow graph: it holds no node")
    return TfGraph(nodes=nodes, constants=constants)


def _fields(data: bytes) -> Iterator[Field]:
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            integer, position = _varint(data, position)
            yield number, integer
            continue
        if wire == 2:
            size, position = _varint(data, position)
        elif wire in {1, 5}:
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(f"unknown wire type {wire} at byte {position}")
        if position + size > len(data):
            raise ValueError(f"field {number} ends {position + size - len(data)} bytes too late")
        yield number, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
    raise ValueError(f"an integer at byte {position} has no end")


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("an integer was found where a message was expected")
    return value


def _signed(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise ValueError("a message was found where an integer was expected")
    return value - (1 << 64) if value >> 63 else value


def _integers(value: int | bytes) -> list[int]:
    """A repeated integer, packed or not."""
    if isinstance(value, int):
        return [_signed(value)]
    numbers, position = [], 0
    while position < len(value):
        number, position = _varint(value, position)
        numbers.append(_signed(number))
    return numbers


def _node(data: bytes) -> tuple[TfNode, Array | None]:
    name = op = ""
    inputs: list[str] = []
    attributes: dict[str, Attribute] = {}
    for number, value in _fields(data):
        if number == 1:
            name = _bytes(value).decode()
        elif number == 2:
            op = _bytes(value).decode()
        elif number == 3:
            inputs.append(_bytes(value).decode())
        elif number == 5:
            entry = dict(_fields(_bytes(value)))
            found = _attribute(_bytes(entry.get(2, b"")))
            if found is not None:
                attributes[_bytes(entry[1]).decode()] = found
    constant = attributes.pop("value", None)
    node = TfNode(
        name=name,
        op=op,
        inputs=tuple(needed for needed in inputs if not needed.startswith("^")),
        attributes=attributes,
    )
    return node, constant if isinstance(constant, np.ndarray) else None


def _attribute(data: bytes) -> Attribute | None:
    for number, value in _fields(data):
        if number in ATTRIBUTES:
            return ATTRIBUTES[number](value)
    return None


def _shape(data: bytes) -> list[int]:
    sizes = []
    for number, value in _fields(data):
        if number == 2:
            entry = dict(_fields(_bytes(value)))
            sizes.append(_signed(entry.get(1, 0)))
    return sizes


def _tensor(data: bytes) -> Array | None:
    dtype, content = "", b""
    shape: list[int] = []
    listed: list[float] = []
    for number, value in _fields(data):
        if number == 1:
            dtype = DTYPES.get(_signed(value), "")
        elif number == 2:
            shape = _shape(_bytes(value))
        elif number == 4:
            content = _bytes(value)
        elif number in SCALARS:
            kind = SCALARS[number]
            listed += np.frombuffer(_bytes(value), kind).tolist() if kind else _integers(value)
    if not dtype:
        return None  # strings and other kinds that no detector computes with
    values = np.frombuffer(content, dtype) if content else np.array(listed, dtype=dtype)
    count = prod(shape)
    if values.size == 1 and count > 1:
        values = np.repeat(values, count)
    if values.size != count:
        raise ValueError(f"a tensor of shape {shape} has {values.size} values")
    return values.reshape(shape)


ATTRIBUTES: dict[int, Callable[[int | bytes], Attribute | None]] = {
    1: lambda value: _listed(_bytes(value)),
    2: lambda value: _bytes(value).decode("utf-8", errors="replace"),
    3: _signed,
    4: lambda value: float(struct.unpack("<f", _bytes(value))[0]),
    5: bool,
    6: lambda value: NAMES.get(_signed(value), str(value)),
    7: lambda value: _shape(_bytes(value)),
    8: lambda value: _tensor(_bytes(value)),
}
"""AttrValue's field numbers, and how each is read."""


def _listed(data: bytes) -> list[int]:
    """The integers of a ListValue (strides, paddings)."""
    return [each for number, item in _fields(data) if number == 3 for each in _integers(item)]
