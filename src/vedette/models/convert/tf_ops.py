"""The table of TensorFlow operations: each line says what becomes of one of them in ONNX."""

from collections.abc import Callable
from math import prod
from typing import Protocol

import numpy as np

from vedette.models.convert.builder import Array, GraphBuilder
from vedette.models.convert.layout import Layouts, Value, image, straight, transposed
from vedette.models.convert.tfgraph import TfNode


class Context(Protocol):
    """What an operation may use of the converter."""

    graph: GraphBuilder
    layouts: Layouts

    def value(self, name: str) -> Value: ...
    def is_constant(self, name: str) -> bool: ...
    def constant(self, name: str) -> Array: ...


Operation = Callable[[Context, TfNode], Value | list[Value]]


def _same(context: Context, node: TfNode) -> Value:
    return context.value(node.inputs[0])


def _unary(op: str, **attributes: float) -> Operation:
    def convert(context: Context, node: TfNode) -> Value:
        value = context.value(node.inputs[0])
        tensor = context.graph.node(op, [value.tensor], **attributes)
        return Value(tensor=tensor, shape=value.shape, axes=value.axes)

    return convert


def _relu6(context: Context, node: TfNode) -> Value:
    value = context.value(node.inputs[0])
    tensor = _clip6(context, value.tensor)
    return Value(tensor=tensor, shape=value.shape, axes=value.axes)


def _clip6(context: Context, tensor: str) -> str:
    low, high = (context.graph.constant(np.float32(limit)) for limit in (0, 6))
    return context.graph.node("Clip", [tensor, low, high])


def _leaky_relu(context: Context, node: TfNode) -> Value:
    return _unary("LeakyRelu", alpha=node.number("alpha", 0.2))(context, node)  # type: ignore[return-value]


def _binary(op: str) -> Operation:
    def convert(context: Context, node: TfNode) -> Value:
        left, right = node.inputs[:2]
        constant_left = context.is_constant(left)
        lead = context.value(right if constant_left else left)
        if not constant_left and not context.is_constant(right):
            second = context.value(right)
            if len(second.shape) > len(lead.shape):
                lead = second
        tensors = [_operand(context, name, lead) for name in (left, right)]
        shapes = [
            context.constant(name).shape if context.is_constant(name) else context.value(name).shape
            for name in (left, right)
        ]
        shape = tuple(int(size) for size in np.broadcast_shapes(*shapes))
        if len(shape) != len(lead.shape):
            raise ValueError(f"shapes {shapes[0]} and {shapes[1]} have no common rank")
        return Value(tensor=context.graph.node(op, tensors), shape=shape, axes=lead.axes)

    return convert


def _operand(context: Context, name: str, lead: Value) -> str:
    """An input brought into the order of axes of the leading one."""
    if context.is_constant(name):
        return context.layouts.constant_for(context.constant(name), lead.axes)
    value = context.value(name)
    if len(value.shape) == len(lead.shape):
        return context.layouts.held_as(value, lead.axes)
    if value.shape:
        raise ValueError(f"{name!r} has {len(value.shape)} axes, the other {len(lead.shape)}")
    return value.tensor


def _padding(node: TfNode, kernel: tuple[int, int]) -> dict[str, object]:
    """ONNX's padding attributes; a window of one pixel never reaches outside."""
    kind = node.word("padding")
    if kind == "EXPLICIT":
        pads = node.ints("explicit_paddings")
        return {"pads": [pads[2], pads[4], pads[3], pads[5]]}
    if kind not in {"SAME", "VALID"}:
        raise ValueError(f"padding {kind!r} is not known")
    if kind == "VALID" or kernel == (1, 1):
        return {}
    if any(size < step for size, step in zip(kernel, _strides(node), strict=True)):
        raise ValueError(f"a window of {kernel} with larger steps and padding is not supported")
    return {"auto_pad": "SAME_UPPER"}


def _strides(node: TfNode) -> list[int]:
    return node.ints("strides", (1, 1, 1, 1))[1:3]


