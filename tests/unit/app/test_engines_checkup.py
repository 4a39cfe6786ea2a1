"""The doctor looks at the engines of detection: what there is, and what must not be together."""

import sys
from pathlib import Path

import pytest

from vedette.app.checkup import Finding, findings
from vedette.detect.engines import choose


def found(what: str) -> Finding:
    return next(each for each in findings(8321) if each.what == what)


def test_one_package_is_fine() -> None:
    assert found("inference").ok


def test_both_packages_of_onnx_runtime_together_are_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "onnxruntime_gpu-1.31.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: onnxruntime-gpu\nVersion: 1.31\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    said = found("inference")

    assert not said.ok
    assert "from onnxruntime and onnxruntime-gpu" in said.found
    assert said.mend.startswith("keep one: pip uninstall onnxruntime; pip install")


def test_engines_are_named_and_openvino_is_recommended_where_it_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert found("engines of detection").found.startswith("openvino, cpu")

    monkeypatch.setattr(choose, "find_spec", lambda name: None)
    said = found("engines of detection")

    assert (said.ok, said.needed) == (False, False)
    assert "vedette[openvino]" in said.mend
