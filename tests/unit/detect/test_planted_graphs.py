"""Boxes planted in real graphs come out where they are in the frame, whatever its shape."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from tests.unit.detect.planting import CLASSES, PLANT, Outputs
from vedette.contracts.model import ModelInput, ModelSpec
from vedette.detect.heads import HEADS
from vedette.detect.heads.base import Question
from vedette.detect.onnx import OnnxConfig, OnnxDetector
from vedette.detect.preprocess import Fit, fit
from vedette.testing.detector_contract import a_scene, check

Box = tuple[float, float, float, float]


def into_tensor(box: Box, place: Fit) -> Box:
    """Fractions of the frame to pixels of the tensor."""
    left, top, right, bottom = box
    return (
        place.left + left * place.inner_width,
        place.top + top * place.inner_height,
        place.left + right * place.inner_width,
        place.top + bottom * place.inner_height,
    )


def graph_of(outputs: Outputs, place: Fit, layout: str = "nchw", kind: int = 1) -> bytes:
    """A network that looks at its picture, and answers with the same outputs whatever it sees."""
    chw = [3, place.height, place.width]
    shape: list[Any] = ["batch", *(chw if layout == "nchw" else [*chw[1:], 3])]
    nodes = [
        helper.make_node("Cast", ["images"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
    ]
    constants = [onnx.numpy_helper.from_array(np.zeros((), np.float32), "zero")]
    declared = []
    for name, values in outputs.items():
        constants.append(onnx.numpy_helper.from_array(values, f"planted_{name}"))
        nodes.append(helper.make_node("Add", [f"planted_{name}", "nothing"], [name]))
        declared.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, values.shape))
    images = helper.make_tensor_value_info("images", kind, shape)
    graph = helper.make_graph(nodes, "planted", [images], declared, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(model.SerializeToString())


def spec_of(head: str, given_input: ModelInput) -> ModelSpec:
    return ModelSpec(
        name="planted",
        summary="",
        head=head,
        source="file:planted.onnx",
        licence="",
        origin="",
        input=given_input,
        labels=",".join(("person", *(f"thing {number}" for number in range(CLASSES - 1)))),
        score=0.3,
    )


def input_of(how: str, **more: Any) -> ModelInput:
    fields = {"width": 416, "height": 416, "layout": "nchw", "channels": "rgb", "fit": how}
    return ModelInput.model_validate({**fields, **more})


FRAMES = [(1280, 720), (480, 640), (322, 242)]
SMALLEST = 10.0
"""Points of the input: a cell of a grid of 8 lies in what is larger, so that it can be planted."""
BOX: Box = (0.3, 0.25, 0.55, 0.8)


@pytest.mark.parametrize("engine", ["cpu", "openvino"])
@pytest.mark.parametrize("how", ["letterbox", "stretch"])
@pytest.mark.parametrize("name", sorted(PLANT))
def test_a_planted_box_is_found_in_the_frame(
    name: str, how: str, engine: str, tmp_path: Path
) -> None:
    file = tmp_path / "planted.onnx"
    for width, height in FRAMES:
        given_input = input_of(how)
        place = fit(given_input, width, height)
        outputs = PLANT[name]([(into_tensor(BOX, place), 0.9, 0)], place.width, place.height)
        file.write_bytes(graph_of(outputs, place))
        config = OnnxConfig.model_validate({"engine": engine, "precision": "f32"})
        detector = OnnxDetector(config, spec=spec_of(name, given_input), path=file)

        found = detector.detect([a_scene(width, height)])[0]

        check(found, detector.labels)
        assert found.classes.tolist() == [0]
        pixel = (1 / place.inner_width, 1 / place.inner_height) * 2
        assert np.all(np.abs(found.boxes[0] - BOX) <= pixel)
        np.testing.assert_allclose(found.scores, [0.9], atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(PLANT)),
    how=st.sampled_from(["letterbox", "stretch"]),
    step=st.sampled_from([0, 32]),
    size=st.tuples(st.integers(160, 4000), st.integers(160, 4000)),
    corner=st.tuples(st.floats(0.01, 0.5), st.floats(0.01, 0.5)),
    extent=st.tuples(st.floats(0.2, 0.45), st.floats(0.2, 0.45)),
)
def test_there_and_back_within_a_pixel_for_every_shape(
    name: str,
    how: str,
    step: int,
    size: tuple[int, int],
    corner: tuple[float, float],
    extent: tuple[float, float],
) -> None:
    place = fit(input_of(how, step=step), *size)
    least = min(place.inner_width * extent[0], place.inner_height * extent[1])
    assume(least >= SMALLEST)
    box = (*corner, corner[0] + extent[0], corner[1] + extent[1])
    planted = PLANT[name]([(into_tensor(box, place), 0.9, 0)], place.width, place.height)
    asked = Question(width=place.width, height=place.height, classes=CLASSES, score=0.3)

    found = place.fractions(HEADS[name](planted, asked).boxes)

    pixel = np.array((1 / place.inner_width, 1 / place.inner_height) * 2)
    assert found.shape == (1, 4)
    assert np.all(np.abs(found[0] - box) <= pixel)


@pytest.mark.parametrize("engine", ["cpu", "openvino"])
@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        ("float32", TensorProto.FLOAT),
        ("float16", TensorProto.FLOAT16),
        ("int32", TensorProto.INT32),
        ("uint8", TensorProto.UINT8),
    ],
)
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_every_layout_and_type_of_input(
    layout: str, dtype: str, kind: int, engine: str, tmp_path: Path
) -> None:
    file = tmp_path / "planted.onnx"
    given_input = input_of("letterbox", layout=layout, dtype=dtype, mean=(1, 2, 3))
    place = fit(given_input, 640, 360)
    outputs = PLANT["centernet"]([(into_tensor(BOX, place), 0.9, 2)], place.width, place.height)
    file.write_bytes(graph_of(outputs, place, layout, kind))
    config = OnnxConfig.model_validate({"engine": engine, "precision": "f32"})

    detector = OnnxDetector(config, spec=spec_of("centernet", given_input), path=file)
    found = detector.detect([a_scene(640, 360)])[0]

    np.testing.assert_allclose(found.boxes, [BOX], atol=1e-5)
    assert found.classes.tolist() == [2]
