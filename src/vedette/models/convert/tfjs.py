"""Reads a TensorFlow.js graph model: a JSON topology and binary weights beside it.

Format: https://github.com/tensorflow/tfjs/tree/master/tfjs-converter (graph-model, weights
manifest with float16 / uint8 / uint16 quantisation).
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np

from vedette.contracts.errors import ModelUnavailable
from vedette.models.convert.tfgraph import Array, Attribute, TfGraph, TfNode

PLAIN = {"float32": "<f4", "int32": "<i4", "uint8": "u1", "bool": "?"}
PACKED = {"float16": "<f2", "uint16": "<u2", "uint8": "u1"}


def read(topology: bytes, shards: Mapping[str, bytes]) -> TfGraph:
    """The graph of a model file.

    Args:
        topology: the JSON file.
        shards: binary files by the names that the JSON file uses.
    Raises:
        ModelUnavailable: the files are not a graph model, or the weights are too short.
    """
    try:
        document = json.loads(topology)
        graph = document["modelTopology"]
        nodes = {entry["name"]: _node(entry) for entry in graph["node"]}
        weights = _weights(document["weightsManifest"], shards)
        signature = document.get("signature") or {}
        outputs = tuple(entry["name"] for entry in signature.get("outputs", {}).values())
    except (KeyError, TypeError, AttributeError, ValueError, binascii.Error) as error:
        raise ModelUnavailable(f"this is not a TensorFlow.js graph model: {error!r}") from error
    return TfGraph(nodes=nodes, constants=weights, outputs=outputs)


def _node(entry: Mapping[str, Any]) -> TfNode:
    return TfNode(
        name=entry["name"],
        op=entry["op"],
        inputs=tuple(name for name in entry.get("input", []) if not name.startswith("^")),
        attributes={key: _attribute(value) for key, value in entry.get("attr", {}).items()},
    )


def _attribute(value: Mapping[str, Any]) -> Attribute:
    """JSON of a protobuf AttrValue: `{"i": "3"}`, `{"s": base64}`, `{"list": {"i": [...]}}`."""
    for key, read_one in ATTRIBUTES.items():
        if key in value:
            return read_one(value[key])
    return ""


def _text(encoded: str) -> str:
    return base64.b64decode(encoded, validate=True).decode()


def _listed(value: Mapping[str, Any]) -> list[int] | list[str]:
    if "s" in value:
        return [_text(text) for text in value["s"]]
    return [int(number) for number in value.get("i", [])]


ATTRIBUTES: dict[str, Callable[[Any], Attribute]] = {
    "list": _listed,
    "shape": lambda value: [int(size["size"]) for size in value.get("dim", [])],
    "s": _text,
    "i": int,
    "f": float,
    "b": bool,
    "type": str,
}
"""The kinds of AttrValue, and how each is read."""


def _weights(manifest: list[Any], shards: Mapping[str, bytes]) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for group in manifest:
        missing = [path for path in group["paths"] if path not in shards]
        if missing:
            raise ModelUnavailable(f"the weights file {missing[0]!r} was not given")
        data = b"".join(shards[path] for path in group["paths"])
        offset = 0
        for weight in group["weights"]:
            array, offset = _weight(weight, data, offset)
            found[weight["name"]] = array
        if offset != len(data):
            raise ModelUnavailable(f"the weights are {len(data)} bytes, {offset} were expected")
    return found


def _weight(weight: Mapping[str, Any], data: bytes, offset: int) -> tuple[Array, int]:
    shape = tuple(int(size) for size in weight["shape"])
    packing = weight.get("quantization")
    kind = np.dtype(PACKED[packing["dtype"]] if packing else PLAIN[weight["dtype"]])
    count = prod(shape)
    end = offset + count * kind.itemsize
    if min(shape, default=0) < 0 or end > len(data):
        raise ModelUnavailable(
            f"the weight {weight['name']!r} of shape {shape} ends at byte {end}, "
            f"the file at {len(data)}"
        )
    stored = np.frombuffer(data, kind, count, offset).reshape(shape)
    values: Array = stored
    if packing and packing["dtype"] == "float16":
        values = stored.astype(np.float32)
    elif packing:
        values = (stored.astype(np.float32) * packing["scale"] + packing["min"]).astype(np.float32)
    return values.astype(PLAIN[weight["dtype"]]), end
