"""NanoDet from TensorFlow.js: class scores and box distributions per stride, left to the head."""

from vedette.contracts.errors import ModelUnavailable
from vedette.models.convert.builder import GraphBuilder
from vedette.models.convert.layout import straight
from vedette.models.convert.tensorflow import TensorFlowConverter
from vedette.models.convert.tfgraph import TfGraph, base


def convert(name: str, source: TfGraph) -> bytes:
    """Input (b, 3, h, w) BGR, normalised; outputs `scores_0`, `boxes_0` and so on, finest first.

    Scores are (b, cells, classes), boxes (b, cells, 4 x bins) logits of distances.
    """
    graph = GraphBuilder(name)
    network = TensorFlowConverter(source, graph)
    placeholders = [node for node in source.nodes.values() if node.op == "Placeholder"]
    if len(placeholders) != 1 or not source.outputs:
        raise ModelUnavailable(f"{name}: one input and named outputs were expected")
    node = placeholders[0]
    pixels = straight(graph.images(), tuple(node.ints("shape")))
    values = network.convert({node.name: pixels}, [base(output) for output in source.outputs])
    widths = sorted({value.shape[2] for value in values}, reverse=True)
    if len(widths) != 2:
        raise ModelUnavailable(f"{name}: outputs of two widths were expected, found {widths}")
    for kind, width in zip(("scores", "boxes"), widths, strict=True):
        finest_first = sorted(
            (value for value in values if value.shape[2] == width),
            key=lambda value: -value.shape[1],
        )
        for level, value in enumerate(finest_first):
            shape: list[int | str] = ["batch", f"cells_{level}", width]
            graph.output(f"{kind}_{level}", network.layouts.plain(value), shape)
    return graph.finish()
