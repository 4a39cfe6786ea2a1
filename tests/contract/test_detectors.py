"""Every built-in detector keeps the promises of the port: each engine, and each head."""

import functools
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.unit.detect.planting import CLASSES, PLANT
from tests.unit.detect.test_planted_graphs import graph_of, input_of, spec_of
from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.detect.onnx import OnnxConfig, OnnxDetector
from vedette.detect.port import Detector
from vedette.detect.preprocess import fit
from vedette.models.catalogue import Catalogue
from vedette.models.store import ModelStore
from vedette.testing.detector_contract import DetectorContract


@functools.cache
def loaded(model: str | None = None, **settings: Any) -> OnnxDetector:
    """A model of the catalogue, pulled where it is not installed."""
    spec = Catalogue.load().get(model)
    return OnnxDetector(OnnxConfig(**settings), spec=spec, path=ModelStore().pull(spec))


class TestBlobDetector(DetectorContract):
    def make(self) -> Detector:
        return BlobDetector(BlobConfig())


class TestDefaultModelOnTheCpu(DetectorContract):
    def make(self) -> Detector:
        return loaded(engine="cpu", score=0.05)


class TestDefaultModelOnOpenVino(DetectorContract):
    def make(self) -> Detector:
        return loaded(engine="openvino", score=0.05)


class TestPoses(DetectorContract):
    def make(self) -> Detector:
        return loaded("movenet", engine="cpu", score=0.0)


@pytest.mark.parametrize("head", sorted(PLANT), scope="class")
class TestHeads(DetectorContract):
    """Each head, behind a graph that always answers with the same planted boxes."""

    head = ""

    @pytest.fixture(autouse=True)
    def _of(self, head: str) -> None:
        self.head = head

    def make(self) -> Detector:
        return planted(self.head)


@functools.cache
def planted(head: str) -> Detector:
    given = input_of("letterbox")
    place = fit(given, 416, 416)
    outputs = PLANT[head](
        [((100.0, 60.0, 130.0, 140.0), 0.9, 0), ((5.0, 8.0, 45.0, 30.0), 0.5, CLASSES - 1)],
        place.width,
        place.height,
    )
    with TemporaryDirectory() as folder:
        file = Path(folder) / "planted.onnx"
        file.write_bytes(graph_of(outputs, place))
        return OnnxDetector(OnnxConfig(engine="cpu"), spec=spec_of(head, given), path=file)
