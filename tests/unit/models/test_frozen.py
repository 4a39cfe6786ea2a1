"""Reading frozen TensorFlow graphs: a hand-written encoder says what the reader must find."""

import contextlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.models.tiny import some
from vedette.contracts.errors import ModelUnavailable
from vedette.models.convert import frozen


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def message(field: int, data: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(data)) + data


def shape(*sizes: int) -> bytes:
    return b"".join(message(2, number(1, size)) for size in sizes)


def attribute(name: str, value: bytes) -> bytes:
    return message(5, message(1, name.encode()) + message(2, value))


def a_node(name: str, op: str, *inputs: str, attributes: bytes = b"") -> bytes:
    body = message(1, name.encode()) + message(2, op.encode())
    body += b"".join(message(3, each.encode()) for each in inputs)
    return message(1, body + attributes)


def tensor(dtype: int, sizes: tuple[int, ...], values: bytes) -> bytes:
    return attribute("value", message(8, number(1, dtype) + message(2, shape(*sizes)) + values))


def test_nodes_inputs_and_attributes() -> None:
    strides = message(1, message(3, b"".join(varint(each) for each in (1, 2, 2, -1))))
    data = a_node(
        "y",
        "Conv2D",
        "x",
        "w:1",
        "^control",
        attributes=attribute("strides", strides)
        + attribute("padding", message(2, b"SAME"))
        + attribute("epsilon", varint(4 << 3 | 5) + struct.pack("<f", 0.5))
        + attribute("keep_dims", number(5, 1))
        + attribute("count", number(3, -7))
        + attribute("T", number(6, 1))
        + attribute("shape", message(7, shape(1, 300))),
    )

    found = frozen.read(data).nodes["y"]

    assert (found.op, found.inputs) == ("Conv2D", ("x", "w:1"))
    assert found.ints("strides") == [1, 2, 2, -1]
    assert found.word("padding") == "SAME"
    assert found.number("epsilon", 0.0) == 0.5
    assert found.flag("keep_dims")
    assert found.number("count", 0.0) == -7
    assert found.word("T") == "DT_FLOAT"
    assert found.ints("shape") == [1, 300]


def test_constants_as_raw_bytes_lists_and_one_repeated_value() -> None:
    raw = some(2, 3)
    data = (
        a_node("raw", "Const", attributes=tensor(1, (2, 3), message(4, raw.tobytes())))
        + a_node("list", "Const", attributes=tensor(3, (2,), message(7, varint(5) + varint(-6))))
        + a_node("one", "Const", attributes=tensor(1, (2, 2), message(5, struct.pack("<f", 1.5))))
        + a_node("text", "Const", attributes=tensor(7, (), message(8, b"words")))
    )

    constants = frozen.read(data).constants

    np.testing.assert_array_equal(constants["raw"], raw)
    assert constants["list"].tolist() == [5, -6]
    assert constants["one"].tolist() == [[1.5, 1.5], [1.5, 1.5]]
    assert "text" not in constants


def test_a_tensor_with_too_few_values_is_refused() -> None:
    data = a_node("w", "Const", attributes=tensor(1, (2, 3), message(4, some(5).tobytes())))

    with pytest.raises(ModelUnavailable, match=r"shape \[2, 3\] has 5 values"):
        frozen.read(data)


def test_every_cut_of_a_graph_is_refused_or_still_whole_nodes() -> None:
    data = a_node("x", "Placeholder") + a_node("y", "Relu", "x")
    whole = len(a_node("x", "Placeholder"))

    for end in range(len(data)):
        if end == whole:
            assert list(frozen.read(data[:end]).nodes) == ["x"]
        else:
            with pytest.raises(ModelUnavailable):
                frozen.read(data[:end])


@given(st.binary(max_size=200))
def test_garbage_never_escapes_as_another_error(data: bytes) -> None:
    with contextlib.suppress(ModelUnavailable):
        frozen.read(data)
