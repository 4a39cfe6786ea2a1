"""Engines: which one is taken, what it is told, and what becomes of its failures."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as states

from tests.unit.models.tiny import tiny_spec
from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.frame import Frame
from vedette.detect.engines import choose
from vedette.detect.engines.choose import installed, load_engine
from vedette.detect.engines.openvino import STATIC_SHAPES, OpenVinoEngine
from vedette.detect.engines.port import Arrays, EngineOptions
from vedette.detect.engines.runtime import RuntimeEngine, providers
from vedette.detect.graph import PIXELS, prepared
from vedette.detect.memory import OutOfMemory
from vedette.detect.onnx import OnnxConfig, OnnxDetector
from vedette.models.store import ModelStore
from vedette.testing.detector_contract import a_scene

ONE = EngineOptions()


@pytest.fixture
def tiny(tmp_path: Path) -> bytes:
    spec = tiny_spec(tmp_path / "source")
    return prepared(ModelStore(tmp_path).pull(spec).read_bytes(), "tiny", spec.input).model


def pixels(height: int = 64, width: int = 96) -> Any:
    return np.random.default_rng(0).integers(0, 256, (1, 3, height, width), dtype=np.uint8)


def test_engines_agree_on_what_they_compute(tiny: bytes) -> None:
    options = EngineOptions(precision="f32")
    one, other = RuntimeEngine(tiny, "cpu", options), OpenVinoEngine(tiny, options)

    for size in ((64, 96), (96, 64), (64, 96)):
        left, right = one.run(pixels(*size)), other.run(pixels(*size))

        assert set(left) == set(right) == {f"{k}_{n}" for k in ("boxes", "scores") for n in "012"}
        for name, values in left.items():
            np.testing.assert_allclose(values, right[name], rtol=1e-3, atol=1e-3)


def test_normalisation_in_the_graph_is_the_one_of_the_entry(tmp_path: Path) -> None:
    spec = tiny_spec(tmp_path / "source")
    model = ModelStore(tmp_path).pull(spec).read_bytes()
    plain = RuntimeEngine(prepared(model, "tiny", spec.input).model, "cpu", ONE)
    given = spec.input.model_copy(update={"mean": (10.0, 20.0, 30.0), "scale": (0.5, 2.0, 0.25)})
    scaled = RuntimeEngine(prepared(model, "tiny", given).model, "cpu", ONE)

    shown = pixels()
    shown[:, 0], shown[:, 1], shown[:, 2] = 110, 25, 230
    same = np.empty_like(shown)
    same[:, 0], same[:, 1], same[:, 2] = 50, 10, 50  # (pixel - mean) * scale

    for name, values in scaled.run(shown).items():
        np.testing.assert_allclose(values, plain.run(same)[name], rtol=1e-4, atol=1e-4)


def test_openvino_compiles_for_few_sizes_and_takes_all(tiny: bytes) -> None:
    engine = OpenVinoEngine(tiny, EngineOptions(precision="f32"))
    plain = RuntimeEngine(tiny, "cpu", ONE)

    for number in range(1, STATIC_SHAPES + 5):
        shown = pixels(64, 32 * number)
        for name, values in engine.run(shown).items():
            np.testing.assert_allclose(values, plain.run(shown)[name], rtol=1e-3, atol=1e-3)

    assert len(engine._requests) == STATIC_SHAPES


def test_openvino_says_what_it_does_not_like(tiny: bytes) -> None:
    with pytest.raises(ModelUnavailable, match="OpenVINO cannot read it") as caught:
        OpenVinoEngine(tiny[: len(tiny) // 2], ONE)
    assert "\n" not in str(caught.value)

    with pytest.raises(ModelUnavailable) as caught:
        OpenVinoEngine(tiny, ONE).run(np.zeros((1, 7, 64, 64), dtype=np.uint8))
    assert "\n" not in str(caught.value)


def test_wrong_pixels_are_a_sentence_of_onnx_runtime_too(tiny: bytes) -> None:
    with pytest.raises(ModelUnavailable, match=f"invalid dimensions for input: {PIXELS}"):
        RuntimeEngine(tiny, "cpu", ONE).run(np.zeros((1, 7, 64, 64), dtype=np.uint8))


def test_memory_that_runs_out_has_a_class_of_its_own(tiny: bytes) -> None:
    class NoMemory:
        def run(self, names: Any, feed: Any) -> Any:
            raise states.RuntimeException("bfc_arena.cc Failed to allocate memory for buffer")

    engine = RuntimeEngine(tiny, "cpu", ONE)
    engine._session = NoMemory()  # the one thing that a test cannot make happen for real

    with pytest.raises(OutOfMemory, match="Failed to allocate memory"):
        engine.run(pixels())


@pytest.mark.parametrize(
    ("engine", "options", "wanted"),
    [
        ("cpu", {}, ["CPUExecutionProvider"]),
        (
            "cuda",
            {"gpu": 1, "gpu_mem_gb": 2.0},
            [
                (
                    "CUDAExecutionProvider",
                    {
                        "device_id": 1,
                        "arena_extend_strategy": "kSameAsRequested",
                        "gpu_mem_limit": 2 * 2**30,
                    },
                ),
                "CPUExecutionProvider",
            ],
        ),
        (
            "tensorrt",
            {"precision": "f32"},
            [
                ("TensorrtExecutionProvider", {"device_id": 0, "trt_fp16_enable": False}),
                (
                    "CUDAExecutionProvider",
                    {"device_id": 0, "arena_extend_strategy": "kSameAsRequested"},
                ),
                "CPUExecutionProvider",
            ],
        ),
    ],
)
def test_what_providers_are_told(engine: Any, options: dict[str, Any], wanted: list[Any]) -> None:
    assert providers(engine, EngineOptions(**options)) == wanted


def test_openvino_and_cpu_are_installed_here() -> None:
    assert installed() == ("openvino", "cpu")


def test_a_gpu_engine_that_is_installed_but_does_not_work_is_left_out_by_auto(
    tiny: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As where onnxruntime-gpu is installed on a machine without a GPU."""
    everything = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: everything)
    monkeypatch.setattr(choose, "find_spec", lambda name: None)
    assert installed() == ("cuda", "cpu")

    with pytest.warns(UserWarning, match="CUDAExecutionProvider"):
        engine = load_engine(tiny, "auto", ONE)

    assert engine.name == "cpu"
    assert "The engine cuda is left out: ONNX Runtime has the engine 'cuda', but" in caplog.text
    with (
        pytest.warns(UserWarning, match="CUDAExecutionProvider"),
        pytest.raises(ModelUnavailable, match="it does not work here: driver, CUDA or cuDNN"),
    ):
        load_engine(tiny, "cuda", ONE)


