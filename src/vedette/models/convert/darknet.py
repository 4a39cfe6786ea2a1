"""Reads a Darknet network (.cfg and .weights: YOLOv3 and its tiny form) and writes it as ONNX.

Formats: https://github.com/pjreddie/darknet (parser.c, convolutional_layer.c, yolo_layer.c).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vedette.contracts.errors import ModelUnavailable
from vedette.models.convert.builder import GraphBuilder

F32 = npt.NDArray[np.float32]

EPSILON = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """`[convolutional]` and the settings below it."""

    kind: str
    line: int
    settings: dict[str, str]

    def integer(self, key: str, default: int | None = None) -> int:
        return self.integers(key, None if default is None else [default])[0]

    def integers(self, key: str, default: list[int] | None = None) -> list[int]:
        text = self.settings.get(key)
        if text is None and default is not None:
            return default
        try:
            return [int(part) for part in (text or "").split(",")]
        except ValueError:
            raise self.wrong(f"{key}={text!r} is not a number") from None

    def wrong(self, what: str) -> ModelUnavailable:
        return ModelUnavailable(f"the [{self.kind}] at line {self.line} of the .cfg: {what}")


def parse(text: str) -> list[Section]:
    """The sections of a .cfg file, `[net]` first."""
    sections: list[Section] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.split("#")[0].strip()
        if line.startswith("[") and line.endswith("]"):
            sections.append(Section(kind=line[1:-1].strip(), line=number, settings={}))
        elif line:
            key, equals, value = line.partition("=")
            if not equals or not sections:
                raise ModelUnavailable(f"line {number} of the .cfg is not `key=value`: {raw!r}")
            sections[-1].settings[key.strip()] = value.strip()
    if not sections or sections[0].kind not in {"net", "network"}:
        raise ModelUnavailable("the .cfg does not begin with [net]")
    return sections


class Weights:
    """The numbers of a .weights file, handed out in order."""

    def __init__(self, data: bytes) -> None:
        if len(data) < 12:
            raise ModelUnavailable(f"the .weights file has only {len(data)} bytes")
        major, minor = (int(value) for value in np.frombuffer(data, "<i4", 2))
        header = 20 if major * 10 + minor >= 2 else 16
        if (len(data) - header) % 4 or len(data) < header:
            raise ModelUnavailable(
                "the .weights file is cut short: its size is not a multiple of 4"
            )
        self._values = np.frombuffer(data, "<f4", offset=header)
        self._next = 0

    def take(self, section: Section, *shape: int) -> F32:
        count = int(np.prod(shape))
        end = self._next + count
        if end > len(self._values):
            raise section.wrong(
                f"needs weights up to number {end}, the .weights file has {len(self._values)}"
            )
        taken = self._values[self._next : end].reshape(shape)
        self._next = end
        return taken

    @property
    def left(self) -> int:
        return len(self._values) - self._next


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    tensor: str
    channels: int


class DarknetConverter:
    """One network in the making."""

    def __init__(self, name: str, weights: Weights, channels: int) -> None:
        self.graph = GraphBuilder(name)
        self.weights = weights
        self.layers: list[Layer] = []
        self._images = Layer(tensor=self.graph.images(channels), channels=channels)
        self._heads = 0

    def add(self, section: Section) -> None:
        if section.kind not in LAYERS:
            raise section.wrong(f"is not supported; supported are: {', '.join(sorted(LAYERS))}")
        self.layers.append(LAYERS[section.kind](self, section))

    def previous(self) -> Layer:
        return self.layers[-1] if self.layers else self._images

    def earlier(self, section: Section, index: int) -> Layer:
        """A layer by its number, or counted back from here."""
        at = index if index >= 0 else len(self.layers) + index
        if not 0 <= at < len(self.layers):
            raise section.wrong(f"there is no layer {index} before it")
        return self.layers[at]

    def head(self, section: Section, tensor: str, shape: list[int | str]) -> None:
        self.graph.output(f"boxes_{self._heads}", tensor, shape)
        self._heads += 1


def convert(name: str, config: str, weights: bytes) -> bytes:
    """Input (b, 3, h, w) RGB 0..1; outputs `boxes_0` and so on, in the file's order.

    Each is (b, h, w, anchors, 5 + classes): x y within the cell 0..1, width and height in
    pixels of the input, objectness, class scores.

    Raises:
        ModelUnavailable: a layer is not supported, or the files do not belong together.
    """
    net, *sections = parse(config)
    converter = DarknetConverter(name, Weights(weights), net.integer("channels", 3))
    for section in sections:
        converter.add(section)
    if converter.weights.left:
        raise ModelUnavailable(f"{name}: {converter.weights.left} numbers of the .weights are left")
    return converter.graph.finish()


def _convolutional(made: DarknetConverter, section: Section) -> Layer:
    source, graph, weights = made.previous(), made.graph, made.weights
    filters, size = section.integer("filters"), section.integer("size")
    groups = section.integer("groups", 1)
    pad = size // 2 if section.integer("pad", 0) else section.integer("padding", 0)
    bias = weights.take(section, filters)
    norm = bool(section.integer("batch_normalize", 0))
    scale, mean, variance = weights.take(section, 3, filters) if norm else (None, None, None)
    kernel = weights.take(section, filters, source.channels // groups, size, size)
    if scale is not None and mean is not None and variance is not None:
        factor = scale / np.sqrt(variance + np.float32(EPSILON))
        kernel = kernel * factor[:, None, None, None]
        bias = bias - mean * factor
    tensor = graph.node(
        "Conv",
        [source.tensor, graph.constant(kernel, "weight"), graph.constant(bias, "bias")],
        kernel_shape=[size, size],
        strides=[section.integer("stride", 1)] * 2,
        pads=[pad] * 4,
        group=groups,
    )
    activation = section.settings.get("activation", "logistic")
    if activation not in ACTIVATIONS:
        raise section.wrong(f"activation={activation} is not one of {', '.join(ACTIVATIONS)}")
    op, attributes = ACTIVATIONS[activation]
    if op:
        tensor = graph.node(op, [tensor], **attributes)
    return Layer(tensor=tensor, channels=filters)


ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "linear": ("", {}),
    "leaky": ("LeakyRelu", {"alpha": 0.1}),
    "relu": ("Relu", {}),
    "logistic": ("Sigmoid", {}),
}


def _maxpool(made: DarknetConverter, section: Section) -> Layer:
    source = made.previous()
    size = section.integer("size", section.integer("stride", 1))
    tensor = made.graph.node(
        "MaxPool",
        [source.tensor],
        kernel_shape=[size, size],
        strides=[section.integer("stride", 1)] * 2,
        auto_pad="SAME_UPPER",
    )
    return Layer(tensor=tensor, channels=source.channels)


def _route(made: DarknetConverter, section: Section) -> Layer:
    parts = [made.earlier(section, index) for index in section.integers("layers")]
    if len(parts) == 1:
        return parts[0]
    tensor = made.graph.node("Concat", [part.tensor for part in parts], axis=1)
    return Layer(tensor=tensor, channels=sum(part.channels for part in parts))


def _upsample(made: DarknetConverter, section: Section) -> Layer:
    source, factor = made.previous(), section.integer("stride", 2)
    scales = made.graph.constant(np.array([1, 1, factor, factor], dtype=np.float32))
    tensor = made.graph.node(
        "Resize",
        [source.tensor, "", scales],
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    return Layer(tensor=tensor, channels=source.channels)


def _shortcut(made: DarknetConverter, section: Section) -> Layer:
    source, other = made.previous(), made.earlier(section, section.integer("from"))
    if source.channels != other.channels:
        raise section.wrong(f"adds {other.channels} channels to {source.channels}")
    tensor = made.graph.node("Add", [source.tensor, other.tensor])
    return Layer(tensor=tensor, channels=source.channels)


def _yolo(made: DarknetConverter, section: Section) -> Layer:
    """Everything of YOLOv3's decoding (Redmon & Farhadi 2018, section 2.1) but the grid."""
    source, graph = made.previous(), made.graph
    pairs = np.array(section.integers("anchors"), dtype=np.float32).reshape(-1, 2)
    chosen = section.integers("mask", list(range(len(pairs))))
    width = 5 + section.integer("classes", 20)
    if max(chosen) >= len(pairs) or len(chosen) * width != source.channels:
        raise section.wrong(f"{source.channels} channels do not hold {len(chosen)} x {width}")
    shape = graph.node("Shape", [source.tensor])
    size = graph.node("Slice", [shape, graph.ints(2), graph.ints(4)])
    target = graph.node("Concat", [graph.ints(0, len(chosen), width), size], axis=0)
    apart = graph.node("Reshape", [source.tensor, target])
    rows = graph.node("Transpose", [apart], perm=[0, 3, 4, 1, 2])
    centre, extent, sure = graph.node_with("Split", [rows, graph.ints(2, 2, width - 4)], 3, axis=4)
    anchors = graph.constant(pairs[chosen].reshape(1, 1, 1, -1, 2))
    pixels = graph.node("Mul", [graph.node("Exp", [extent]), anchors])
    parts = [graph.node("Sigmoid", [centre]), pixels, graph.node("Sigmoid", [sure])]
    level = len(made.layers)
    made.head(
        section,
        graph.node("Concat", parts, axis=4),
        ["batch", f"height_{level}", f"width_{level}", len(chosen), width],
    )
    return source


LAYERS: dict[str, Callable[[DarknetConverter, Section], Layer]] = {
    "convolutional": _convolutional,
    "maxpool": _maxpool,
    "route": _route,
    "shortcut": _shortcut,
    "upsample": _upsample,
    "yolo": _yolo,
}
