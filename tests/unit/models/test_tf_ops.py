"""Each TensorFlow operation of the table gives in ONNX what plain numpy says."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest

from tests.unit.models.tiny import F32, computed, conv, converted, graph, node, run, some
from vedette.contracts.errors import ModelUnavailable
from vedette.models.convert.tfgraph import TfGraph, TfNode

CLOSE: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}
X = some(1, 8, 10, 4)


def ints(*values: Any) -> npt.NDArray[np.int32]:
    return np.array(values, dtype=np.int32)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("size", [1, 3])
def test_convolution(stride: int, padding: str, size: int) -> None:
    weights = some(size, size, 4, 5, seed=1)
    step = node("y", "Conv2D", "x", "w", strides=[1, stride, stride, 1], padding=padding)

    (found,) = computed(graph(step, w=weights), X, "y")

    np.testing.assert_allclose(found, conv(X, weights, stride, padding == "SAME"), **CLOSE)


def test_explicit_padding_goes_around_height_and_width() -> None:
    weights = some(3, 3, 4, 2, seed=1)
    pads = [0, 0, 2, 1, 0, 3, 0, 0]
    step = node("y", "Conv2D", "x", "w", padding="EXPLICIT", explicit_paddings=pads)

    (found,) = computed(graph(step, w=weights), X, "y")

    around = np.pad(X, ((0, 0), (2, 1), (0, 3), (0, 0)))
    np.testing.assert_allclose(found, conv(around, weights, 1, same=False), **CLOSE)


def test_grouped_convolution_is_recognised_by_its_weights() -> None:
    weights = some(3, 3, 2, 6, seed=1)
    step = node("y", "Conv2D", "x", "w", padding="SAME")

    (found,) = computed(graph(step, w=weights), X, "y")

    halves = [conv(X[..., i : i + 2], weights[..., j : j + 3]) for i, j in ((0, 0), (2, 3))]
    np.testing.assert_allclose(found, np.concatenate(halves, axis=3), **CLOSE)


@pytest.mark.parametrize("op", ["DepthwiseConv2dNative", "FusedDepthwiseConv2dNative"])
def test_depthwise_convolution(op: str) -> None:
    weights = some(3, 3, 4, 2, seed=1)
    step = node("y", op, "x", "w", strides=[1, 1, 1, 1], padding="SAME")

    (found,) = computed(graph(step, w=weights), X, "y")

    parts = [conv(X[..., c : c + 1], weights[:, :, c : c + 1]) for c in range(4)]
    np.testing.assert_allclose(found, np.concatenate(parts, axis=3), **CLOSE)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("Relu", lambda y: np.maximum(y, 0)),
        ("Relu6", lambda y: np.clip(y, 0, 6)),
        ("LeakyRelu", lambda y: np.where(y > 0, y, 0.25 * y)),
        ("Sigmoid", lambda y: 1 / (1 + np.exp(-y))),
    ],
)
def test_fused_convolution_adds_its_bias_then_activates(activation: str, expected: Any) -> None:
    weights, bias = some(1, 1, 4, 3, seed=1) * 3, some(3, seed=2)
    step = node(
        "y",
        "_FusedConv2D",
        "x",
        "w",
        "b",
        padding="VALID",
        fused_ops=["BiasAdd", activation],
        leakyrelu_alpha=0.25,
    )

    (found,) = computed(graph(step, w=weights, b=bias), X, "y")

    np.testing.assert_allclose(found, expected(conv(X, weights) + bias), **CLOSE)


@pytest.mark.parametrize(
    ("op", "reduce"), [("MaxPool", np.max), ("AvgPool", np.mean)], ids=["max", "average"]
)
def test_pooling(op: str, reduce: Any) -> None:
    step = node("y", op, "x", ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")

    (found,) = computed(graph(step), X, "y")

    np.testing.assert_allclose(found, reduce(X.reshape(1, 4, 2, 5, 2, 4), axis=(2, 4)), **CLOSE)


def test_pooling_with_same_padding_keeps_the_size() -> None:
    step = node("y", "MaxPool", "x", ksize=[1, 3, 3, 1], strides=[1, 1, 1, 1], padding="SAME")

    (found,) = computed(graph(step), X, "y")

    assert found.shape == X.shape
    assert found[0, 0, 0, 0] == X[0, :2, :2, 0].max()


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("Relu", np.maximum(X, 0)),
        ("Relu6", np.clip(X, 0, 6)),
        ("Sigmoid", 1 / (1 + np.exp(-X))),
        ("Tanh", np.tanh(X)),
        ("LeakyRelu", np.where(X > 0, X, 0.2 * X)),
        ("Identity", X),
    ],
)
def test_one_by_one(op: str, expected: F32) -> None:
    (found,) = computed(graph(node("y", op, "x")), X, "y")

    np.testing.assert_allclose(found, expected, **CLOSE)


@pytest.mark.parametrize(
    ("op", "reference"),
    [
        ("Add", np.add),
        ("AddV2", np.add),
        ("BiasAdd", np.add),
        ("Sub", np.subtract),
        ("Mul", np.multiply),
        ("RealDiv", np.divide),
        ("Maximum", np.maximum),
        ("Minimum", np.minimum),
    ],
)
@pytest.mark.parametrize("shape", [(), (4,), (1, 1, 1, 4), (8, 10, 4)])
def test_with_a_constant_of_any_broadcastable_shape(
    op: str, reference: Any, shape: tuple[int, ...]
) -> None:
    constant = np.asarray(some(*shape, seed=3))

    (found,) = computed(graph(node("y", op, "x", "k"), k=constant), X, "y")

    np.testing.assert_allclose(found, reference(X, constant), **CLOSE)


def test_a_constant_may_stand_on_the_left() -> None:
    (found,) = computed(graph(node("y", "Sub", "k", "x"), k=some(4, seed=3)), X, "y")

    np.testing.assert_allclose(found, some(4, seed=3) - X, **CLOSE)


def test_two_tensors_in_different_layouts_are_brought_together() -> None:
    source = graph(
        node("t", "Transpose", "x", "perm"),
        node("back", "Transpose", "t", "perm_back"),
        node("other", "Reshape", "x", "shape"),
        node("y", "Add", "back", "other"),
        perm=ints(0, 3, 1, 2),
        perm_back=ints(0, 2, 3, 1),
        shape=ints(1, 8, 10, 4),
    )

    (found,) = computed(source, X, "y")

    np.testing.assert_allclose(found, X + X, **CLOSE)


@pytest.mark.parametrize("keep", [True, False])
def test_mean_over_height_and_width(keep: bool) -> None:
    source = graph(node("y", "Mean", "x", "axes", keep_dims=keep), axes=ints(1, 2))

    (found,) = computed(source, X, "y")

    np.testing.assert_allclose(found, X.mean(axis=(1, 2), keepdims=keep), **CLOSE)


@pytest.mark.parametrize("axis", [3, 1, -1])
def test_concatenation(axis: int) -> None:
    source = graph(
        node("r", "Relu", "x"),
        node("y", "ConcatV2", "x", "r", "axis"),
        axis=np.array(axis, np.int32),
    )

    (found,) = computed(source, X, "y")

    np.testing.assert_allclose(found, np.concatenate((X, np.maximum(X, 0)), axis=axis), **CLOSE)


def test_padding_with_a_value_follows_the_layout() -> None:
    pads = ints([0, 0], [1, 2], [3, 0], [0, 1])
    source = graph(node("y", "PadV2", "x", "pads", "k"), pads=pads, k=np.array(7.0, np.float32))

    (found,) = computed(source, X, "y")

    np.testing.assert_array_equal(found, np.pad(X, pads.tolist(), constant_values=7.0))


def test_nearest_and_linear_resizing() -> None:
    source = graph(
        node("near", "ResizeNearestNeighbor", "x", "size"),
        node("line", "ResizeBilinear", "x", "size", half_pixel_centers=True),
        size=ints(16, 20),
    )

    near, line = computed(source, X, "near", "line")

    np.testing.assert_array_equal(near, X.repeat(2, axis=1).repeat(2, axis=2))
    expected = 0.75 * X[0, 1, 3] + 0.25 * X[0, 0, 3]  # a quarter of a cell off its centre
    expected = 0.75 * expected + 0.25 * (0.75 * X[0, 1, 4] + 0.25 * X[0, 0, 4])
    np.testing.assert_allclose(line[0, 2, 7], expected, **CLOSE)


def test_split_reshape_squeeze_and_transpose() -> None:
    source = graph(
        node("s", "SplitV", "x", "sizes", "axis"),
        node("half", "Split", "axis", "x", num_split=2),
        node("flat", "Reshape", "s:1", "shape"),
        node("m", "Mean", "x", "axes", keep_dims=True),
        node("q", "Squeeze", "m", squeeze_dims=[1, 2]),
        node("t", "Transpose", "s", "perm"),
        sizes=ints(1, 3),
        axis=np.array(3, np.int32),
        shape=ints(1, -1, 3),
        axes=ints(1, 2),
        perm=ints(0, 3, 1, 2),
    )

    flat, squeezed, turned, half = computed(source, X, "flat", "q", "t", "half:1")

    np.testing.assert_array_equal(flat, X[..., 1:].reshape(1, -1, 3))
    np.testing.assert_allclose(squeezed, X.mean(axis=(1, 2)), **CLOSE)
    np.testing.assert_array_equal(turned, X[..., :1].transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(half, X[..., 2:])


@pytest.mark.parametrize("op", ["FusedBatchNorm", "FusedBatchNormV3"])
def test_batch_normalisation(op: str) -> None:
    scale, offset, mean, variance = (some(4, seed=seed) for seed in range(4))
    variance = variance**2
    step = node("y", op, "x", "s", "o", "m", "v", epsilon=0.01)

    (found,) = computed(graph(step, s=scale, o=offset, m=mean, v=variance), X, "y")

    np.testing.assert_allclose(
        found, (X - mean) / np.sqrt(variance + 0.01) * scale + offset, **CLOSE
    )


def test_what_depends_on_constants_only_is_computed_at_once() -> None:
    source = graph(
        node("d", "SparseToDense", "where", "size", "ones", "zero"),
        node("sum", "AddV2", "d", "base"),
        node("y", "Reshape", "x", "sum"),
        where=ints(1),
        size=ints(2),
        ones=ints(4)[0],
        zero=ints(0)[0],
        base=ints(80, 0),
    )

    (found,) = computed(source, X, "y")

    np.testing.assert_array_equal(found, X.reshape(80, 4))


def test_transposes_between_convolutions_cancel() -> None:
    weights = some(3, 3, 4, 4, seed=1)
    there, back = ints(0, 3, 1, 2), ints(0, 2, 3, 1)
    source = graph(
        node("a", "Conv2D", "x", "w", padding="SAME"),
        node("b", "Transpose", "a", "there"),
        node("c", "Relu", "b"),
        node("d", "Transpose", "c", "back"),
        node("y", "Conv2D", "d", "w", padding="SAME"),
        w=weights,
        there=there,
        back=back,
    )

    model = converted(source, X.shape, "y")

    ops = [each.op_type for each in onnx.load_model_from_string(model).graph.node]
    assert ops.count("Transpose") == 1  # only the output's
    found = run(model, X.transpose(0, 3, 1, 2))["out_0"]
    np.testing.assert_allclose(found, conv(np.maximum(conv(X, weights), 0), weights), **CLOSE)


def test_a_tensor_that_is_needed_in_another_order_twice_is_transposed_once() -> None:
    source = graph(
        node("r", "Reshape", "x", "shape"),
        node("a", "Conv2D", "r", "w", padding="SAME"),
        node("b", "Conv2D", "r", "w", padding="VALID"),
        shape=ints(1, 10, 8, 4),
        w=some(3, 3, 4, 4, seed=1),
    )

    model = converted(source, X.shape, "a", "b")

    nodes = onnx.load_model_from_string(model).graph.node
    assert sum(each.op_type == "Transpose" for each in nodes) == 4  # in, once for both, two out


def test_another_input_size_than_the_source_had_is_possible() -> None:
    weights = some(3, 3, 4, 2, seed=1)
    source = graph(
        node("a", "Conv2D", "x", "w", padding="SAME", strides=[1, 2, 2, 1]),
        node("up", "ResizeNearestNeighbor", "a", "size"),
        node("y", "Reshape", "up", "shape"),
        w=weights,
        size=ints(8, 10),
        shape=ints(1, -1, 2),
    )
    larger = some(1, 12, 6, 4, seed=5)

    found = run(converted(source, X.shape, "y"), larger.transpose(0, 3, 1, 2))["out_0"]

    expected = conv(larger, weights, 2).repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(found, expected.reshape(1, -1, 2), **CLOSE)


def test_the_same_graph_gives_the_same_bytes() -> None:
    source = graph(node("y", "Conv2D", "x", "w", padding="SAME"), w=some(3, 3, 4, 4))

    assert converted(source, X.shape, "y") == converted(source, X.shape, "y")


def test_an_unknown_operation_is_named_with_those_that_are_known() -> None:
    with pytest.raises(ModelUnavailable, match=r"Erf \(node 'y'\) is not supported.*Conv2D"):
        converted(graph(node("y", "Erf", "x")), X.shape, "y")


WRONG: list[tuple[TfNode, dict[str, Any], str]] = [
    (node("y", "Conv2D", "x", "w", padding="ODD"), {"w": some(1, 1, 4, 1)}, "padding 'ODD'"),
    (node("y", "Conv2D", "x", "x", padding="SAME"), {}, "only a constant"),
    (node("y", "Conv2D", "x", "w", data_format="NCHW"), {"w": some(1, 1, 4, 1)}, "NHWC"),
    (node("y", "Reshape", "x", "s"), {"s": ints(1, 7)}, "does not fit"),
    (node("y", "Add", "x", "k"), {"k": some(3)}, "broadcast"),
    (
        node("y", "SplitV", "x", "s", "a"),
        {"s": ints(1, 1), "a": np.array(3, np.int32)},
        "do not make 4",
    ),
    (node("y", "ResizeBilinear", "x", "s"), {"s": ints(9, 11)}, "not a plain factor"),
    (
        node("y", "MaxPool", "x", ksize=[1, 2, 2, 1], strides=[1, 3, 3, 1], padding="SAME"),
        {},
        "larger steps",
    ),
    (node("y", "Relu"), {}, "cannot be converted"),
    (node("y", "Relu", "nowhere"), {}, "no node called 'nowhere'"),
    (node("y", "Relu", "z"), {}, "no node called 'z'"),
]


@pytest.mark.parametrize(("step", "constants", "sentence"), WRONG)
def test_what_cannot_be_converted_says_why(
    step: TfNode, constants: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ModelUnavailable, match=sentence):
        converted(graph(step, **constants), X.shape, "y")


def test_a_circle_is_refused() -> None:
    source = TfGraph(
        nodes={n.name: n for n in (node("a", "Relu", "b"), node("b", "Relu", "a"))}, constants={}
    )

    with pytest.raises(ModelUnavailable, match="circle"):
        source.order(["a"])