class Stacking:
    """An engine that computes batches, as a GPU does; notes how many pictures came together."""

    name = "stacking"
    batches = True

    def __init__(self, inner: RuntimeEngine) -> None:
        self._inner = inner
        self.outputs = inner.outputs
        self.calls: list[int] = []

    def run(self, pixels: Any) -> Arrays:
        self.calls.append(len(pixels))
        return self._inner.run(pixels)

    def close(self) -> None: ...


def test_frames_of_one_shape_go_together_where_the_engine_gains_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tiny_spec(tmp_path / "source", score=0.0)
    path = ModelStore(tmp_path).pull(spec)
    plain = OnnxDetector(OnnxConfig(engine="cpu"), spec=spec, path=path)
    made: list[Stacking] = []

    def stacking(model: bytes, wish: str, options: EngineOptions) -> Stacking:
        made.append(Stacking(RuntimeEngine(model, "cpu", options)))
        return made[0]

    monkeypatch.setattr("vedette.detect.onnx.load_engine", stacking)
    batching = OnnxDetector(OnnxConfig(), spec=spec, path=path)
    frames: list[Frame] = [
        *(a_scene(640, 360, seed=seed) for seed in range(3)),
        a_scene(360, 640, seed=3),
        a_scene(640, 360, seed=4),
    ]

    together = batching.detect(frames)

    assert made[0].calls == [1, 4, 1]  # the trial, then one call for each shape
    assert (batching.batch, batching.max_wait_s) == (8, 0.004)
    for alone, found in zip((plain.detect([f])[0] for f in frames), together, strict=True):
        np.testing.assert_allclose(alone.boxes, found.boxes, atol=1e-5)
        np.testing.assert_allclose(alone.scores, found.scores, atol=1e-5)