def _window(node: TfNode, shape: tuple[int, ...], kernel: tuple[int, int]) -> list[int]:
    """Height and width that a sliding window leaves."""
    strides = _strides(node)
    dilations = node.ints("dilations", (1, 1, 1, 1))[1:3]
    pads = _padding(node, kernel)
    sizes = []
    for axis in range(2):
        size, step = shape[1 + axis], strides[axis]
        if "auto_pad" in pads:
            sizes.append(-(-size // step))
            continue
        extra = pads.get("pads", [0, 0, 0, 0])
        padded = size + extra[axis] + extra[axis + 2]  # type: ignore[index]
        sizes.append((padded - (kernel[axis] - 1) * dilations[axis] - 1) // step + 1)
    return sizes


def _check_channels_last(node: TfNode) -> None:
    if node.word("data_format", "NHWC") not in {"NHWC", ""}:
        raise ValueError("only channels-last (NHWC) is supported")


def _conv(depthwise: bool) -> Operation:
    def convert(context: Context, node: TfNode) -> Value:
        _check_channels_last(node)
        value = context.value(node.inputs[0])
        weights = context.constant(node.inputs[1]).astype(np.float32)
        height, width, channels, count = weights.shape
        if depthwise:
            kernel = weights.transpose(2, 3, 0, 1).reshape(channels * count, 1, height, width)
            groups = channels
        else:
            kernel = weights.transpose(3, 2, 0, 1)
            groups = value.shape[3] // channels
        tensors = [context.layouts.nchw(value), context.graph.constant(kernel, "weight")]
        fused = node.words("fused_ops")
        if "BiasAdd" in fused:
            bias = context.constant(node.inputs[2]).astype(np.float32)
            tensors.append(context.graph.constant(bias, "bias"))
        tensor = context.graph.node(
            "Conv",
            tensors,
            kernel_shape=[height, width],
            strides=_strides(node),
            dilations=node.ints("dilations", (1, 1, 1, 1))[1:3],
            group=groups,
            **_padding(node, (height, width)),
        )
        for name in fused:
            tensor = _activation(context, node, name, tensor)
        sizes = _window(node, value.shape, (height, width))
        return image(tensor, (value.shape[0], *sizes, kernel.shape[0]))

    return convert


def _activation(context: Context, node: TfNode, name: str, tensor: str) -> str:
    if name == "BiasAdd":
        return tensor
    if name == "Relu6":
        return _clip6(context, tensor)
    if name == "LeakyRelu":
        alpha = node.number("leakyrelu_alpha", 0.2)
        return context.graph.node("LeakyRelu", [tensor], alpha=alpha)
    if name in {"Relu", "Elu", "Sigmoid", "Tanh"}:
        return context.graph.node(name, [tensor])
    raise ValueError(f"the fused operation {name} is not supported")


def _pool(op: str) -> Operation:
    def convert(context: Context, node: TfNode) -> Value:
        _check_channels_last(node)
        value = context.value(node.inputs[0])
        height, width = node.ints("ksize")[1:3]
        tensor = context.graph.node(
            op,
            [context.layouts.nchw(value)],
            kernel_shape=[height, width],
            strides=_strides(node),
            **_padding(node, (height, width)),
        )
        sizes = _window(node, value.shape, (height, width))
        return image(tensor, (value.shape[0], *sizes, value.shape[3]))

    return convert


def _batch_norm(context: Context, node: TfNode) -> Value:
    value = context.value(node.inputs[0])
    scale, offset, mean, variance = (
        context.constant(name).astype(np.float64) for name in node.inputs[1:5]
    )
    factor = scale / np.sqrt(variance + node.number("epsilon", 1e-3))
    shift = offset - mean * factor
    axes = value.axes
    times, plus = (
        context.layouts.constant_for(each.astype(np.float32), axes) for each in (factor, shift)
    )
    scaled = context.graph.node("Mul", [value.tensor, times])
    tensor = context.graph.node("Add", [scaled, plus])
    return Value(tensor=tensor, shape=value.shape, axes=axes)


def _mean(context: Context, node: TfNode) -> Value:
    value = context.value(node.inputs[0])
    rank = len(value.shape)
    reduced = [int(axis) % rank for axis in np.atleast_1d(context.constant(node.inputs[1]))]
    keep = node.flag("keep_dims")
    if not keep:
        value = straight(context.layouts.plain(value), value.shape)
    held = [value.axes[axis] for axis in reduced]
    tensor = context.graph.node("ReduceMean", [value.tensor], axes=held, keepdims=int(keep))
    if keep:
        shape = tuple(1 if axis in reduced else size for axis, size in enumerate(value.shape))
        return Value(tensor=tensor, shape=shape, axes=value.axes)
    return straight(
        tensor, tuple(size for axis, size in enumerate(value.shape) if axis not in reduced)
    )


def _concat(context: Context, node: TfNode) -> Value:
    values = [context.value(name) for name in node.inputs[:-1]]
    lead = values[0]
    axis = int(context.constant(node.inputs[-1])) % len(lead.shape)
    tensors = [context.layouts.held_as(value, lead.axes) for value in values]
    tensor = context.graph.node("Concat", tensors, axis=lead.axes[axis])
    shape = list(lead.shape)
    shape[axis] = sum(value.shape[axis] for value in values)
    return Value(tensor=tensor, shape=tuple(shape), axes=lead.axes)


def _pad(context: Context, node: TfNode) -> Value:
    value = context.value(node.inputs[0])
    pads = context.constant(node.inputs[1]).reshape(-1, 2).astype(np.int64)
    held = pads[list(np.argsort(value.axes))]
    tensors = [value.tensor, context.graph.ints(*held[:, 0].tolist(), *held[:, 1].tolist())]
    if node.op == "PadV2":
        filling = context.constant(node.inputs[2]).astype(np.float32).reshape(())
        tensors.append(context.graph.constant(filling))
    tensor = context.graph.node("Pad", tensors, mode="constant")
    shape = tuple(
        size + int(sum(extra)) for size, extra in zip(value.shape, pads.tolist(), strict=True)
    )
    return Value(tensor=tensor, shape=shape, axes=value.axes)


def _resize(mode: str) -> Operation:
    """Resizing to a constant size becomes resizing by a factor, so any input size will do."""

    def convert(context: Context, node: TfNode) -> Value:
        value = context.value(node.inputs[0])
        height, width = (int(size) for size in context.constant(node.inputs[1]))
        factors = [1.0, 1.0, height / value.shape[1], width / value.shape[2]]
        if any(factor != 1.0 and factor * 64 % 1 for factor in factors):
            raise ValueError(f"{value.shape[1:3]} to {(height, width)} is not a plain factor")
        alignment = "half_pixel" if node.flag("half_pixel_centers") else "asymmetric"
        if node.flag("align_corners"):
            raise ValueError("align_corners is not supported")
        extra = {"nearest_mode": "floor"} if mode == "nearest" else {}
        scales = context.graph.constant(np.array(factors, dtype=np.float32))
        tensor = context.graph.node(
            "Resize",
            [context.layouts.nchw(value), "", scales],
            mode=mode,
            coordinate_transformation_mode=alignment,
            **extra,
        )
        return image(tensor, (value.shape[0], height, width, value.shape[3]))

    return convert


def _reshape(context: Context, node: TfNode) -> Value:
    value = context.value(node.inputs[0])
    target = [int(size) for size in context.constant(node.inputs[1])]
    known = prod(size for size in target if size != -1)
    shape = tuple(prod(value.shape) // known if size == -1 else size for size in target)
    if prod(shape) != prod(value.shape):
        raise ValueError(f"{value.shape} does not fit into {tuple(target)}")
    if target and target[0] == value.shape[0] == 1:
        target[0] = 0  # as many pictures as there are
    tensors = [context.layouts.plain(value), context.graph.ints(*target)]
    return straight(context.graph.node("Reshape", tensors), shape)


def _squeeze(context: Context, node: TfNode) -> Value:
    value = context.value(node.inputs[0])
    rank = len(value.shape)
    chosen = node.ints("squeeze_dims") or node.ints("axis")
    dropped = [axis % rank for axis in chosen] or [
        axis for axis, size in enumerate(value.shape) if size == 1
    ]
    tensors = [context.layouts.plain(value), context.graph.ints(*dropped)]
    shape = tuple(size for axis, size in enumerate(value.shape) if axis not in dropped)
    return straight(context.graph.node("Squeeze", tensors), shape)


def _transpose(context: Context, node: TfNode) -> Value:
    order = tuple(int(axis) for axis in context.constant(node.inputs[1]))
    return transposed(context.value(node.inputs[0]), order)


def _split(context: Context, node: TfNode) -> list[Value]:
    sized = node.op == "SplitV"
    value = context.value(node.inputs[0 if sized else 1])
    axis = int(context.constant(node.inputs[2 if sized else 0])) % len(value.shape)
    if sized:
        sizes = [int(size) for size in context.constant(node.inputs[1])]
    else:
        parts = int(node.number("num_split", 1))
        sizes = [value.shape[axis] // parts] * parts
    if sum(sizes) != value.shape[axis]:
        raise ValueError(f"parts of {sizes} do not make {value.shape[axis]}")
    tensors = context.graph.node_with(
        "Split",
        [value.tensor, context.graph.ints(*sizes)],
        len(sizes),
        axis=value.axes[axis],
    )
    shapes = [
        tuple(size if at == axis else old for at, old in enumerate(value.shape)) for size in sizes
    ]
    return [
        Value(tensor=tensor, shape=shape, axes=value.axes)
        for tensor, shape in zip(tensors, shapes, strict=True)
    ]


TABLE: dict[str, Operation] = {
    "Add": _binary("Add"),
    "AddV2": _binary("Add"),
    "AvgPool": _pool("AveragePool"),
    "BiasAdd": _binary("Add"),
    "ConcatV2": _concat,
    "Conv2D": _conv(depthwise=False),
    "DepthwiseConv2dNative": _conv(depthwise=True),
    "FusedBatchNorm": _batch_norm,
    "FusedBatchNormV3": _batch_norm,
    "FusedDepthwiseConv2dNative": _conv(depthwise=True),
    "Identity": _same,
    "LeakyRelu": _leaky_relu,
    "MaxPool": _pool("MaxPool"),
    "Maximum": _binary("Max"),
    "Mean": _mean,
    "Minimum": _binary("Min"),
    "Mul": _binary("Mul"),
    "Pad": _pad,
    "PadV2": _pad,
    "RealDiv": _binary("Div"),
    "Relu": _unary("Relu"),
    "Relu6": _relu6,
    "Reshape": _reshape,
    "ResizeBilinear": _resize("linear"),
    "ResizeNearestNeighbor": _resize("nearest"),
    "Sigmoid": _unary("Sigmoid"),
    "Split": _split,
    "SplitV": _split,
    "Squeeze": _squeeze,
    "Sub": _binary("Sub"),
    "Tanh": _unary("Tanh"),
    "Transpose": _transpose,
    "_FusedConv2D": _conv(depthwise=False),
}
