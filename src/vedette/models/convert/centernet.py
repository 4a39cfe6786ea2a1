"""CenterNet from TensorFlow.js: the network, then its peaks as at most 100 boxes.

The published graph finds its peaks with sizes of 512 x 512 written into it; here they are found
for any input size. Method: Zhou et al., "Objects as Points" (2019), section 4.
"""

import numpy as np
from onnx import TensorProto

from vedette.contracts.errors import ModelUnavailable
from vedette.models.convert.builder import GraphBuilder
from vedette.models.convert.layout import image
from vedette.models.convert.tensorflow import TensorFlowConverter
from vedette.models.convert.tfgraph import TfGraph

HEAT = "tower_0/keypoints"
EXTENT = "tower_0/wh"
PEAKS = 100
STRIDE = 4


def convert(name: str, source: TfGraph) -> bytes:
    """Input (b, 3, h, w) RGB 0..255; output `detections` (b, 100, 6).

    A row is x1 y1 x2 y2 in pixels of the input, score, class; not suppressed.
    """
    graph = GraphBuilder(name)
    network = TensorFlowConverter(source, graph)
    placeholders = [node for node in source.nodes.values() if node.op == "Placeholder"]
    if len(placeholders) != 1:
        raise ModelUnavailable(f"{name}: {len(placeholders)} inputs were found, 1 was expected")
    node = placeholders[0]
    pixels = image(graph.images(), tuple(node.ints("shape")))
    heat, extent = network.convert({node.name: pixels}, [HEAT, EXTENT])
    rows = _rows(
        graph,
        network.layouts.nchw(heat),
        network.layouts.plain(heat),
        network.layouts.plain(extent),
        heat.shape[3],
    )
    graph.output("detections", rows, ["batch", PEAKS, 6])
    return graph.finish()


def _rows(graph: GraphBuilder, heat_nchw: str, heat: str, extent: str, classes: int) -> str:
    """Local maxima of the heat map, the best 100, with the extents found there."""
    around = graph.node("MaxPool", [heat_nchw], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    around = graph.node("Transpose", [around], perm=[0, 2, 3, 1])
    peak = graph.node("Cast", [graph.node("Equal", [heat, around])], to=TensorProto.FLOAT)
    flat = graph.node("Reshape", [graph.node("Mul", [heat, peak]), graph.ints(0, -1)])
    scores, index = graph.node_with("TopK", [flat, graph.ints(PEAKS)], 2, axis=1)
    count = graph.constant(np.int64(classes))
    cell = graph.node("Div", [index, count])
    label = graph.node("Mod", [index, count])
    width = graph.node("Gather", [graph.node("Shape", [heat]), graph.constant(np.int64(2))])
    extents = graph.node("Reshape", [extent, graph.ints(0, -1, 4)])
    where = graph.node("Unsqueeze", [cell, graph.ints(2)])
    found = graph.node("GatherND", [extents, where], batch_dims=1)
    before, after = graph.node_with("Split", [found, graph.ints(2, 2)], 2, axis=2)
    column = graph.node("Unsqueeze", [graph.node("Mod", [cell, width]), graph.ints(2)])
    row = graph.node("Unsqueeze", [graph.node("Div", [cell, width]), graph.ints(2)])
    grid = graph.node("Concat", [column, row], axis=2)
    centre = graph.node("Mul", [_float(graph, grid), graph.constant(np.float32(STRIDE))])
    return graph.node(
        "Concat",
        [
            graph.node("Sub", [centre, before]),
            graph.node("Add", [centre, after]),
            graph.node("Unsqueeze", [scores, graph.ints(2)]),
            graph.node("Unsqueeze", [_float(graph, label), graph.ints(2)]),
        ],
        axis=2,
    )


def _float(graph: GraphBuilder, tensor: str) -> str:
    return graph.node("Cast", [tensor], to=TensorProto.FLOAT)
