"""`vedette models quantise`: the int8 form of a real model sees the same, or is not installed."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.command import vedette
from vedette.app.detectors import build_detector
from vedette.app.quantise import quantise
from vedette.contracts.errors import InvalidInput, ModelUnavailable
from vedette.contracts.model import ModelSpec
from vedette.kit.clock import SystemClock
from vedette.models.catalogue import Catalogue
from vedette.models.fetch import silent
from vedette.models.int8 import quantised
from vedette.models.store import ModelStore

CLIP = Path(__file__).parents[3] / "examples" / "pedestrians.mp4"
NAME, DELICATE = "pedestrian-ssdlite", "centernet"
"""The ranges of the second one's heat map are too wide for eight bits."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A models folder of its own, with two real models."""
    here = ModelStore()
    for name in (NAME, DELICATE):
        installed = here.pull(Catalogue.load().get(name))
        for file in (installed, installed.with_suffix(".json")):
            shutil.copy(file, tmp_path)
    monkeypatch.setenv("VEDETTE_MODELS", str(tmp_path))
    return tmp_path


@pytest.fixture
def spec(folder: Path) -> ModelSpec:
    return Catalogue.load().get(NAME)


def test_the_int8_form_of_a_real_model_is_made_judged_and_used(spec: ModelSpec) -> None:
    settings = {"type": "onnx", "model": NAME, "engine": "cpu", "precision": "int8"}
    with pytest.raises(ModelUnavailable, match="no int8 form yet; run: vedette models quantise"):
        build_detector(settings, SystemClock(), silent)

    made = vedette("models", "quantise", NAME, "--frames", "12")

    assert made.code == 0, made.err
    assert "precision: int8" in made.out
    store = ModelStore()
    assert store.int8_path(spec).stat().st_size < 0.8 * store.path(spec).stat().st_size
    for engine in ("cpu", "openvino"):
        with build_detector({**settings, "engine": engine}, SystemClock(), silent) as pool:
            assert pool.models()["default"] == f"{NAME} on {engine} int8"
    shown = vedette("models", "bench", "-m", NAME, "-e", "cpu", "--frames", "4", "--json")
    rows = {row["engine"]: row for row in json.loads(shown.out)["rows"]}
    assert set(rows) == {"cpu", "cpu int8"}
    assert rows["cpu int8"]["f1"] > 0.9

    note = store.int8_path(spec).with_suffix(".json")
    note.write_text(note.read_text().replace('"of": "', '"of": "0'))
    with pytest.raises(ModelUnavailable, match="not of this model; run"):
        store.int8_path(spec)


def test_a_form_that_sees_something_else_is_not_installed(folder: Path) -> None:
    spec = Catalogue.load().get(DELICATE)

    with pytest.raises(InvalidInput, match=r"agrees with itself by .* only, 95% are demanded"):
        quantise(spec, CLIP, SystemClock(), frames=8)

    with pytest.raises(ModelUnavailable, match="no int8 form"):
        ModelStore().int8_path(spec)
    assert list(folder.glob("*int8*")) == []


def test_a_picture_without_objects_judges_nothing(spec: ModelSpec, tmp_path: Path) -> None:
    file = tmp_path / "nothing.png"
    cv2.imwrite(str(file), np.full((240, 320, 3), 90, dtype=np.uint8))

    with pytest.raises(InvalidInput, match="shows too little to judge by: the model finds 0 boxes"):
        quantise(spec, file, SystemClock())


def test_what_finds_no_objects_cannot_be_judged() -> None:
    with pytest.raises(InvalidInput, match="'movenet' finds no objects by itself"):
        quantise(Catalogue.load().get("movenet"), CLIP, SystemClock())


def test_samples_that_do_not_fit_are_a_sentence(spec: ModelSpec) -> None:
    model = ModelStore().path(spec).read_bytes()

    with pytest.raises(ModelUnavailable, match="the graph cannot be quantised"):
        quantised(model, [np.zeros((1, 5, 64, 64), dtype=np.float32)])
    with pytest.raises(ModelUnavailable, match="the graph cannot be quantised"):
        quantised(model, [])
