"""SSD of the TensorFlow Object Detection API (frozen graph): the network without its loops.

Decoding and suppression are done by the head, for any input size.
"""

import re

from vedette.contracts.errors import ModelUnavailable
from vedette.models.convert.builder import GraphBuilder
from vedette.models.convert.layout import image
from vedette.models.convert.tensorflow import TensorFlowConverter
from vedette.models.convert.tfgraph import TfGraph

PIXELS = "Preprocessor/sub"
"""Pixels scaled to -1..1: everything before it is replaced."""
PREDICTOR = re.compile(r"BoxPredictor_(\d+)/BoxEncodingPredictor/BiasAdd")
SIDE = 300


def convert(name: str, source: TfGraph) -> bytes:
    """Input (b, 3, h, w) RGB -1..1; outputs `boxes_0`, `scores_0` and so on, finest first.

    Boxes are (b, h, w, anchors x 4) encoded offsets, scores (b, h, w, anchors x classes) with
    the background as class 0.
    """
    levels = sorted(int(found[1]) for node in source.nodes if (found := PREDICTOR.fullmatch(node)))
    if not levels or PIXELS not in source.nodes:
        raise ModelUnavailable(
            f"{name}: this is not an SSD of the TensorFlow Object Detection API: it has no "
            f"{PIXELS!r} or no box predictors"
        )
    graph = GraphBuilder(name)
    network = TensorFlowConverter(source, graph)
    pixels = image(graph.images(), (1, SIDE, SIDE, 3))
    boxes = [f"BoxPredictor_{level}/BoxEncodingPredictor/BiasAdd" for level in levels]
    classes = [f"BoxPredictor_{level}/ClassPredictor/BiasAdd" for level in levels]
    values = network.convert({PIXELS: pixels}, [*boxes, *classes])
    for index, value in enumerate(values):
        level = index % len(levels)
        tensor = network.layouts.plain(value)
        kind = "boxes"
        if index >= len(levels):
            tensor, kind = graph.node("Sigmoid", [tensor]), "scores"
        shape: list[int | str] = ["batch", f"height_{level}", f"width_{level}", value.shape[3]]
        graph.output(f"{kind}_{level}", tensor, shape)
    return graph.finish()
