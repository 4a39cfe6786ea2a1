"""Detectors in a settings file: several by name, known models only, each problem with its line."""

from pathlib import Path

import pytest

from vedette.app.load import load_settings, show_settings
from vedette.contracts.errors import InvalidConfig

CAMERA = """
cameras:
  - id: yard
    source: yard.mp4
"""


def settings_file(folder: Path, text: str) -> Path:
    file = folder / "vedette.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def refused(folder: Path, text: str) -> str:
    with pytest.raises(InvalidConfig) as caught:
        load_settings(settings_file(folder, text))
    return str(caught.value)


def test_a_camera_may_use_several_detectors(tmp_path: Path) -> None:
    text = f"""{CAMERA}    detect: {{detectors: [default, poses]}}
detector: {{type: onnx, model: nanodet, engine: openvino, precision: bf16}}
detectors:
  poses: {{type: onnx, model: movenet, labels: [person]}}
"""
    settings = load_settings(settings_file(tmp_path, text))

    assert settings.cameras[0].detect.detectors == ("default", "poses")
    assert settings.detectors["poses"]["model"] == "movenet"
    assert "poses:" in show_settings(tmp_path / "vedette.yaml")


def test_a_name_that_no_detector_has_is_refused_with_those_there_are(tmp_path: Path) -> None:
    text = f"{CAMERA}    detect: {{detectors: [poses]}}\ndetectors: {{plates: {{type: onnx}}}}\n"

    assert (
        "camera 'yard' uses the detector 'poses', which is not among the detectors: default, plates"
        in refused(tmp_path, text)
    )


def test_the_default_detector_has_one_place(tmp_path: Path) -> None:
    said = refused(tmp_path, f"{CAMERA}detectors: {{default: {{type: onnx}}}}\n")

    assert "`default` is `detector:`" in said


@pytest.mark.parametrize("family", ["yolov8", "yolo11"])
@pytest.mark.parametrize("size", ["n", "s", "m", "l", "x"])
def test_names_of_models_with_weights_of_ones_own_are_accepted(
    family: str, size: str, tmp_path: Path
) -> None:
    text = f"{CAMERA}detector: {{type: onnx, model: {family}{size}}}\n"

    assert load_settings(settings_file(tmp_path, text)).detector["model"] == f"{family}{size}"


@pytest.mark.parametrize(
    ("key", "line"), [("detector: ", 5), ("detectors:\n  more: ", 6)], ids=["default", "named"]
)
def test_an_unknown_model_is_refused_with_the_known_ones(
    key: str, line: int, tmp_path: Path
) -> None:
    said = refused(tmp_path, f"{CAMERA}{key}{{type: onnx, model: yolo11q}}\n")

    assert f"vedette.yaml:{line}" in said
    assert "no model is called 'yolo11q'; there are: centernet" in said
    assert "yolo11n" in said


def test_wrong_settings_of_any_detector_are_told_with_their_place(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        f"{CAMERA}detector: {{type: onnx, engine: quantum}}\n"
        "detectors: {more: {type: onnx, threds: 2}, other: {type: oracle}}\n",
    )

    assert "engine" in said
    assert "threds" in said
    assert "no detector is called 'oracle'" in said


def test_the_description_of_ones_own_model_lies_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        """
models:
  - name: mine
    summary: My own.
    head: yolox
    source: file:mine.onnx
    licence: mine
    origin: me
    input: {width: 640, height: 640, layout: nchw, channels: bgr, fit: letterbox}
    labels: helmet,vest
""",
        encoding="utf-8",
    )
    text = f"{CAMERA}detector: {{type: onnx, model: mine.yaml}}\n"

    settings = load_settings(settings_file(tmp_path, text))

    assert settings.detector["model"] == str(tmp_path / "mine.yaml")
    assert "cannot be read" in refused(tmp_path, text.replace("mine.yaml", "none.yaml"))
