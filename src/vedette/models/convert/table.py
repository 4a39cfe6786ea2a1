"""The table of converters: source files in, ONNX bytes out, the same bytes at each run."""

import hashlib
import re
from collections.abc import Callable, Mapping

import onnx

from vedette.contracts.errors import ModelUnavailable
from vedette.models.convert import centernet, darknet, frozen, movenet, nanodet, ssd, tfjs

VERSION = 1
"""Raise it when a converter's result changes; the hashes in the catalogue change with it."""

Files = Mapping[str, bytes]
"""Source files by their path in the package."""


def convert(name: str, converter: str | None, main: str, files: Files) -> bytes:
    """The ONNX model of a catalogue entry.

    Args:
        name: of the graph.
        converter: a key of `CONVERTERS`; None where `main` is ONNX already.
        main: path of the main file.
        files: all source files.
    Raises:
        ModelUnavailable: the files cannot be converted.
    """
    if converter is None:
        return files[main]
    if converter not in CONVERTERS:
        raise ModelUnavailable(
            f"{name}: no converter is called {converter!r}; there are: "
            + ", ".join(sorted(CONVERTERS))
        )
    try:
        return CONVERTERS[converter](name, main, files)
    except ModelUnavailable as error:
        raise ModelUnavailable(f"{name} cannot be converted: {error}") from error


def digest(model: bytes) -> str:
    """A hash of what a graph computes, whichever way its protobuf was written.

    Raises:
        ModelUnavailable: it is not an ONNX model.
    """
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError) as error:
        raise ModelUnavailable(f"this is not a valid ONNX model: {error}") from error
    graph = onnx.load_model_from_string(model).graph
    parts: list[bytes] = []
    for node in graph.node:
        words = [node.op_type, *node.input, "->", *node.output]
        parts.append("\0".join(words).encode())
        attributes = sorted(node.attribute, key=lambda attribute: attribute.name)
        parts.extend(attribute.SerializeToString(deterministic=True) for attribute in attributes)
    for tensor in graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        parts.append(f"{tensor.name}\0{array.dtype.str}\0{array.shape}".encode())
        parts.append(array.tobytes())
    parts.extend(
        value.SerializeToString(deterministic=True) for value in (*graph.input, *graph.output)
    )
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(len(part).to_bytes(8, "little") + part)
    return hashed.hexdigest()


def _tfjs(name: str, main: str, files: Files, to_onnx: Callable[..., bytes]) -> bytes:
    folder = main.rpartition("/")[0]
    prefix = f"{folder}/" if folder else ""
    shards = {path.removeprefix(prefix): data for path, data in files.items() if path != main}
    return to_onnx(name, tfjs.read(files[main], shards))


def _darknet(name: str, main: str, files: Files) -> bytes:
    weights = [data for path, data in files.items() if path.endswith(".weights")]
    if len(weights) != 1:
        raise ModelUnavailable("a .cfg and one .weights file are needed")
    try:
        config = files[main].decode()
    except UnicodeDecodeError as error:
        raise ModelUnavailable("the .cfg is not text") from error
    return darknet.convert(name, config, weights[0])


def _darknet_tiny(name: str, main: str, files: Files) -> bytes:
    """The published yolov3-tiny.cfg gives its finer level anchors 0, 1, 2; its weights were
    trained with 1, 2, 3 (with the former every box there is half its size)."""
    corrected, count = TINY_MASK.subn(b"mask = 1,2,3", files[main])
    if count != 1:
        raise ModelUnavailable(f"the .cfg has {count} levels with the anchors 0, 1, 2, not one")
    return _darknet(name, main, {**files, main: corrected})


TINY_MASK = re.compile(rb"mask\s*=\s*0\s*,\s*1\s*,\s*2\b")

CONVERTERS: dict[str, Callable[[str, str, Files], bytes]] = {
    "darknet": _darknet,
    "darknet-yolov3-tiny": _darknet_tiny,
    "tfjs-centernet": lambda name, main, files: _tfjs(name, main, files, centernet.convert),
    "tfjs-movenet": lambda name, main, files: _tfjs(name, main, files, movenet.convert),
    "tfjs-nanodet": lambda name, main, files: _tfjs(name, main, files, nanodet.convert),
    "tf-ssd": lambda name, main, files: ssd.convert(name, frozen.read(files[main])),
}
