"""The ONNX detector on tiny networks: what it refuses to load, and how its settings act."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from pydantic import ValidationError

from tests.unit.models.tiny import tiny_spec
from vedette.contracts.errors import InvalidConfig, ModelUnavailable
from vedette.contracts.model import ModelInput, ModelSpec
from vedette.detect.onnx import OnnxConfig, OnnxDetector
from vedette.models.store import ModelStore
from vedette.testing.detector_contract import a_scene, check, frame_of

BIG = (0.125, 0.25, 0.5, 0.75)


def fixed_output(folder: Path, rows: list[list[float]], **more: Any) -> tuple[ModelSpec, Path]:
    """A model that ignores its picture and always answers with these `centernet` rows.

    `more`: op, inputs, output, shape, kind of the graph, to make it wrong.
    """
    shape = more.get("shape", ["batch", 3, 64, 64])
    values = np.array([rows], np.float32).reshape(1, -1, 6)
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node(
            more.get("op", "Add"), ["rows", "nothing"], [more.get("output", "detections")]
        ),
    ]
    graph = helper.make_graph(
        nodes,
        "fixed",
        [helper.make_tensor_value_info("images", more.get("kind", TensorProto.FLOAT), shape)],
        [helper.make_tensor_value_info(more.get("output", "detections"), TensorProto.FLOAT, None)],
        [
            onnx.numpy_helper.from_array(values, "rows"),
            onnx.numpy_helper.from_array(np.zeros((), np.float32), "zero"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    file = folder / "fixed.onnx"
    file.write_bytes(model.SerializeToString())
    spec = ModelSpec(
        name="fixed",
        summary="",
        head="centernet",
        source=f"file:{file}",
        licence="",
        origin="",
        input=ModelInput(width=64, height=64, layout="nchw", channels="rgb", fit="stretch"),
        labels="person,car,dog",
    )
    return spec, file


ROWS = [
    [8, 16, 32, 48, 0.9, 0],
    [9, 16, 33, 48, 0.8, 0],
    [9, 16, 33, 48, 0.7, 1],
    [-10, 50, 20, 70, 0.6, 2],
    [40, 40, 40, 50, 0.6, 2],
    [1, 1, 5, 5, 0.2, 2],
]


def load(
    folder: Path,
    rows: list[list[float]] = ROWS,
    *,
    settings: dict[str, Any] | None = None,
    **more: Any,
) -> OnnxDetector:
    spec, file = fixed_output(folder, rows, **more)
    return OnnxDetector(OnnxConfig.model_validate(settings or {}), spec=spec, path=file)


def test_boxes_become_fractions_are_clipped_and_suppressed_by_class(tmp_path: Path) -> None:
    detector = load(tmp_path)

    found = detector.detect([a_scene()])[0]

    check(found, ("person", "car", "dog"))
    expected = [[0.125, 0.25, 0.5, 0.75], [9 / 64, 0.25, 33 / 64, 0.75], [0, 50 / 64, 20 / 64, 1]]
    np.testing.assert_allclose(found.boxes, expected, atol=1e-6)
    np.testing.assert_allclose(found.scores, [0.9, 0.7, 0.6], atol=1e-6)
    assert found.classes.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        ({}, 3),
        ({"score": 0.1}, 4),
        ({"score": 0.65}, 2),
        ({"iou": 0.99}, 4),
        ({"labels": ["car"]}, 1),
        ({"labels": ["car", "dog"]}, 2),
    ],
)
def test_settings(tmp_path: Path, settings: dict[str, Any], count: int) -> None:
    assert len(load(tmp_path, settings=settings).detect([a_scene()])[0]) == count


def test_boxes_that_are_no_numbers_are_dropped(tmp_path: Path) -> None:
    detector = load(tmp_path, [[np.nan, 0, 9, 9, 0.9, 0], [0, 0, np.inf, 9, 0.9, 1], *ROWS[:1]])

    assert detector.detect([a_scene()])[0].boxes.tolist() == [list(BIG)]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            {"shape": [1, 3, 32, 64]},
            "should take one input float32 n x 3 x 64 x 64; .* float32 1 x 3 x 32 x 64",
        ),
        ({"shape": [1, 64, 64, 3]}, "takes: images float32 1 x 64 x 64 x 3"),
        ({"shape": [3, 64, 64]}, "should take one input"),
        ({"shape": [1, 1, 64, 64]}, "should take one input"),
        ({"kind": TensorProto.DOUBLE, "op": "Max"}, "the file takes: images double batch x 3"),
        ({"output": "rows_of_it"}, "expects an output 'detections'; the model has: rows_of_it"),
    ],
)
def test_a_model_of_another_shape_is_refused_when_loaded(
    tmp_path: Path, more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ModelUnavailable, match=sentence):
        load(tmp_path, **more)


@pytest.mark.parametrize("damage", ["empty", "garbage", "cut", "zeros"])
def test_a_corrupt_file_is_a_sentence(tmp_path: Path, damage: str) -> None:
    spec, file = fixed_output(tmp_path, ROWS)
    data = file.read_bytes()
    file.write_bytes(
        {
            "empty": b"",
            "garbage": b"not a model" * 50,
            "cut": data[: len(data) // 2],
            "zeros": bytes(len(data)),
        }[damage]
    )

    with pytest.raises(ModelUnavailable, match=r"'fixed' .*is not a usable ONNX file") as caught:
        OnnxDetector(OnnxConfig(), spec=spec, path=file)

    assert "\n" not in str(caught.value)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    spec, file = fixed_output(tmp_path, ROWS)

    with pytest.raises(ModelUnavailable, match="cannot be read"):
        OnnxDetector(OnnxConfig(), spec=spec, path=file.with_name("none.onnx"))


def test_an_unknown_head_is_a_sentence(tmp_path: Path) -> None:
    spec, file = fixed_output(tmp_path, ROWS)

    with pytest.raises(ModelUnavailable, match="no head is called 'detr'"):
        OnnxDetector(OnnxConfig(), spec=spec.model_copy(update={"head": "detr"}), path=file)


def test_a_label_that_the_model_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="does not know 'cat'; it knows: person, car, dog"):
        load(tmp_path, settings={"labels": ["person", "cat"]})


def test_a_model_of_one_size_takes_no_other(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="only takes 64 x 64"):
        load(tmp_path, settings={"width": 96, "height": 96})
    assert load(tmp_path, settings={"width": 64, "height": 64}).input.width == 64


@pytest.mark.parametrize("settings", [{"width": 64}, {"modle": "x"}, {"score": 2}, {"iou": 0}])
def test_wrong_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OnnxConfig.model_validate(settings)


def test_a_network_of_any_size_follows_the_frame(tmp_path: Path) -> None:
    spec = tiny_spec(tmp_path / "source", score=0.0)
    path = ModelStore(tmp_path).pull(spec)
    small = OnnxDetector(OnnxConfig(), spec=spec, path=path)
    large = OnnxDetector(OnnxConfig(width=128, height=96), spec=spec, path=path)

    for detector in (small, large):
        for size in ((640, 360), (360, 640), (2000, 50)):
            check(detector.detect([a_scene(*size)])[0], detector.labels)
    with pytest.raises(InvalidConfig, match="multiples of 32"):
        OnnxDetector(OnnxConfig(width=100, height=96), spec=spec, path=path)


def test_labels_that_do_not_fit_the_network_are_refused(tmp_path: Path) -> None:
    spec = tiny_spec(tmp_path / "source", labels="coco80")
    path = ModelStore(tmp_path).pull(spec)

    with pytest.raises(ModelUnavailable, match="'scores_0' to be 1 x 64 x 80, it is 1 x 64 x 14"):
        OnnxDetector(OnnxConfig(), spec=spec, path=path)


def test_a_network_of_one_size_is_used_at_its_own_whatever_the_entry_says(tmp_path: Path) -> None:
    spec, file = fixed_output(tmp_path, ROWS)
    anything = spec.input.model_copy(update={"width": 640, "height": 640, "step": 32})

    detector = OnnxDetector(
        OnnxConfig(), spec=spec.model_copy(update={"input": anything}), path=file
    )

    assert (detector.input.width, detector.input.height) == (64, 64)
    check(detector.detect([a_scene(1280, 720)])[0], detector.labels)


@pytest.mark.parametrize(
    ("engine", "shown"), [("cpu", "cpu"), ("openvino", "openvino"), ("auto", "openvino")]
)
def test_the_engine_is_the_one_that_was_asked_for(engine: str, shown: str, tmp_path: Path) -> None:
    detector = load(tmp_path, settings={"engine": engine})

    assert detector.engine.split()[0] == shown
    assert (detector.batch, detector.max_wait_s) == (1, 0.0)  # a CPU gains nothing from batches
    detector.close()


@pytest.mark.parametrize(
    ("engine", "sentence"),
    [
        ("cuda", "the engine 'cuda' is not installed; run: pip install \"vedette.cuda.\""),
        ("tensorrt", "the engine 'tensorrt' is not installed; run: .*pip install tensorrt"),
    ],
)
def test_an_engine_that_is_missing_says_how_to_get_it(
    engine: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelUnavailable, match=sentence):
        load(tmp_path, settings={"engine": engine})


def test_the_cpu_engine_has_no_bf16(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"computes in f32 only; for bf16 .*openvino"):
        load(tmp_path, settings={"engine": "cpu", "precision": "bf16"})


def test_settings_of_batches_win_over_the_engine(tmp_path: Path) -> None:
    detector = load(tmp_path, settings={"batch": 4, "max_wait_ms": 20})

    assert (detector.batch, detector.max_wait_s) == (4, 0.02)


def test_threads_do_not_change_the_answer(tmp_path: Path) -> None:
    spec = tiny_spec(tmp_path / "source", score=0.0)
    path = ModelStore(tmp_path).pull(spec)
    picture = np.random.default_rng(0).integers(0, 256, (360, 640, 3), dtype=np.uint8)
    one, two = (
        OnnxDetector(OnnxConfig(threads=threads), spec=spec, path=path).detect([frame_of(picture)])
        for threads in (1, 2)
    )

    assert len(one[0]) > 0
    np.testing.assert_array_equal(one[0].boxes, two[0].boxes)
    np.testing.assert_array_equal(one[0].scores, two[0].scores)
