"""The converters of whole networks, on tiny ones with the same names and outputs."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from tests.unit.models.tiny import F32, conv, graph, node, run, some, tfjs_files, tiny_nanodet
from vedette.contracts.errors import ModelUnavailable
from vedette.models.convert import centernet, nanodet, ssd
from vedette.models.convert.table import convert, digest
from vedette.models.convert.tfgraph import TfGraph


def nchw(pixels: F32) -> F32:
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))


def centernet_like() -> TfGraph:
    """Heat = the first two channels, extents = channel 2 twice and 3 twice, at a stride of 1."""
    heat, extent = np.zeros((1, 1, 3, 2), np.float32), np.zeros((1, 1, 3, 4), np.float32)
    heat[0, 0, 0, 0] = heat[0, 0, 1, 1] = 1.0
    extent[0, 0, 2, :] = 1.0
    source = graph(
        node("tower_0/keypoints", "Conv2D", "x", "h", padding="SAME"),
        node("tower_0/wh", "Conv2D", "x", "e", padding="SAME"),
        h=heat,
        e=extent,
    )
    placeholder = node("x", "Placeholder", shape=[1, 16, 16, 3])
    return TfGraph(nodes={**source.nodes, "x": placeholder}, constants=source.constants)


def test_centernet_finds_planted_peaks_at_any_input_size() -> None:
    pixels = np.zeros((1, 24, 40, 3), np.float32)
    pixels[0, 5, 30, 0], pixels[0, 5, 31, 0] = 0.9, 0.8  # the second is no local maximum
    pixels[0, 20, 2, 1] = 0.7
    pixels[0, 5, 30, 2], pixels[0, 20, 2, 2] = 6.0, 10.0

    found = run(centernet.convert("c", centernet_like()), nchw(pixels))["detections"][0]

    assert found.shape == (100, 6)
    np.testing.assert_allclose(found[0], [114, 14, 126, 26, 0.9, 0], rtol=1e-5)
    np.testing.assert_allclose(found[1], [-2, 70, 18, 90, 0.7, 1], rtol=1e-5)
    assert not found[2:, 4].any()


def test_nanodet_names_its_outputs_finest_first() -> None:
    source, outputs = tiny_nanodet()
    source = replace(source, outputs=tuple(reversed(outputs)))
    pixels = some(1, 3, 96, 64, seed=9)

    found = run(nanodet.convert("n", source), pixels)

    assert {name: value.shape for name, value in found.items()} == {
        **{f"scores_{i}": (1, 96 * 64 // s**2, 14) for i, s in enumerate((8, 16, 32))},
        **{f"boxes_{i}": (1, 96 * 64 // s**2, 12) for i, s in enumerate((8, 16, 32))},
    }
    expected = conv(pixels.transpose(0, 2, 3, 1), source.constants["w_reg1"], 16, same=False)
    np.testing.assert_allclose(found["boxes_1"], expected.reshape(1, -1, 12), rtol=1e-4, atol=1e-5)


def ssd_like(levels: int = 2, classes: int = 2) -> TfGraph:
    nodes, constants = [], {}
    for level in range(levels):
        stride = 16 * 2**level
        per_cell = 3 if level == 0 else 6
        for kind, width in (("BoxEncoding", per_cell * 4), ("Class", per_cell * classes)):
            name = f"BoxPredictor_{level}/{kind}Predictor/BiasAdd"
            constants[f"w{name}"] = some(1, 1, 3, width, seed=level)
            steps = [1, stride, stride, 1]
            nodes.append(
                node(name, "Conv2D", "Preprocessor/sub", f"w{name}", strides=steps, padding="SAME")
            )
    nodes.append(node("Preprocessor/sub", "Sub", "loops", "that are left out"))
    return graph(*nodes, **constants)


def test_ssd_is_cut_where_its_loops_begin() -> None:
    pixels = some(1, 64, 96, 3)

    source = ssd_like()
    found = run(ssd.convert("s", source), nchw(pixels))

    assert {name: value.shape for name, value in found.items()} == {
        "boxes_0": (1, 4, 6, 12),
        "boxes_1": (1, 2, 3, 24),
        "scores_0": (1, 4, 6, 6),
        "scores_1": (1, 2, 3, 12),
    }
    weights = source.constants["wBoxPredictor_1/ClassPredictor/BiasAdd"]
    logits = conv(pixels, weights, 32)
    np.testing.assert_allclose(found["scores_1"], 1 / (1 + np.exp(-logits)), rtol=1e-4)


@pytest.mark.parametrize("change", [{"nodes": {}}, {"outputs": ()}])
def test_other_networks_are_refused(change: dict[str, object]) -> None:
    source, outputs = tiny_nanodet()
    other = replace(replace(source, outputs=tuple(outputs)), **change)  # type: ignore[arg-type]

    for converter in (centernet.convert, nanodet.convert, ssd.convert):
        with pytest.raises(ModelUnavailable):
            converter("other", other)


def test_the_table_of_converters_names_what_it_knows() -> None:
    with pytest.raises(ModelUnavailable, match=r"'keras'.*darknet"):
        convert("m", "keras", "model.h5", {"model.h5": b""})


def test_the_table_reads_weights_beside_the_topology() -> None:
    source, outputs = tiny_nanodet()
    files = tfjs_files(source, (1, 3, 64, 64), outputs)

    model = convert("m", "tfjs-nanodet", "m/model.json", files)

    assert set(run(model, some(1, 3, 64, 64))) >= {"scores_0", "boxes_2"}


def test_the_digest_sees_a_changed_weight_but_not_a_changed_note() -> None:
    source, outputs = tiny_nanodet()
    model = convert(
        "m", "tfjs-nanodet", "m/model.json", tfjs_files(source, (1, 3, 64, 64), outputs)
    )
    noted, changed = (onnx.load_model_from_string(model) for _ in range(2))
    noted.doc_string = "a note"
    changed.graph.initializer[0].raw_data = bytes(len(changed.graph.initializer[0].raw_data))

    assert digest(noted.SerializeToString()) == digest(model)
    assert digest(changed.SerializeToString()) != digest(model)


@pytest.mark.parametrize("data", [b"", b"garbage" * 20])
def test_the_digest_of_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(ModelUnavailable, match="not a valid ONNX model"):
        digest(data)
