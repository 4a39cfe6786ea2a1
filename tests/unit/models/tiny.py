"""Tiny networks for the converters' tests, and plain numpy that says what they compute."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from vedette.contracts.model import ModelInput, ModelSpec
from vedette.models.convert.builder import GraphBuilder
from vedette.models.convert.layout import image, straight
from vedette.models.convert.tensorflow import TensorFlowConverter
from vedette.models.convert.tfgraph import Attribute, TfGraph, TfNode

F32 = npt.NDArray[np.float32]


def some(*shape: int, seed: int = 0) -> F32:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def node(name: str, op: str, *inputs: str, **attributes: Attribute) -> TfNode:
    return TfNode(name=name, op=op, inputs=inputs, attributes=attributes)


def graph(*nodes: TfNode, **constants: npt.NDArray[Any]) -> TfGraph:
    """The given nodes behind a placeholder `x`, with constants by name."""
    known = [node(name, "Const") for name in constants]
    return TfGraph(
        nodes={each.name: each for each in (node("x", "Placeholder"), *known, *nodes)},
        constants=constants,
    )


def run(model: bytes, pixels: F32) -> dict[str, F32]:
    """The outputs of an ONNX model by name."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"images": pixels}), strict=True))


def converted(source: TfGraph, shape: tuple[int, ...], *wanted: str, nhwc: bool = True) -> bytes:
    """An ONNX model whose outputs `out_0` ... are the wanted nodes, in the source's layout."""
    builder = GraphBuilder("tiny")
    converter = TensorFlowConverter(source, builder)
    given = (image if nhwc else straight)(builder.images(shape[3 if nhwc else 1]), shape)
    for index, value in enumerate(converter.convert({"x": given}, list(wanted))):
        sizes: list[int | str] = [f"s{index}_{axis}" for axis in range(len(value.shape))]
        builder.output(f"out_{index}", converter.layouts.plain(value), sizes)
    return builder.finish()


def computed(source: TfGraph, pixels: F32, *wanted: str) -> list[F32]:
    """What the converted graph makes of NHWC pixels."""
    model = converted(source, pixels.shape, *wanted)
    found = run(model, np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))
    return [found[f"out_{index}"] for index in range(len(wanted))]


def conv(pixels: F32, weights: F32, stride: int = 1, same: bool = True) -> F32:
    """TensorFlow's Conv2D on NHWC pixels with HWIO weights, by the book."""
    _, height, width, _ = pixels.shape
    kh, kw, _, count = weights.shape
    if same:
        out_h, out_w = -(-height // stride), -(-width // stride)
        pad_h = max((out_h - 1) * stride + kh - height, 0)
        pad_w = max((out_w - 1) * stride + kw - width, 0)
        pads = [(0, 0), (pad_h // 2, pad_h - pad_h // 2), (pad_w // 2, pad_w - pad_w // 2), (0, 0)]
        pixels = np.pad(pixels, pads)
    else:
        out_h, out_w = (height - kh) // stride + 1, (width - kw) // stride + 1
    result = np.zeros((1, out_h, out_w, count), dtype=np.float32)
    for row in range(out_h):
        for column in range(out_w):
            top, left = row * stride, column * stride
            patch = pixels[0, top : top + kh, left : left + kw]
            result[0, row, column] = np.tensordot(patch, weights, axes=3)
    return result


def tfjs_files(source: TfGraph, shape: tuple[int, ...], outputs: list[str]) -> dict[str, bytes]:
    """A TensorFlow.js model folder: `m/model.json`, `m/model.bin`."""

    def attribute(value: Attribute) -> dict[str, Any]:
        if isinstance(value, bool):
            return {"b": value}
        if isinstance(value, str):
            return {"s": base64.b64encode(value.encode()).decode()}
        if isinstance(value, list):
            return {"list": {"i": [str(each) for each in value]}}
        return {"i": str(value)} if isinstance(value, int) else {"f": float(np.asarray(value))}

    entries = []
    for each in source.nodes.values():
        attributes = {key: attribute(value) for key, value in each.attributes.items()}
        if each.op == "Placeholder":
            attributes["shape"] = {"shape": {"dim": [{"size": str(size)} for size in shape]}}
        entries.append(
            {"name": each.name, "op": each.op, "input": list(each.inputs), "attr": attributes}
        )
    weights, blob = [], b""
    for name, values in source.constants.items():
        kind = "int32" if values.dtype.kind == "i" else "float32"
        weights.append({"name": name, "shape": list(values.shape), "dtype": kind})
        blob += values.astype(kind).tobytes()
    document = {
        "signature": {"outputs": {name: {"name": name} for name in outputs}},
        "modelTopology": {"node": entries},
        "weightsManifest": [{"paths": ["model.bin"], "weights": weights}],
    }
    return {"m/model.json": json.dumps(document).encode(), "m/model.bin": blob}


def tiny_nanodet(classes: int = 14, bins: int = 3, side: int = 64) -> tuple[TfGraph, list[str]]:
    """A network with NanoDet's outputs: one strided convolution per level."""
    nodes: list[TfNode] = []
    constants: dict[str, npt.NDArray[Any]] = {"perm": np.array([0, 2, 3, 1], dtype=np.int32)}
    outputs = []
    for level, stride in enumerate((8, 16, 32)):
        for kind, width in (("cls", classes), ("reg", 4 * bins)):
            name = f"{kind}{level}"
            constants[f"w_{name}"] = some(stride, stride, 3, width, seed=level) / stride
            constants[f"shape_{name}"] = np.array([1, -1, width], dtype=np.int32)
            nodes += [
                node(f"t_{name}", "Transpose", "x", "perm"),
                node(
                    f"c_{name}",
                    "Conv2D",
                    f"t_{name}",
                    f"w_{name}",
                    strides=[1, stride, stride, 1],
                    padding="VALID",
                ),
                node(name, "Reshape", f"c_{name}", f"shape_{name}"),
            ]
            outputs.append(name)
    placeholder = node("x", "Placeholder", shape=[1, 3, side, side])
    source = graph(*nodes, **constants)
    return (
        TfGraph(nodes={**source.nodes, "x": placeholder}, constants=source.constants),
        outputs,
    )


def tiny_spec(folder: Path, **more: Any) -> ModelSpec:
    """Writes the files of a tiny NanoDet and describes them as a `file:` model with a converter."""
    source, outputs = tiny_nanodet()
    files = tfjs_files(source, (1, 3, 64, 64), outputs)
    folder.mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        (folder / Path(path).name).write_bytes(data)
    fields: dict[str, Any] = {
        "name": "tiny",
        "summary": "A tiny network.",
        "head": "nanodet",
        "source": f"file:{folder / 'model.json'}",
        "converter": "tfjs-nanodet",
        "source_sha256": {
            Path(path).name: hashlib.sha256(data).hexdigest() for path, data in files.items()
        },
        "licence": "none",
        "origin": "a test",
        "input": ModelInput(
            width=64, height=64, step=32, layout="nchw", channels="rgb", fit="letterbox"
        ),
        "labels": ",".join(["person", "car", *(f"thing {number}" for number in range(12))]),
    }
    return ModelSpec(**{**fields, **more})
