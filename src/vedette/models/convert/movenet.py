"""MoveNet from TensorFlow.js: the network's four maps; joints are picked by the head.

The published graph ends in gathering nodes with sizes of 192 x 192 written into them.
"""

from vedette.contracts.errors import ModelUnavailable
from vedette.models.convert.builder import GraphBuilder
from vedette.models.convert.layout import image
from vedette.models.convert.tensorflow import TensorFlowConverter
from vedette.models.convert.tfgraph import TfGraph

PREFIX = "StatefulPartitionedCall/"
PIXELS = f"{PREFIX}sub_1"
"""Pixels scaled to -1..1: everything before it is replaced."""
SIDE = 192
MAPS = {
    "heat": f"{PREFIX}Sigmoid",
    "centre": f"{PREFIX}Sigmoid_1",
    "regress": f"{PREFIX}kpt_regress_0/conv2d_6/BiasAdd",
    "offset": f"{PREFIX}kpt_offset_0/conv2d_7/BiasAdd",
}


def convert(name: str, source: TfGraph) -> bytes:
    """Input (b, 3, h, w) RGB -1..1; outputs `heat`, `centre`, `regress`, `offset`, of (b, h / 4,
    w / 4, channels): see the head `movenet`.
    """
    missing = [node for node in (PIXELS, *MAPS.values()) if node not in source.nodes]
    if missing:
        raise ModelUnavailable(
            f"{name}: this is not MoveNet.SinglePose: it has no node {missing[0]!r}"
        )
    graph = GraphBuilder(name)
    network = TensorFlowConverter(source, graph)
    pixels = image(graph.images(), (1, SIDE, SIDE, 3))
    values = network.convert({PIXELS: pixels}, list(MAPS.values()))
    for output, value in zip(MAPS, values, strict=True):
        shape: list[int | str] = ["batch", "rows", "columns", value.shape[3]]
        graph.output(output, network.layouts.plain(value), shape)
    return graph.finish()
