"""Reading TensorFlow.js models: quantised weights, and files that are not what they should be."""

import json
from typing import Any

import numpy as np
import pytest

from tests.unit.models.tiny import graph, node, some, tfjs_files, tiny_nanodet
from vedette.contracts.errors import ModelUnavailable
from vedette.models.convert import tfjs


def model(weights: list[dict[str, Any]], **more: Any) -> bytes:
    nodes = [{"name": entry["name"], "op": "Const"} for entry in weights]
    document = {
        "modelTopology": {"node": nodes},
        "weightsManifest": [{"paths": ["w.bin"], "weights": weights}],
        **more,
    }
    return json.dumps(document).encode()


def test_a_model_that_was_written_is_read_back() -> None:
    source, outputs = tiny_nanodet()
    files = tfjs_files(source, (1, 3, 64, 64), outputs)

    read = tfjs.read(files["m/model.json"], {"model.bin": files["m/model.bin"]})

    assert read.outputs == tuple(outputs)
    assert read.nodes["x"].ints("shape") == [1, 3, 64, 64]
    assert read.nodes["c_cls0"].ints("strides") == [1, 8, 8, 1]
    assert read.nodes["c_cls0"].word("padding") == "VALID"
    np.testing.assert_array_equal(read.constants["w_reg2"], source.constants["w_reg2"])


@pytest.mark.parametrize(
    ("dtype", "stored", "expected"),
    [
        ("float16", np.array([0.5, -2.0], "<f2"), [0.5, -2.0]),
        ("uint8", np.array([0, 255], "u1"), [-1.0, 126.5]),
        ("uint16", np.array([0, 4], "<u2"), [-1.0, 1.0]),
    ],
)
def test_quantised_weights_are_expanded(dtype: str, stored: Any, expected: list[float]) -> None:
    packing = {"dtype": dtype, "scale": 0.5, "min": -1.0}
    entry = {"name": "w", "shape": [2], "dtype": "float32", "quantization": packing}

    read = tfjs.read(model([entry]), {"w.bin": stored.tobytes()})

    np.testing.assert_array_equal(read.constants["w"], np.array(expected, np.float32))
    assert read.constants["w"].dtype == np.float32


def test_attributes_of_every_kind() -> None:
    source = graph(node("y", "Mean", "x", keep_dims=True, alpha=0.5, count=3, kind="word"))
    files = tfjs_files(source, (1, 2, 2, 1), ["y"])

    read = tfjs.read(files["m/model.json"], {"model.bin": b""}).nodes["y"]

    assert read.flag("keep_dims")
    assert read.number("alpha", 0.0) == 0.5
    assert read.number("count", 0.0) == 3
    assert read.word("kind") == "word"


def test_weights_that_end_too_early_are_refused() -> None:
    entry = {"name": "w", "shape": [4], "dtype": "float32"}

    with pytest.raises(ModelUnavailable, match=r"'w' of shape \(4,\) ends at byte 16.* 12"):
        tfjs.read(model([entry]), {"w.bin": some(3).tobytes()})


def test_weights_that_are_left_over_are_refused() -> None:
    entry = {"name": "w", "shape": [2], "dtype": "float32"}

    with pytest.raises(ModelUnavailable, match="12 bytes, 8 were expected"):
        tfjs.read(model([entry]), {"w.bin": some(3).tobytes()})


def test_a_missing_weights_file_is_named() -> None:
    with pytest.raises(ModelUnavailable, match=r"'w\.bin' was not given"):
        tfjs.read(model([{"name": "w", "shape": [2], "dtype": "float32"}]), {})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"modelTopology": {"node": [{}]}, "weightsManifest": []}',
        b'{"modelTopology": {"node": 7}, "weightsManifest": []}',
        b'{"modelTopology": {"node": [{"name": "a", "op": "b", "attr": {"k": {"s": "="}}}]},'
        b' "weightsManifest": []}',
        model([{"name": "w", "shape": [2], "dtype": "complex"}]),
        model([{"name": "w", "shape": [-2], "dtype": "float32"}]),
    ],
)
def test_what_is_not_a_model_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(ModelUnavailable):
        tfjs.read(data, {"w.bin": bytes(8)})
